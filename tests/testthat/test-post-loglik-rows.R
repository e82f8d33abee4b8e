test_that("the core's densities of rows are those of R, for one to five responses", {
  set.seed(41)
  d <- data.frame(x = rnorm(90), w = rep(1:3, 30))
  d$a <- d$x + rnorm(90)
  d$b <- 0.5 * d$a + rnorm(90)
  d$c <- 0.5 * d$b + rnorm(90) * exp(0.3 * d$x)
  d$d <- 0.3 * d$c - 0.5 * d$a + rnorm(90)
  d$e <- -0.4 * d$d + rnorm(90)
  several <- list(a ~ x, cbind(a, b) ~ x, cbind(a, b, c) ~ x, cbind(a, b, c, d, e) ~ x)
  for (formula in several) {
    fit <- suppressWarnings(covary(formula, sigma ~ x, data = d, weights = w, draws = 200))
    e <- new_evaluation(fit, NULL, 1:70) # not a multiple of the core's block
    r <- log_density_of_observed(e$likelihood, fit$frame$y, evaluation_block(e), NULL)
    eta <- in_core_order(e$likelihood, evaluation_block(e))
    core <- row_density_core("normal", fit$frame$y, eta)
    expect_equal(core, r, tolerance = 1e-12, ignore_attr = TRUE)
    expect_equal(log_lik(fit, draw_ids = 1:70), r * rep(d$w, each = 70),
      tolerance = 1e-12, ignore_attr = TRUE
    )
    new <- d
    new$x[5] <- NA
    l <- log_lik(fit, newdata = new, draw_ids = 1:70)
    expect_true(all(is.na(l[, 5])))
    expect_equal(l[, -5], r[, -5], tolerance = 1e-12, ignore_attr = TRUE)
  }
})

test_that("the door refuses what does not fit", {
  likelihood <- list(name = "normal", responses = 1L)
  cells <- matrix(c(1, 0, 0), 3, 2)
  expect_error(.Call(C_likelihood_draws, likelihood, cells, list(matrix(0, 4, 2))), "2 matrices")
  expect_error(.Call(C_likelihood_draws, likelihood, cells, list(matrix(0, 4, 2), matrix(0, 4, 1))))
  out <- .Call(C_likelihood_draws, likelihood, cells, list(matrix(0, 4, 2), matrix(0, 4, 2)))
  expect_equal(out, matrix(dnorm(0, log = TRUE), 4, 2))
})
