# Columns of the levels of a factor, held by number (R/design-levels.R).

random_level_columns <- function(p = 3, levels = 4, m = 11, seed = 1) {
  set.seed(seed)
  at <- sort(sample(p + levels, levels))
  new_level_columns(
    matrix(rnorm(p * m), p), setdiff(seq_len(p + levels), at),
    sample.int(levels, m, TRUE), at
  )
}

test_that("columns by level are the matrix that they stand for", {
  for (seed in 1:3) {
    x <- validate_level_columns(random_level_columns(seed = seed))
    full <- as.matrix(x)
    expect_identical(dim(full), as.integer(dim(x)))
    b <- rnorm(nrow(x))
    v <- rnorm(ncol(x))
    draws <- matrix(rnorm(5 * nrow(x)), 5)
    cov <- crossprod(matrix(rnorm(nrow(x)^2), nrow(x)))
    same <- function(f, ...) expect_equal(f(x, ...), f(full, ...), tolerance = 1e-13)
    same(columns_times, b)
    same(columns_times_draws, draws)
    same(columns_sum, v)
    same(columns_variance, cov)
    expect_equal(as.matrix(columns_gram(x, v)), columns_gram(full, v), tolerance = 1e-13)
    expect_identical(as.matrix(columns_of_cells(x, 4:2)), full[, 4:2])
  }
})

test_that("an arrow's part for one predictor gives its variances", {
  x <- random_level_columns()
  y <- random_level_columns(seed = 5)
  shape <- shape_of_columns(list(x, matrix(1, 2, ncol(x)), y))
  d <- 2 * nrow(x) + 2
  cov <- crossprod(matrix(rnorm(d^2), d))
  arrow <- arrow_of(cov, shape)
  expect_equal(
    columns_variance(x, part_of_covariance(arrow, 1:7)), columns_variance(x, cov[1:7, 1:7])
  )
  expect_equal(
    columns_variance(y, part_of_covariance(arrow, 10:16)), columns_variance(y, cov[10:16, 10:16])
  )
  expect_equal(part_of_covariance(arrow, 8:9), cov[8:9, 8:9])
})

level_factor_in <- function(formulas, data, least = 3) {
  parsed <- parse_formulas(formulas, data_names = names(data))
  read <- read_rows(parsed, data, list(na_action = stats::na.omit, missing = "use"))
  frame <- read$frame
  level_factor(new_design(read$parsed, frame, new_cells(frame, TRUE)), least)
}

test_that("the factor with the most effects is held by level, and by-variables are not", {
  set.seed(3)
  d <- data.frame(
    y = rnorm(300), x = runif(300), site = factor(rep(1:6, 50)), family = factor(rep(1:10, 30))
  )
  found <- level_factor_in(list(y ~ s(x) + s(site, bs = "re") + s(family, bs = "re")), d)
  expect_identical(found, list(variable = "family", levels = as.character(1:10)))
  found <- level_factor_in(list(
    y ~ s(site, bs = "re") + s(family, bs = "re"), sigma ~ s(site, bs = "re")
  ), d)
  expect_identical(found$variable, "site")
  expect_null(level_factor_in(list(y ~ x + s(site, x, bs = "re")), d))
  expect_null(level_factor_in(list(y ~ s(site, by = x, bs = "re")), d))
  expect_null(level_factor_in(list(y ~ site + s(x, by = site, k = 4)), d))
  expect_null(level_factor_in(list(y ~ s(site, bs = "re")), d, least = 7))
})
