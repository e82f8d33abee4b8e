# 1000 rows of three responses in 50 cells, smooths in all predictors
smooth_three <- function() {
  set.seed(7)
  n <- 1000
  x <- sample(50, n, TRUE) / 50
  e <- matrix(stats::rnorm(3 * n), n)
  d <- data.frame(x, a = sin(6 * x) + exp(0.4 * sin(5 * x)) * e[, 1])
  d$b <- cos(4 * x) * e[, 1] + e[, 2]
  d$c <- x + 0.5 * e[, 2] + exp(-0.5 * x) * e[, 3]
  d
}

smooths <- list(cbind(a, b, c) ~ s(x), sigma ~ s(x), rho ~ s(x))
model <- covary(smooths, data = smooth_three(), algorithm = "none")$regression
inner <- fit_by_cubature(model, quiet_progress)
inner <- fit_by_cubature(model, quiet_progress, inner$log_tau, inner)
judge <- function(mean, at) {
  surrogate <- new_surrogate(model, mean, at)
  judge_gaussian(model, surrogate_points(model, surrogate, matrix(inner$log_tau, 1)))
}

test_that("fresh draws pass the Gaussian by cubature and refuse that of Laplace", {
  set.seed(1)
  right <- judge(inner$mean, inner$at)
  expect_true(is_right_gaussian(right))
  expect_lt(right$mcse[1], 0.03)
  mode <- newton_mode(model, penalty(model, inner$log_tau), inner$mean)
  laplace <- judge(mode$mean, mode$without_penalty)
  expect_false(is_right_gaussian(laplace))
  expect_gt(laplace$shift, newton_check_limits$shift + laplace$mcse[1])
  # It is the log sds that are off.
  is_sd <- startsWith(laplace$predictors$key, "sigma")
  expect_gt(min(laplace$predictors$shift[is_sd]), 0.1)
  expect_lt(max(laplace$predictors$shift[!is_sd]), 0.1)
})

test_that("they refuse a covariance that is too narrow, and say by how much", {
  set.seed(2)
  ridge <- penalty(model, inner$log_tau)
  narrow <- inner$at
  # The whole precision is multiplied by 1.2: sds are to be larger by 1.095, to first order
  precision <- diag(ridge) - narrow$hessian
  narrow$hessian <- diag(ridge) - 1.2 * precision
  narrow$gradient <- ridge * inner$mean
  found <- judge(inner$mean, narrow)
  expect_false(is_right_gaussian(found))
  expect_lt(abs(mean(log(found$predictors$sd_ratio)) - 0.1), 0.03)
})

test_that("a fit has the verdict, and draws that cannot be weighed rest on it", {
  # Few rows a coefficient: weights leave too few draws
  few <- smooth_three()[1:300, ]
  fit <- covary(smooths, data = few, seed = 1)
  info <- diagnostics(fit)
  expect_s3_class(info$fresh$predictors, "data.frame")
  expect_identical(info$fresh$predictors$key, model$keys)
  expect_false(info$resampled)
  expect_true(is.na(info$log_evidence))
  expect_match(info$note, "loo")
  expect_true(is_right_gaussian(info$fresh))
  expect_output(print(fit), "by fresh draws means within")
  expect_output(print(info), "Fresh draws: ")
  # Forced weights are applied.
  forced <- suppressWarnings(covary(smooths,
    data = few, draws = 400, seed = 1, control = covary_control(importance = "always")
  ))
  expect_true(forced$info$resampled || !is.null(forced$info$moves))
})

test_that("draws that are not right are said to be rough, with what to do", {
  fit <- structure(list(
    info = list(
      interrupted = FALSE, converged = TRUE, khat = c(coefficients = 0.9),
      fresh = list(shift = 0.2, sd_ratio = c(0.9, 1))
    ), draws = matrix(0, 400, 3, dimnames = list(NULL, c("b", "lp__", "lp_approx__"))),
    algorithm = "nested"
  ))
  expect_warning(warn_quality(fit), "nuts", class = "covary_warning_rough")
  fit$info$resampled <- TRUE
  expect_warning(warn_quality(fit), "khat", class = "covary_warning_khat")
})
