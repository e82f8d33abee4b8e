# Objects with the methods of Arrow that are called; the real ones where COVARY_ARROW is "true".

batch_reader <- function(d, size) {
  done <- 0
  structure(class = c("RecordBatchReader", "R6"), list(read_next_batch = function() {
    if (done >= nrow(d)) {
      return(NULL)
    }
    rows <- seq(done + 1, min(done + size, nrow(d)))
    done <<- done + size
    # a batch is what as.data.frame() takes
    as.list(d[rows, ])
  }))
}

data_set <- function(d, seen = new.env()) {
  out <- structure(class = c("FileSystemDataset", "Dataset", "R6"), as.list(d[0, ]))
  out$NewScan <- function() {
    columns <- names(d)
    list(
      Project = function(names) seen$columns <- columns <<- names,
      BatchSize = function(n) seen$size <- n,
      Finish = function() {
        list(ToRecordBatchReader = function() batch_reader(d[columns], seen$size))
      }
    )
  }
  out
}

arrow_rows <- function() {
  set.seed(5)
  d <- data.frame(
    g = factor(sample(c("a", "b"), 7000, TRUE)), x = stats::runif(7000), spare = 1,
    day = as.Date("2024-01-01") + sample(0:2, 7000, TRUE)
  )
  d$y <- stats::rnorm(7000, d$x)
  d
}

test_that("a data set is read in batches, the columns that are needed alone", {
  d <- arrow_rows()
  seen <- new.env()
  for (by in list(~ g + day, ~ x + g)) {
    cells <- compress(data_set(d, seen), "y", by = by, chunk = 1000)
    truth <- compress(d, "y", by = by)
    expect_identical(nobs(cells), nobs(truth))
    expect_equal(summary(cells), summary(truth), tolerance = rounding)
  }
  expect_identical(seen$columns, c("x", "g", "y"))
  expect_identical(seen$size, 1000L)
})

test_that("a reader of batches is read once, and says where rows are wrong", {
  d <- arrow_rows()
  expect_equal(
    summary(compress(batch_reader(d, 2500), "y", by = ~g)), summary(compress(d, "y", by = ~g)),
    tolerance = rounding
  )
  d$y[2600] <- Inf
  expect_error(compress(batch_reader(d, 2500), "y", by = ~g), "row 100 of batch 2",
    class = "covary_error_infinite"
  )
  expect_error(compress(data_set(d), "y", by = ~nowhere), class = "covary_error_variable")
  broken <- list(read_next_batch = function() stop("cut off"))
  class(broken) <- "RecordBatchReader"
  expect_error(compress(broken, "y", by = ~g), "cut off", class = "covary_error_data")
  expect_error(compress(data_set(d), "y", by = ~g, moments = "database"),
    class = "covary_error_argument"
  )
})

test_that("the real package gives the same cells", {
  skip_if_not(identical(Sys.getenv("COVARY_ARROW"), "true"), "COVARY_ARROW is not set")
  skip_if_not_installed("arrow")
  d <- arrow_rows()
  truth <- summary(compress(d, "y", by = ~ x + g))
  folder <- tempfile()
  arrow::write_dataset(d, folder, format = "feather", partitioning = "day")
  set <- arrow::open_dataset(folder, format = "feather")
  expect_equal(summary(compress(set, "y", by = ~ x + g)), truth, tolerance = rounding)
  reader <- arrow::as_record_batch_reader(arrow::arrow_table(d))
  expect_equal(summary(compress(reader, "y", by = ~ x + g)), truth, tolerance = rounding)
  some <- dplyr::filter(set, x < 0.5)
  expect_equal(
    summary(compress(some, "y", by = ~g)), summary(compress(d[d$x < 0.5, ], "y", by = ~g)),
    tolerance = rounding
  )
})
