# A fit owns its data and takes no strange ones along.

made_inside <- function() {
  large <- stats::rnorm(1e6)
  here <- mtcars
  size <- 5
  knots <- 150
  bend <- function(v) twist(v) + knots / 50
  twist <- function(v) if (v[1] > 1e9) bend(v) else v^2
  covary(mpg ~ s(wt, k = size) + splines::bs(hp, knots = knots) + bend(qsec), sigma ~ bend(wt),
    data = here, draws = 100, algorithm = "laplace"
  )
}

bytes <- function(x) length(serialize(x, NULL))

test_that("the frame of a formula does not travel in a fit", {
  fit <- quiet(made_inside())
  # Draws of 22 quantities, 32 rows of 5 columns, and the rest.
  expect_lt(bytes(fit), 80000)
  expect_lt(bytes(fit$formulas), 10000)
  expect_gt(as.numeric(object.size(fit)), 10000)
  # By value in the call (do.call()), through functions, with vectors from outside.
  other <- (function() {
    large <- stats::rnorm(1e6)
    z <- stats::rnorm(32)
    many <- cbind(mtcars, matrix(0, 32, 1000))
    quiet(do.call(covary, list(list(mpg ~ wt + z, sigma ~ 1),
      data = many, draws = 100,
      algorithm = "laplace", weights = rep(1, 32)
    )))
  })()
  expect_lt(bytes(other), 40000)
  expect_identical(nobs(quiet(update(other, draws = 150))), 32L)
  # Columns of smooths at the rows are not kept either.
  set.seed(1)
  d <- data.frame(x = stats::runif(3000), z = stats::runif(3000), g = factor(rep(1:10, 300)))
  d$y <- d$x + stats::rnorm(3000)
  smooth <- quiet(covary(y ~ t2(x, z, k = 4) + s(x, g, bs = "fs", k = 4),
    data = d, draws = 100,
    algorithm = "laplace"
  ))
  kept <- vapply(smooth$design$predictors[[1]]$smooths, bytes, 0)
  # Of 3000 rows: nothing but the knots of the thin plate spline.
  expect_lt(max(kept), 140000)
})

test_that("a saved fit predicts in another session", {
  skip_on_cran()
  factor_of <- function(v) v * rate
  rate <- 2.5
  knots <- c(3, 4)
  fits <- list(
    quiet(made_inside()),
    quiet(covary(log(mpg) ~ factor_of(wt) + poly(disp, 2) + offset(scale(hp) / 100),
      sigma ~ splines::ns(wt, knots = knots),
      data = mtcars,
      draws = 100, algorithm = "laplace"
    ))
  )
  new <- mtcars[c(3, 8), ]
  file <- tempfile(fileext = ".rds")
  on.exit(unlink(file))
  saveRDS(list(fits = fits, new = new), file)
  code <- paste0(
    ".libPaths(", deparse1(.libPaths()), "); library(covary); l <- readRDS(",
    deparse(file), "); ",
    "saveRDS(list(lapply(l$fits, predict, newdata = l$new), ",
    "log_lik(l$fits[[2]], newdata = l$new), ",
    "class(tryCatch(update(l$fits[[1]]), error = identity))[1], ",
    "nobs(update(l$fits[[2]], draws = 120))), ", deparse(file), ")"
  )
  system2(file.path(R.home("bin"), "Rscript"), c("--vanilla", "-e", shQuote(code)),
    stdout = FALSE,
    stderr = FALSE
  )
  there <- readRDS(file)
  expect_equal(there[[1]], lapply(fits, predict, newdata = new))
  expect_equal(there[[2]], log_lik(fits[[2]], newdata = new))
  # Its data are gone, or found again where update() is called.
  expect_identical(there[[3]], "covary_error_data")
  expect_identical(there[[4]], 32L)
})

test_that("what a formula names keeps the value it had", {
  degree <- 2
  scaled <- function(v) v / unit
  unit <- 10
  fit <- quiet(covary(mpg ~ poly(wt, degree) + scaled(hp),
    data = mtcars, draws = 100,
    algorithm = "laplace"
  ))
  before <- predict(fit, mtcars[1:3, ])
  degree <- 3
  unit <- 1
  expect_identical(predict(fit, mtcars[1:3, ]), before)
  # update() sees the new values, as it always did.
  expect_identical(length(coef(quiet(update(fit)))), 6L)
})

test_that("changes by reference do not reach a fit", {
  skip_if_not_installed("data.table")
  set.seed(1)
  n <- 12000
  start <- data.frame(x = stats::runif(n), w = 1, g = factor(rep(1:2, n / 2)))
  start$y <- 1 + 2 * start$x + stats::rnorm(n)
  for (rows in c(50, n)) {
    for (table in c(TRUE, FALSE)) {
      d <- if (table) data.table::as.data.table(start[1:rows, ]) else start[1:rows, ]
      fit <- quiet(suppressMessages(covary(y ~ x + g,
        data = d, weights = w, draws = 100,
        algorithm = "laplace"
      )))
      before <- list(fitted(fit), weights(fit), model.frame(fit), residuals(fit))
      for (name in c("x", "y", "w")) data.table::set(d, 1:3, name, 100)
      data.table::set(d, 1:3, "g", factor(2, 1:2))
      expect_identical(list(fitted(fit), weights(fit), model.frame(fit), residuals(fit)), before)
    }
  }
})

test_that("weights() are those of the rows used, NULL where none were given", {
  d <- mtcars
  d$w <- rep(c(0, 1, 2, 3), 8)
  d$wt[2] <- NA
  fit <- quiet(suppressMessages(covary(mpg ~ wt,
    data = d, weights = w, draws = 100,
    algorithm = "laplace"
  )))
  expect_identical(weights(fit), d$w[d$w > 0 & !is.na(d$wt)])
  expect_identical(length(weights(fit)), nobs(fit))
  expect_null(weights(fixture("one")))
})

test_that("a function that looks at its environment keeps it, and says so where it is large", {
  make <- function(size) {
    filler <- stats::rnorm(size)
    slope <- 2
    function(v) v * get("slope")
  }
  steep <- make(10)
  expect_silent(fit <- quiet(covary(mpg ~ steep(wt),
    data = mtcars, draws = 100,
    algorithm = "laplace"
  )))
  expect_equal(unname(predict(fit, mtcars[2, ], dpar = "mu")$estimate), unname(fitted(fit)[2, 1]))
  steep <- make(1e6)
  expect_warning(quiet(covary(mpg ~ steep(wt), data = mtcars, draws = 100, algorithm = "laplace")),
    "'steep'",
    class = "covary_warning_large"
  )
})

test_that("fits can be compared, whatever their formulas saw", {
  one <- fixture("one")
  set.seed(1)
  other <- (function() quiet(covary(mpg ~ wt, sigma ~ wt, data = mtcars, draws = 800)))()
  expect_true(all.equal(one$draws, other$draws))
  one$info$timings <- other$info$timings <- NULL
  expect_true(isTRUE(all.equal(one, other)))
})
