# Cells from a data base are those of its rows.

database <- function() {
  skip_if_not_installed("DBI")
  skip_if_not_installed("RSQLite")
  set.seed(731)
  n <- 9000
  d <- data.frame(age = sample(20:70, n, TRUE), sex = sample(c("f", "m"), n, TRUE), x = runif(n), w = sample(1:3, n, TRUE))
  d$y1 <- rnorm(n, 1e6 + d$age, 1)
  d$y2 <- d$y1 - 1e6 + rnorm(n)
  d$y2[5] <- NA
  connection <- DBI::dbConnect(RSQLite::SQLite(), ":memory:")
  DBI::dbWriteTable(connection, "rows", d)
  list(connection = connection, data = d)
}

same_cells <- function(a, b, bound) {
  a <- rescale_tally(unclass(a), b$scaling)
  b <- unclass(b)
  at <- match(group_keys(b$groups), group_keys(a$groups))
  expect_close(a$stats[, at], b$stats, bound, floor = 1e-2)
  expect_identical(a$rows, b$rows)
}

test_that("exact cells are grouped by the data base", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  for (weights in list(NULL, "w")) {
    truth <- suppressMessages(compress(db$data, c("y1", "y2"), by = ~ age + sex, weights = weights))
    cells <- suppressMessages(compress(db$connection, c("y1", "y2"), by = ~ age + sex, weights = weights, query = "rows"))
    same_cells(cells, truth, 1e-8)
    expect_identical(cells$dropped[["missing"]], 1)
  }
  young <- suppressMessages(compress(db$connection, "y1", by = ~ sex, query = "SELECT * FROM rows WHERE age < 30;"))
  expect_identical(nobs(young), as.double(sum(db$data$age < 30)))
})

test_that("a continuous covariate is streamed", {
  db <- database()
  on.exit(DBI::dbDisconnect(db$connection))
  truth <- suppressMessages(compress(db$data, c("y1", "y2"), by = ~ x + sex))
  cells <- suppressMessages(compress(db$connection, c("y1", "y2"), by = ~ x + sex, query = "rows", chunk = 5000))
  expect_identical(nobs(cells), nobs(truth))
  expect_identical(cells$step, truth$step)
  expect_error(compress(db$connection, "y1", by = ~ x, query = "nowhere"), class = "covary_error_data")
  expect_error(compress(db$connection, "y1", by = ~ x), class = "covary_error_argument")
})
