test_that("Parquet files are read, and give the cells of the data frame", {
  skip_if_not_installed("nanoparquet")
  set.seed(1)
  d <- data.frame(age = sample(20:60, 500, TRUE), y = rnorm(500))
  files <- file.path(tempdir(), c("one.parquet", "two.parquet"))
  on.exit(unlink(files))
  nanoparquet::write_parquet(d[1:200, ], files[1])
  nanoparquet::write_parquet(d[201:500, ], files[2])
  fit <- function(data) {
    set.seed(2)
    covary(y ~ age, data = data, draws = 200)
  }
  expect_equal(coef(fit(compress(files, "y", by = "age"))), coef(fit(compress(d, "y", by = "age"))),
    tolerance = rounding_of_solve
  )
})

test_that("what gives no data frame is refused", {
  file <- tempfile(fileext = ".rds")
  saveRDS(1:3, file)
  expect_error(compress(file, "y", by = ~x), basename(file), class = "covary_error_data")
  saveRDS(NULL, file)
  expect_error(compress(file, "y", by = ~x), basename(file), class = "covary_error_data")
  writeLines("no RDS", file)
  expect_error(compress(file, "y", by = ~x), "cannot be read", class = "covary_error_data")
  expect_error(compress(function(reset) list(1), "y", by = ~x), "chunk 1",
    class = "covary_error_data"
  )
  expect_error(compress(function(reset) if (!reset) stop("no more disk"), "y", by = ~x),
    "no more disk",
    class = "covary_error_data"
  )
  expect_error(compress(function(reset) NULL, "y", by = ~x), "no rows",
    class = "covary_error_data"
  )
  text <- tempfile(fileext = ".xlsx")
  file.create(text)
  expect_error(compress(text, "y", by = ~x), "reader", class = "covary_error_data")
  expect_error(compress(text, "y", by = ~x, reader = function(file) "rows"), basename(text),
    class = "covary_error_data"
  )
  empty <- tempfile()
  dir.create(empty)
  expect_error(compress(empty, "y", by = ~x), class = "covary_error_data")
  expect_error(compress(NA_character_, "y", by = ~x), class = "covary_error_data")
})

test_that("time limits pass through as what they are", {
  slow <- function(...) repeat Sys.sleep(0.01)
  limited <- function(code) {
    on.exit(setTimeLimit())
    setTimeLimit(elapsed = 0.1, transient = TRUE)
    tryCatch(code, error = function(e) e)
  }
  file <- tempfile(fileext = ".rds")
  file.create(file)
  for (e in list(
    limited(compress(slow, "y", by = ~x)),
    limited(compress(file, "y", by = ~x, reader = slow)),
    limited(with_typed_errors(slow(), "data", "Wrong: ")), limited(attempt(slow()))
  )) {
    expect_s3_class(e, "error")
    expect_false(inherits(e, "covary_error"))
  }
  expect_error(with_typed_errors(numeric(1e15), "data", "Wrong: "), "allocate")
  expect_error(with_typed_errors(stop("other"), "data", "Wrong: "), "Wrong: other",
    class = "covary_error_data"
  )
  expect_null(attempt(stop("other")))
})
