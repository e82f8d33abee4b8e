test_that("the Gaussian by cubature is that of NUTS; that of Laplace is not", {
  fit <- fit_three(seed = 1, control = covary_control(importance = "never"))
  # 4000 draws in matched pairs: means have no Monte Carlo error, sds hardly any
  off <- against_nuts(fit)
  expect_lt(max(abs(off$shift)), 0.03)
  expect_lt(sqrt(mean(off$shift^2)), 0.02)
  expect_true(all(off$sd_ratio > 0.95 & off$sd_ratio < 1.06))
  expect_warning(laplace <- fit_three("laplace"), class = "covary_warning_rough")
  expect_gt(sqrt(mean(against_nuts(laplace)$shift^2)), 0.1)
})

test_that("weighed draws are those of NUTS", {
  # 4000 draws of some 20,000 effective ones, moments matched: errors of .01 sds, 1 % of sds
  off <- against_nuts(fit_three(seed = 1))
  expect_lt(sqrt(mean(off$shift^2)), 0.02)
  expect_true(all(abs(off$sd_ratio - 1) < 0.03))
})

test_that("it ends where the expected gradient is zero, wherever it starts", {
  model <- fit_three("none")$regression
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

test_that("correlations climb from the constants of the pilot, and nothing else moves", {
  set.seed(8)
  n <- 200
  x <- stats::runif(n)
  e <- matrix(stats::rnorm(3 * n), n)
  d <- data.frame(x, a = e[, 1])
  rho <- 0.9 * sin(6 * x)
  d$b <- rho * e[, 1] + sqrt(1 - rho^2) * e[, 2]
  d$c <- e[, 3]
  model <- covary(cbind(a, b, c) ~ 1, rho ~ s(x, k = 6), data = d, algorithm = "none")$regression
  log_tau <- rep(-1, model$n_sds)
  level <- function(mean) {
    loglik_and_priors(model, mean, 0L)$value - 0.5 * sum(penalty(model, log_tau) * mean^2)
  }
  from <- model$pilot$mean
  to <- climb_correlations(model, from, log_tau)
  expect_gt(level(to), level(from) + 20)
  moved <- model$coefficients$key[to != from]
  expect_true(all(startsWith(moved, "rho")))
})

test_that("half steps end where covariances lag behind means and no decrement falls", {
  set.seed(5)
  n <- 150
  data <- data.frame(x = rnorm(n))
  e <- matrix(rnorm(3 * n), n)
  r <- tanh(1.5 * data$x)
  y <- exp(cbind(data$x, -data$x, sin(2 * data$x))) *
    cbind(e[, 1], r * e[, 1] + sqrt(1 - r^2) * e[, 2], e[, 3])
  data[c("a", "b", "c")] <- as.data.frame(y)
  model <- covary(list(cbind(a, b, c) ~ s(x, k = 6), sigma ~ s(x, k = 6), rho ~ s(x, k = 6)),
    data = data, algorithm = "none"
  )$regression
  start <- fit_by_cubature(model, quiet_progress)
  fit <- fit_by_cubature(model, quiet_progress, start$log_tau, start)
  expect_true(fit$converged)
  expect_lt(fit$iterations, 30)
  at <- expect_loglik_and_priors(model, fit$mean, fit$cov)
  gradient <- at$gradient - penalty(model, fit$log_tau) * fit$mean
  expect_lt(sum(gradient * (fit$cov %*% gradient)), 0.01)
})

test_that("correlations that are known have nothing to climb", {
  set.seed(1)
  d <- data.frame(x = stats::runif(60))
  d[c("a", "b", "c")] <- matrix(stats::rnorm(180), 60)
  d$b <- d$b + d$a
  none <- quiet(covary(cbind(a, b, c) ~ s(x, k = 4), rho ~ 0, data = d, draws = 300, seed = 1))
  expect_true(all(correlation(none, d[1, ])$estimate == 0))
  one <- quiet(covary(cbind(a, b, c) ~ s(x, k = 4), rho(b, c) ~ 0, data = d, draws = 300, seed = 1))
  rho <- correlation(one, d[1, ], draws = TRUE)[, 1, , ]
  expect_equal(rho[, 2, 3], rho[, 1, 2] * rho[, 1, 3], ignore_attr = TRUE)
  expect_true(one$info$converged)
})
