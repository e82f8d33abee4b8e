# Objects with the methods of Arrow that are called, which answer as those of arrow 26.0.0 do; and
# the package itself where it is installed.

# A batch of rows: fields and methods as of an R6 object, columns by `[`
new_batch <- function(d) {
  out <- new.env()
  out$columns <- d
  out$num_rows <- nrow(d)
  out$Slice <- function(offset, n) new_batch(d[offset + seq_len(n), , drop = FALSE])
  structure(out, class = "StandInBatch")
}
registerS3method("[", "StandInBatch", function(x, i) new_batch(x$columns[i]))
registerS3method("as.data.frame", "StandInBatch", function(x, ...) {
  if ("broken" %in% names(x$columns)) stop("cannot be a column of R")
  x$columns
})

arrow_type <- function(v) {
  type <- attr(v, "arrow")
  if (is.null(type)) type <- class(v)[1]
  list(ToString = function() type)
}

schema_of <- function(d) {
  list(names = names(d), fields = unname(Map(
    function(name, v) list(name = name, type = arrow_type(v)), names(d), d
  )))
}

batch_reader <- function(d, size) {
  done <- 0
  structure(class = c("RecordBatchReader", "R6"), list(
    schema = schema_of(d),
    read_next_batch = function() {
      if (done >= nrow(d)) {
        return(NULL)
      }
      rows <- seq(done + 1, min(done + size, nrow(d)))
      done <<- done + size
      new_batch(d[rows, , drop = FALSE])
    }
  ))
}

data_set <- function(d, seen = new.env()) {
  structure(class = c("FileSystemDataset", "Dataset", "R6"), list(
    schema = schema_of(d),
    NewScan = function() {
      columns <- names(d)
      list(
        Project = function(names) seen$columns <- columns <<- names,
        BatchSize = function(n) seen$size <- n,
        Finish = function() {
          list(ToRecordBatchReader = function() batch_reader(d[columns], seen$size))
        }
      )
    }
  ))
}

arrow_rows <- function(n = 7000) {
  set.seed(5)
  d <- data.frame(
    g = factor(sample(c("b", "a"), n, TRUE), levels = c("b", "a")), x = stats::runif(n), spare = 1,
    day = as.Date("2024-01-01") + sample(0:2, n, TRUE)
  )
  d$y <- stats::rnorm(n, d$x)
  d
}

test_that("a data set is read in batches, the columns that are needed alone", {
  d <- arrow_rows()
  seen <- new.env()
  for (by in list(~ g + day, ~ x + g)) {
    cells <- compress(data_set(d, seen), "y", by = by, chunk = 1000)
    expect_lt(difference(cells, compress(d, "y", by = by)), rounding)
  }
  expect_identical(seen$columns, c("x", "g", "y"))
  expect_identical(seen$size, 1000L)
})

test_that("a reader is read once, in slices, and says where rows are wrong", {
  d <- arrow_rows()
  truth <- compress(d, "y", by = ~ x + g)
  d$broken <- 1
  reader <- batch_reader(d, 2500)
  expect_lt(difference(compress(reader, "y", by = ~ x + g, chunk = 700), truth), rounding)
  expect_error(compress(reader, "y", by = ~ x + g), "once", class = "covary_error_data")
  expect_error(compress(batch_reader(d, 2500), "y", by = ~ g + broken), "column of R",
    class = "covary_error_data"
  )
  slice <- batch_slices(batch_reader(d, 2500), 700)
  for (n in c(700, 700, 700, 400, 700, 700, 700, 400, 700, 700, 600)) {
    expect_equal(slice()$num_rows, n)
  }
  expect_null(slice())
  d$y[2600] <- Inf
  for (chunk in c(700, 1e6)) {
    expect_error(compress(batch_reader(d, 2500), "y", by = ~g, chunk = chunk), "row 2600 of",
      class = "covary_error_infinite"
    )
  }
  broken <- list(schema = schema_of(d), read_next_batch = function() stop("cut off"))
  class(broken) <- "RecordBatchReader"
  expect_error(compress(broken, "y", by = ~g), "cut off", class = "covary_error_data")
})

test_that("columns that are not there, no rows and arguments for others are said", {
  d <- arrow_rows()
  for (data in list(data_set(d), batch_reader(d, 1000))) {
    expect_error(compress(data, "y", by = ~nowhere), "spare", class = "covary_error_variable")
    expect_error(compress(data, "y", by = ~g, moments = "database"),
      class = "covary_error_argument"
    )
    expect_error(covary(y ~ g, data = data), "compress\\(\\)", class = "covary_error_data")
  }
  twice <- stats::setNames(d, c("g", "y", "spare", "day", "y"))
  expect_error(compress(data_set(twice), "y", by = ~g), "more than one",
    class = "covary_error_variable"
  )
  expect_error(compress(data_set(d[0, ]), "y", by = ~g), class = "covary_error_data")
})

test_that("whole numbers that doubles cannot tell apart are no covariate", {
  d <- data.frame(id = 2^53 + c(0, 2, 4, 4), y = rnorm(4), g = 1:4)
  for (type in c("uint64", "decimal128(38, 0)", "decimal256(50, 3)")) {
    attr(d$id, "arrow") <- type
    expect_error(compress(data_set(d), "y", by = ~id), "2\\^53", class = "covary_error_covariate")
  }
  attr(d$id, "arrow") <- "double"
  expect_identical(nobs(compress(data_set(d), "y", by = ~id)), 4)
  attr(d$id, "arrow") <- "uint64"
  expect_identical(nobs(compress(data_set(d), "id", by = ~g)), 4)
})

test_that("a dictionary may hold a value twice, or none", {
  levels <- c("b", "a", "b", NA)
  v <- structure(c(1:4, NA, 3L), levels = levels, class = "factor")
  expect_identical(plain_factor(v), factor(c("b", "a", "b", NA, NA, "b"), levels = c("b", "a")))
  whole <- factor(c("z", NA), levels = c("z", "y"))
  expect_identical(plain_factor(whole), whole)
  d <- data.frame(g = v, y = 1:6)
  cells <- suppressMessages(compress(data_set(d), "y", by = ~g))
  expect_identical(nobs(cells), 4)
  expect_identical(cells$groups$g, c("b", "a"))
  expect_identical(cells$stats[1, ], c(3, 1))
})

# What is done with the package itself; its dplyr may be newer than that which is here.
skip_without_arrow <- function(...) {
  for (package in c("arrow", ...)) suppressWarnings(skip_if_not_installed(package))
}

expect_cells_of <- function(data, d, by, ..., chunk = 1e6) {
  cells <- suppressMessages(compress(data, ..., by = by, chunk = chunk))
  expect_lt(difference(cells, suppressMessages(compress(d, ..., by = by))), rounding)
}

test_that("arrow: data sets, tables, batches, readers and queries give the same cells", {
  skip_without_arrow("dplyr", "bit64")
  d <- arrow_rows()
  d$year <- rep(2020:2022, length.out = 7000)
  d$long <- bit64::as.integer64(d$year) * bit64::as.integer64(3e9)
  d$time <- as.POSIXct("2024-03-01", tz = "Europe/Berlin") + 3600 * d$year
  d$flag <- rep(c(TRUE, NA, FALSE, TRUE), length.out = 7000)
  d$text <- rep(c("u", "v", NA, "w"), length.out = 7000)
  d$z <- 1e6 + d$y + stats::rnorm(7000)
  d$y[1:10] <- NA
  d$y[11:20] <- NaN
  folder <- tempfile()
  arrow::write_dataset(d, folder, partitioning = "year", max_rows_per_file = 2400)
  set <- arrow::open_dataset(folder)
  for (by in list(
    ~g, ~ year + g, ~day, ~time, ~long, ~ flag + text, ~x, ~ x + g
  )) {
    expect_cells_of(set, d, by, c("y", "z"), chunk = 2000)
    expect_cells_of(arrow::as_record_batch_reader(set), d, by, c("y", "z"), chunk = 2000)
    expect_cells_of(arrow::arrow_table(d), d, by, c("y", "z"))
    expect_cells_of(arrow::record_batch(d), d, by, c("y", "z"))
    expect_cells_of(dplyr::filter(set, x > -1), d, by, c("y", "z"))
  }
  named <- dplyr::filter(dplyr::mutate(dplyr::rename(set, Age = x), h = Age * 2), h < 1)
  half <- stats::setNames(d[d$x < 0.5, ], sub("^x$", "Age", names(d)))
  expect_cells_of(named, half, ~ Age + g, "y")
  expect_cells_of(dplyr::group_by(set, g), d, ~ x + g, "y")
  means <- dplyr::summarise(dplyr::group_by(set, g, year), m = mean(x), n = dplyr::n())
  expect_cells_of(means, as.data.frame(dplyr::collect(means)), ~g, "m", weights = "n")
  expect_identical(nobs(compress(utils::head(dplyr::arrange(set, x), 100), "z", by = ~g)), 100)
  expect_error(compress(dplyr::filter(set, x > 2), "y", by = ~g), class = "covary_error_data")
  expect_error(compress(arrow::arrow_table(d[0, ]), "y", by = ~g), class = "covary_error_data")
})

test_that("arrow: the same bits again, from data sets and queries of files", {
  skip_without_arrow("dplyr")
  d <- arrow_rows(40000)
  folder <- tempfile()
  arrow::write_dataset(d, folder, max_rows_per_file = 8000)
  set <- arrow::open_dataset(folder)
  for (data in list(set, dplyr::filter(set, x > 0.1))) {
    first <- compress(data, "y", by = ~ x + g)
    for (i in 1:4) expect_identical(compress(data, "y", by = ~ x + g), first)
  }
})

test_that("arrow: all of its types, or an error that says which", {
  skip_without_arrow()
  i <- rep(1:3, 50)
  y <- stats::rnorm(150)
  cells <- function(v) compress(arrow::arrow_table(k = v, y = y), "y", by = ~k)
  numbers <- list(
    arrow::int8(), arrow::int64(), arrow::uint8(), arrow::uint32(), arrow::uint64(),
    arrow::float32(), arrow::float64(), arrow::decimal128(20, 2), arrow::decimal256(50, 3)
  )
  truth <- compress(data.frame(k = i, y = y), "y", by = ~k)
  for (type in numbers) {
    v <- arrow::Array$create(i)$cast(type)
    expect_lt(difference(cells(v), truth), rounding)
    expect_identical(nobs(compress(arrow::arrow_table(k = v, y = y), "k", by = ~y)), 150)
  }
  time <- as.POSIXct("2024-01-01", tz = "UTC") + i
  truth <- compress(data.frame(k = time, y = y), "y", by = ~k)
  for (unit in c("s", "ms", "us", "ns")) {
    v <- arrow::Array$create(time)$cast(arrow::timestamp(unit, "UTC"))
    expect_lt(difference(cells(v), truth), rounding)
  }
  large <- arrow::Array$create(c("9007199254740993", "9007199254740992", "9007199254740994")[i])
  for (type in list(arrow::int64(), arrow::uint64(), arrow::decimal128(38, 0))) {
    expect_error(cells(large$cast(type)), "2\\^53", class = "covary_error_covariate")
  }
  expect_error(cells(arrow::Array$create(as.list(i))), class = "covary_error_covariate")
  nul <- lapply(list(c(97, 0, 98), c(97, 98), 99)[i], as.raw)
  nul <- arrow::Array$create(nul, type = arrow::binary())$cast(arrow::utf8())
  expect_error(cells(nul), "embedded nul", class = "covary_error_data")
  dictionary <- function(values) {
    arrow::DictionaryArray$create(arrow::Array$create(i - 1L), arrow::Array$create(values))
  }
  merged <- cells(dictionary(c("a", "a", "b")))
  expect_identical(merged$groups$k, c("a", "b"))
  expect_identical(merged$stats[1, ], c(100, 50))
  expect_identical(nobs(suppressMessages(cells(dictionary(c("a", NA, "b"))))), 100)
})
