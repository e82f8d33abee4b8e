weighted_fit <- function() {
  set.seed(3)
  d <- data.frame(x = rnorm(60), w = sample(1:2, 60, TRUE))
  d$a <- d$x + rnorm(60)
  d$b <- 0.5 * d$a + rnorm(60)
  d$a[7] <- 6
  d$b[9] <- NA
  # A target has no scatter within rows (`row_sd`), so the fit has none to be compared.
  suppressMessages(quiet(covary(cbind(a, b) ~ s(x, k = 5), sigma ~ x, rho ~ x,
    data = d, weights = w, draws = 1000, control = covary_control(row_sd = 0)
  )))
}

test_that("free numbers give the draws back, and their density differs from lp__ by a constant", {
  fit <- weighted_fit()
  target <- as_target(fit)
  draws <- unclass(fit$draws)
  free <- free_of_draws(target, draws)
  back <- constrain_regression(target, free)
  expect_equal(back, draws[, colnames(back)], tolerance = 1e-9, ignore_attr = TRUE)
  log_sds <- rowSums(log(draws[, grep("^sds_", colnames(draws)), drop = FALSE]))
  difference <- as.vector(density_at(target, free)$value) - draws[, "lp__"] - log_sds
  expect_lt(diff(range(difference)), 1e-6)
})

test_that("row i at given draws is the column of log_lik()", {
  fit <- weighted_fit()
  e <- new_evaluation(fit, NULL, NULL)
  all <- log_lik(fit)
  for (i in c(1, 7, 9)) {
    expect_equal(log_lik_at(fit, e, fit$draws, i), as.vector(all[, i]), tolerance = 1e-12)
  }
})

test_that("moment matching gives what fitting again gives", {
  skip_if_not_installed("loo")
  set.seed(1)
  d <- data.frame(x = c(rnorm(30), 6))
  d$y <- d$x + rnorm(31)
  d$y[31] <- 1
  fit <- quiet(covary(y ~ x, data = d, draws = 4000))
  before <- suppressWarnings(loo(fit))
  expect_gt(max(before$diagnostics$pareto_k), 0.7)
  matched <- suppressWarnings(loo::loo_moment_match(fit, before))
  exact <- quiet(reloo(fit, before, k_threshold = 0.7))
  bad <- which(before$diagnostics$pareto_k > 0.7)
  expect_lt(max(matched$diagnostics$pareto_k), max(before$diagnostics$pareto_k))
  gap <- function(l) max(abs(l$pointwise[bad, "elpd_loo"] - exact$pointwise[bad, "elpd_loo"]))
  # The default priors of the fit without a row are scaled by other rows, so not the same
  expect_lt(gap(matched), gap(before) / 2)
  expect_error(loo::loo_moment_match(fit, 3), class = "covary_error_argument")
})

test_that("a subsample of rows estimates the whole", {
  skip_if_not_installed("loo")
  set.seed(2)
  d <- data.frame(x = rnorm(800))
  d$y <- d$x + rnorm(800)
  fit <- quiet(covary(y ~ x, data = d, draws = 1000))
  whole <- suppressWarnings(loo(fit))$estimates["elpd_loo", 1]
  part <- suppressWarnings(loo::loo_subsample(fit, observations = 100))
  error <- part$estimates["elpd_loo", "subsampling SE"]
  expect_lt(abs(part$estimates["elpd_loo", "Estimate"] - whole), 4 * error + 0.5)
  expect_error(loo::loo_subsample(fit, observations = 1e4), class = "covary_error_argument")
})
