test_that("the Gaussian by cubature is that of NUTS; that of Laplace is not", {
  model <- covary(formulas_three, data = data_three(), algorithm = "none")$regression
  set.seed(1)
  nuts <- covary(formulas_three,
    data = data_three(), control = covary_control(importance = "never")
  )
  off <- against_nuts(nuts)
  # 4000 draws in matched pairs: means have no Monte Carlo error, sds hardly any
  expect_lt(max(abs(off$shift)), 0.03)
  expect_lt(sqrt(mean(off$shift^2)), 0.02)
  expect_true(all(off$sd_ratio > 0.96 & off$sd_ratio < 1.06))
  laplace <- against_nuts(covary(formulas_three, data = data_three(), algorithm = "laplace"))
  expect_gt(sqrt(mean(laplace$shift^2)), 0.1)
})

test_that("it ends where the expected gradient is zero, wherever it starts", {
  model <- covary(formulas_three, data = data_three(), algorithm = "none")$regression
  fit <- fit_by_cubature(model, quiet_progress)
  expect_true(fit$converged)
  expect_lt(fit$iterations, 15)
  at <- expect_loglik_and_priors(model, fit$mean, fit$cov)
  # A squared distance to the solution of E gradient = 0, in posterior sds
  expect_lt(sum(at$gradient * (fit$cov %*% at$gradient)), 1e-4)
  far <- list(mean = model$start, cov = diag(0.01, model$dim), log_tau = numeric())
  again <- fit_by_cubature(model, quiet_progress, start = far)
  expect_lt(max(abs(again$mean - fit$mean) / sqrt(diag(fit$cov))), 0.01)
})

test_that("smooths start from the pilot and move to the mode of the surrogate", {
  set.seed(6)
  n <- 150
  x <- stats::runif(n)
  e <- matrix(stats::rnorm(3 * n), n)
  d <- data.frame(x, a = sin(6 * x) + e[, 1], b = e[, 1] + e[, 2], c = e[, 3])
  model <- covary(cbind(a, b, c) ~ s(x, k = 6), sigma ~ s(x, k = 5), data = d, algorithm = "none")
  model <- model$regression
  fit <- fit_by_cubature(model, quiet_progress)
  expect_true(fit$converged)
  surrogate <- new_surrogate(model, fit$mean, fit$at)
  mode <- surrogate_mode(surrogate, model, fit$log_tau)$mode
  expect_lt(max(abs(mode - fit$log_tau)), 2 * cubature_limits$still)
})
