inside <- function(name) getFromNamespace(name, "covary")
at_points <- function(table, columns, n) inside("tables_at")(list(table), columns, n)

test_that("a table of a cubic is exact, within its grid and at its ends", {
  f <- function(x) 1 - 2 * x + 0.3 * x^2 - 0.01 * x^3
  grid <- list(x = c(2, 12, 9))
  table <- inside("new_chart_table")("s(x)", FALSE, grid, list(), f(seq(2, 12, length.out = 9)))
  x <- c(2, 2.01, 5.123, 7, 11.99, 12)
  expect_equal(at_points(table, list(x = x), 6L), f(x), tolerance = last_bits)
})

test_that("beyond the grid a table goes on with its last value and slope", {
  f <- function(x) x^3
  slope <- function(x) 3 * x^2
  table <- inside("new_chart_table")("s(x)", FALSE, list(x = c(0, 1, 5)), list(), f(0:4 / 4))
  out <- at_points(table, list(x = c(-2, 3)), 2L)
  expect_equal(out, c(0, 1 + 2 * slope(1)), tolerance = rounding)
})

test_that("a table of two covariates and levels has a surface a level", {
  f <- function(x, y, level) (1 + x - x^3) * (2 - y^2 + 0.1 * y^3) + 10 * level
  grid <- list(x = c(0, 1, 6), y = c(-1, 3, 8))
  points <- inside("table_points")(grid, list(g = 1:3))
  table <- inside("new_chart_table")(
    "t2(x, y)", FALSE, grid, list(g = c("a", "b", "c")), f(points$x, points$y, points$g)
  )
  set.seed(1)
  x <- runif(50)
  y <- runif(50, -1, 3)
  g <- sample(3, 50, TRUE)
  expect_equal(at_points(table, list(x = x, y = y, g = g), 50L), f(x, y, g), tolerance = rounding)
})

test_that("a level that is not there adds nothing, a missing number gives NaN", {
  table <- inside("new_chart_table")("g", FALSE, list(), list(g = c("a", "b")), c(1, 2))
  expect_equal(at_points(table, list(g = c(2L, NA, 1L)), 3L), c(2, 0, 1))
  table <- inside("new_chart_table")("s(x)", FALSE, list(x = c(0, 1, 4)), list(), 1:4)
  expect_true(is.nan(at_points(table, list(x = NA_real_), 1L)))
})

test_that("tables that do not fit their points are refused by the door", {
  door <- function(table) .Call(getFromNamespace("C_chart_tables", "covary"), list(table), 2L)
  table <- list(
    axes = list(c(0, 1, 4)), combinations = 1L, coefficients = numeric(6), x = list(c(1, 2)),
    combination = c(0L, 0L)
  )
  expect_identical(door(table), c(0, 0))
  for (bad in list(
    list(coefficients = numeric(5)), list(combination = c(0L, 1L)), list(x = list(1)),
    list(axes = list(c(0, 0, 4))), list(axes = list(c(0, 1, 1))), list(combinations = 0L)
  )) {
    expect_error(door(replace(table, names(bad), bad)), class = "covary_error_internal")
  }
})

test_that("terms in the square root of a covariate have a table that is even there", {
  set.seed(1)
  d <- data.frame(age = stats::runif(300, 0.03, 20))
  d$y <- 50 + 20 * sqrt(d$age) + sin(d$age) + stats::rnorm(300)
  fit <- quiet(covary(y ~ s(sqrt(age)), data = d, draws = 200, seed = 1))
  at <- data.frame(age = c(0.03, 0.2, 3, 19), y = 80)
  sigma <- exp(mean(as.matrix(fit)[, "b_sigma_Intercept"]))
  z <- (at$y - predict(fit, at, dpar = "mu")$estimate) / sigma
  expect_equal(deviations(fit, at)$z, z, tolerance = 1e-6)
  chart <- reference(fit)
  expect_identical(deviations(chart, at)$z, deviations(fit, at)$z)
  skip_if_not_installed("jsonlite")
  file <- tempfile(fileext = ".json")
  write_reference(chart, file)
  expect_equal(deviations(read_reference(file), at)$z, z, tolerance = 1e-6)
  expect_error(
    quiet(reference(covary(y ~ I(age > 3), data = d, algorithm = "laplace", draws = 200))),
    class = "covary_error_chart"
  )
})

test_that("a surface that no table holds is answered by one that is", {
  set.seed(3)
  d <- data.frame(x = runif(300), w = runif(300, -3, 3))
  d$y <- d$w * d$x + rnorm(300)
  fit <- quiet(covary(y ~ s(x, w), data = d, algorithm = "laplace", draws = 200))
  said <- tryCatch(reference(fit), covary_error_chart = conditionMessage)
  expect_match(said, "use t2(w, x)", fixed = TRUE)
})
