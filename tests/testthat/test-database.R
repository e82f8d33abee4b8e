# Cells from a data base are those of its rows.

database <- function() {
  skip_if_not_installed("DBI")
  skip_if_not_installed("RSQLite")
  set.seed(731)
  n <- 9000
  d <- data.frame(age = sample(20:70, n, TRUE), sex = sample(c("f", "m"), n, TRUE), x = runif(n, -1, 2), w = sample(1:3, n, TRUE))
  d$y1 <- rnorm(n, 1e6 + d$age, 1)
  d$y2 <- d$y1 - 1e6 + rnorm(n)
  d$y2[5] <- NA
  d$y1[7] <- Inf
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  DBI::dbWriteTable(connection, "rows", d)
  list(connection = connection, data = d)
}

quietly <- function(expr) suppressMessages(expr)

same_cells <- function(a, b, bound) {
  a <- rescale_tally(unclass(a), b$scaling)
  b <- unclass(b)
  at <- match(group_keys(b$groups), group_keys(a$groups))
  expect_close(a$stats[, at], b$stats, bound, floor = 1e-2)
  expect_identical(a$rows, b$rows)
}

# Tables of moments on the coarser of two widths, against the sums of absolute values.
same_moments <- function(a, b, bound) {
  a <- rescale_tally(unclass(a), b$scaling)
  b <- unclass(b)
  step <- min(a$step, b$step)
  a <- coarsen(a, step)
  b <- coarsen(b, step)
  expect_identical(a[c("first", "rows", "dropped", "range")], b[c("first", "rows", "dropped", "range")])
  at <- if (length(b$groups)) match(group_keys(b$groups), group_keys(a$groups)) else 1
  size <- 1 + b$k + b$k * (b$k + 1) / 2
  difference <- abs(a$table[, , , at, drop = FALSE] - b$table)[seq_len(size), , , , drop = FALSE]
  expect_lt(max(difference / (apply(abs(b$table[seq_len(size), , , , drop = FALSE]), 1, max))), bound)
}

test_that("exact cells are grouped by the data base", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  for (weights in list(NULL, "w")) {
    truth <- quietly(compress(db$data, c("y1", "y2"), by = ~ age + sex, weights = weights))
    cells <- quietly(compress(db$connection, c("y1", "y2"), by = ~ age + sex, weights = weights, query = "rows"))
    same_cells(cells, truth, 1e-8)
    expect_identical(cells$dropped, c(missing = 1, infinite = 1))
  }
  young <- quietly(compress(db$connection, "y2", by = ~ sex, query = "SELECT * FROM rows WHERE age < 30;"))
  expect_identical(nobs(young), as.double(sum(db$data$age < 30 & !is.na(db$data$y2))))
  DBI::dbExecute(db$connection, "UPDATE rows SET w = -1 WHERE age = 40")
  expect_error(compress(db$connection, "y1", by = ~ sex, weights = "w", query = "rows"), class = "covary_error_weights")
})

test_that("a continuous covariate is streamed", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  truth <- quietly(compress(db$data, c("y1", "y2"), by = ~ x + sex))
  cells <- quietly(compress(db$connection, c("y1", "y2"), by = ~ x + sex, query = "rows", chunk = 5000))
  expect_identical(nobs(cells), nobs(truth))
  expect_identical(cells$step, truth$step)
  squared <- quietly(compress(db$connection, "y2^2", by = ~ x, query = "rows"))
  expect_equal(summary(squared)$mean, mean(db$data$y2^2, na.rm = TRUE))
  expect_error(compress(db$connection, "y1", by = ~ x, query = "nowhere"), class = "covary_error_data")
  expect_error(compress(db$connection, "y1", by = ~ x), class = "covary_error_argument")
})

test_that("moments summed by the data base are those of streamed rows", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  for (by in list(~ x, ~ x + sex, ~ sex + x + age)) for (weights in list(NULL, "w")) {
    streamed <- quietly(compress(db$connection, c("y1", "y2"), by = by, weights = weights, query = "rows", moments = "stream"))
    summed <- quietly(compress(db$connection, c("y1", "y2"), by = by, weights = weights, query = "rows", moments = "database"))
    expect_identical(names(summed$covariates), names(streamed$covariates))
    same_moments(summed, streamed, 1e-9)
  }
  # Both can be merged, and be fitted.
  half <- function(where, moments) {
    quietly(compress(db$connection, "y2", by = ~ x, query = paste("SELECT * FROM rows WHERE", where), moments = moments))
  }
  both <- merge(half("age < 40", "stream"), half("age >= 40", "database"))
  expect_identical(nobs(both), 8999)
  expect_error(compress(db$connection, "y2", by = ~ x + y1, query = "rows", moments = "database"), class = "covary_error_too_many_continuous")
  two <- quietly(compress(db$connection, "y2", by = ~ x + y1, query = "rows"))
  expect_identical(nobs(two), 8998)
  expect_error(compress(db$connection, "log(y2)", by = ~ x, query = "rows", moments = "database"), class = "covary_error_argument")
})

test_that("cells are as fine as for rows where there are outliers", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  DBI::dbExecute(db$connection, "UPDATE rows SET x = 1e9 WHERE age = 20 AND x < -0.9")
  plan <- scale_plan(db$connection, database_plan(db$connection, "rows", list(responses = list(y2 = quote(y2)), by = "x"), "database"))
  x <- DBI::dbGetQuery(db$connection, "SELECT x FROM rows WHERE y2 IS NOT NULL")$x
  expect_equal(choose_step(spread_sample(db$connection, plan), 1000), choose_step(x, 1000), tolerance = 1)
  expect_gt(max(x), 1e8)
})

test_that("a lazy table is a source", {
  skip_if_not_installed("dbplyr")
  skip_if_not_installed("dplyr")
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  lazy <- dplyr::filter(dplyr::tbl(db$connection, "rows"), age < 30)
  young <- db$data[db$data$age < 30, ]
  same_cells(quietly(compress(lazy, c("y1", "y2"), by = ~ age + sex)), quietly(compress(young, c("y1", "y2"), by = ~ age + sex)), 1e-8)
})
