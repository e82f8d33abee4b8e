test_that("variables come from data, else from where the formula was written", {
  d <- rows_60()
  outside <- d$x
  degree <- 2
  fit <- quick(a ~ poly(outside, degree = degree), data = d)
  expect_identical(names(fit$frame$covariates), "outside")
  expect_error(quick(a ~ nothing, data = d), "nothing", class = "covary_error_variable")
  expect_error(quick(nothing ~ x, data = d), "nothing", class = "covary_error_variable")
  expect_error(quick(a ~ x, data = d, weights = nothing), "nothing",
    class = "covary_error_variable"
  )
  expect_error(quick(a ~ df, data = d), "df", class = "covary_error_covariate")
})

test_that("dates are numbers, columns of one are vectors", {
  d <- rows_60()
  d$day <- as.Date("2020-01-01") + 1:60
  d$scaled <- scale(d$x)
  d$value <- as.numeric(d$day)
  draws <- function(f) {
    set.seed(1)
    coefficients_of(quick(f, data = d))
  }
  expect_equal(draws(a ~ day + s(scaled, k = 5)), draws(a ~ value + s(scaled, k = 5)),
    ignore_attr = TRUE
  )
  fit <- quick(a ~ s(day, k = 5) + scaled, data = d)
  expect_identical(fit$design$covariates$day$type, "numeric")
  expect_true(all(is.finite(unlist(all_predictors(fit, d[1:3, ])))))
})

test_that("weights, subset and na.action are checked", {
  d <- rows_60()
  d$w <- 1
  expect_error(quick(a ~ x, data = d, weights = -w), class = "covary_error_weights")
  expect_error(quick(a ~ x, data = d, weights = 1:3), class = "covary_error_weights")
  expect_error(quick(a ~ x, data = d, subset = c(1:9, 9)), class = "covary_error_subset")
  expect_error(quick(a ~ x, data = d, subset = c(TRUE, FALSE)), class = "covary_error_subset")
  expect_error(quick(a ~ x, data = d, na.action = NULL), class = "covary_error_argument")
  d$x[3] <- NA
  expect_error(quick(a ~ x, data = d, na.action = "na.fail"), class = "covary_error_missing")
  expect_error(quick(a ~ z, data = d, na.action = na.fail), NA)
})

test_that("subset and weights of zero leave out rows as if they were not there", {
  d <- rows_60()
  d$w <- rep(c(0, 1, 1), 20)
  draws <- function(...) {
    set.seed(1)
    coefficients_of(quick(cbind(a, b) ~ g + s(x, k = 5), ...))
  }
  expect_identical(draws(data = d, subset = z > 0), draws(data = d[d$z > 0, ]))
  expect_identical(draws(data = d, subset = which(z > 0)), draws(data = d[d$z > 0, ]))
  expect_identical(draws(data = d, weights = w), draws(data = d[d$w > 0, ]))
  missing <- d
  missing[d$w == 0, c("a", "b")] <- NA
  expect_identical(draws(data = missing), draws(data = d[d$w > 0, ]))
})

test_that("what is dropped does not depend on the short way for complete rows", {
  d <- rows_60()
  parsed <- parse_formulas(cbind(a, b) ~ x + g, data_names = names(d))
  short <- read_frame(parsed, d, NULL, NULL, na.omit)
  long <- read_frame(parsed, d, NULL, rep(TRUE, 60), na.omit)
  expect_identical(short[names(short) != "row_names"], long[names(long) != "row_names"])
  expect_null(short$weights)
  expect_identical(row_weights(short), rep(1, 60))
  expect_identical(unname(short$y), unname(as.matrix(d[c("a", "b")])))
  # A sum that overflows is no missing value.
  d$a[1:2] <- 1.7e308
  expect_identical(read_frame(parsed, d, NULL, NULL, na.omit)$n, 60L)
  for (bad in c(NA, NaN)) {
    d$a[3] <- bad
    expect_message(frame <- read_frame(parsed, d, NULL, NULL, na.omit, "drop"), "1 of 60",
      class = "covary_message_dropped_rows"
    )
    expect_identical(frame$rows, setdiff(1:60, 3L))
  }
  d$a[3] <- -Inf
  expect_error(read_frame(parsed, d, NULL, NULL, na.omit), "row 3", class = "covary_error_infinite")
})

# --- one table of cases, every way in
# --------------------------------------------------------------

# How rows that something is wrong with change 40 clean ones, and what must come of it: the number
# of rows that are used and of those with missing values, or the class of the error. Changes are
# made to rows 31 and on, so that they come in a later chunk too.
row_cases <- function() {
  case <- function(changes, used = NULL, missing = 0, stops = NULL) {
    list(changes = changes, answer = if (is.null(stops)) c(used, missing) else stops)
  }
  list(
    clean = case(list(), 40),
    `NA response` = case(list(y = c(NA, NA)), 38, 2),
    `NaN response` = case(list(y = NaN), 39, 1),
    `NA covariate` = case(list(x = NA), 39, 1),
    `NaN covariate` = case(list(x = c(NaN, NA, NaN)), 37, 3),
    `NA group` = case(list(g = c(NA, NA)), 38, 2),
    `NA weight` = case(list(w = NA), 39, 1),
    `several NA in a row count once` = case(list(y = NA, x = NA, g = NA, w = NA), 39, 1),
    `zero weight` = case(list(w = c(0, 0, 0)), 37, 0),
    `NA response of zero weight` = case(list(y = NA, w = 0), 39, 1),
    `Inf response` = case(list(y = Inf), stops = "infinite"),
    `-Inf covariate` = case(list(x = -Inf), stops = "infinite"),
    `Inf beside NA` = case(list(y = Inf, x = NA), 39, 1),
    `Inf beside NA in text` = case(list(x = -Inf, g = NA), 39, 1),
    `Inf beside NA weight` = case(list(y = Inf, w = NA), 39, 1),
    `Inf of zero weight` = case(list(y = Inf, w = 0), 39, 0),
    `Inf covariate of zero weight` = case(list(x = c(Inf, -Inf), w = c(0, 0)), 38, 0),
    `Inf of zero weight beside NaN elsewhere` = case(list(y = c(Inf, NaN), w = c(0, 1)), 38, 1),
    `negative weight` = case(list(w = -1), stops = "weights"),
    `negative weight beside NA` = case(list(y = NA, w = -1), stops = "weights"),
    `negative weight beside Inf` = case(list(x = Inf, w = -1), stops = "weights")
  )
}

clean_rows <- function() {
  set.seed(4)
  data.frame(
    y = stats::rnorm(40), x = rep(1:10, 4) / 4, g = rep(c("u", "v"), each = 20),
    w = rep(c(1, 2.5), 20)
  )
}

changed_rows <- function(changes) {
  d <- clean_rows()
  for (name in names(changes)) d[[name]][30 + seq_along(changes[[name]])] <- changes[[name]]
  d
}

# c(used, missing), or the class of the error without its prefix.
row_answer <- function(code) {
  tryCatch(
    {
      out <- suppressMessages(suppressWarnings(code))
      missing <- if (inherits(out, "cells")) out$dropped else out$frame$dropped
      as.double(c(stats::nobs(out), missing[["missing"]]))
    },
    covary_error = function(e) sub("covary_error_", "", class(e)[1])
  )
}

# By what is read, a function of the data.
row_doors <- function(connection, file, cluster) {
  cells <- function(data, ...) compress(data, "y", by = ~ x + g, weights = "w", ...)
  write <- function(d) {
    utils::write.csv(d, file, row.names = FALSE)
    DBI::dbWriteTable(connection, "cases", d, overwrite = TRUE)
  }
  list(
    `covary()` = function(d) covary(y ~ x + g, data = d, weights = w, algorithm = "laplace"),
    `compress() of a frame` = cells,
    `of chunks` = function(d) cells(chunks(d[1:25, ], d[26:40, ])),
    `on a cluster` = function(d) cells(d, cluster = cluster),
    `of CSV` = function(d) {
      write(d)
      cells(file)
    },
    `of SQLite, summed there` = function(d) {
      write(d)
      cells(connection, query = "cases")
    },
    `of SQLite, streamed` = function(d) {
      write(d)
      cells(connection, query = "cases", moments = "stream")
    }
  )
}

test_that("which rows count is the same for every source", {
  skip_if_not_installed("RSQLite")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  file <- tempfile(fileext = ".csv")
  cluster <- parallel::makeCluster(2)
  on.exit({
    DBI::dbDisconnect(connection)
    unlink(file)
    parallel::stopCluster(cluster)
  })
  doors <- row_doors(connection, file, cluster)
  cases <- row_cases()
  for (name in names(cases)) {
    d <- changed_rows(cases[[name]]$changes)
    for (door in names(doors)) {
      expect_identical(row_answer(doors[[door]](d)), cases[[name]]$answer,
        label = paste0(name, ", ", door)
      )
    }
  }
})

test_that("the pass over one continuous covariate finds the same rows; so do sums of a data base", {
  skip_if_not_installed("RSQLite")
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  on.exit(DBI::dbDisconnect(connection))
  set.seed(5)
  more <- data.frame(x = stats::runif(5000), y = stats::rnorm(5000))
  cells <- function(data, ...) compress(data, "y", by = ~x, ...)
  cases <- Filter(function(case) !any(c("w", "g") %in% names(case$changes)), row_cases())
  for (name in names(cases)) {
    d <- changed_rows(cases[[name]]$changes)[c("x", "y")]
    answer <- cases[[name]]$answer
    if (is.numeric(answer)) answer <- answer + c(5000, 0)
    DBI::dbWriteTable(connection, "cases", rbind(more, d), overwrite = TRUE)
    expect_identical(row_answer(cells(chunks(more, d))), answer, label = paste(name, "in a chunk"))
    for (moments in c("stream", "database")) {
      got <- row_answer(cells(connection, query = "cases", moments = moments))
      expect_identical(got, answer, label = paste0(name, ", moments = ", moments))
    }
  }
})

test_that("rows are whole wherever they are made", {
  d <- changed_rows(list(y = NA, w = 0))
  parsed <- parse_formulas(y ~ x + g, data_names = names(d))
  frame <- suppressMessages(read_frame(parsed, d, d$w, NULL, na.omit))
  expect_s3_class(validate_rows(frame), "covary_frame")
  expect_identical(frame$dropped, c(missing = 1, zero_weight = 0))
  spec <- new_row_spec(d, "y", ~ x + g, "w", globalenv())
  rows <- chunk_rows(d, spec)
  expect_s3_class(validate_rows(rows), "covary_rows")
  expect_identical(lengths(validate_rows(rows_that_count(rows, TRUE))$y), c(y = 39L))
  cells <- suppressMessages(compress(d, "y", by = ~ x + g))
  expect_s3_class(validate_rows(frame_without_rows(cells)), "covary_rowless_frame")
  broken <- frame
  broken$weights <- broken$weights[-1]
  expect_error(validate_rows(broken))
})
