test_that("kfold() is the predictive density of rows that the fit has not seen", {
  skip_if_not_installed("loo")
  set.seed(1)
  fit <- quiet(covary(mpg ~ wt, data = mtcars, algorithm = "laplace", draws = 500))
  folds <- rep(1:2, 16)
  set.seed(2)
  out <- quiet(kfold(fit, folds = folds))
  set.seed(2)
  first <- quiet(covary(mpg ~ wt, data = mtcars[folds == 2, ], algorithm = "laplace", draws = 500))
  right <- log(colMeans(exp(log_lik(first, newdata = mtcars[folds == 1, ]))))
  expect_equal(out$pointwise[folds == 1, "elpd_kfold"], right, ignore_attr = TRUE)
  expect_equal(out$estimates["elpd_kfold", "Estimate"], sum(out$pointwise[, "elpd_kfold"]))
  expect_s3_class(out, c("kfold", "loo"), exact = TRUE)
  expect_output(print(out), "elpd_kfold")
  expect_error(kfold(fit, K = 33), class = "covary_error_argument")
  expect_error(kfold(fit, folds = rep(1, 32)), class = "covary_error_argument")
})

test_that("subsets and weights of the fit are kept", {
  skip_if_not_installed("loo")
  w <- rep(c(1, 2), 16)
  fit <- quiet(covary(mpg ~ wt,
    data = mtcars, weights = w, subset = mpg > 12, algorithm = "laplace", draws = 300
  ))
  out <- quiet(kfold(fit, K = 3))
  expect_identical(nrow(out$pointwise), nobs(fit))
  expect_true(all(is.finite(out$pointwise)))
})

test_that("weights count in the rows left out as they do in loo()", {
  skip_if_not_installed("loo")
  set.seed(4)
  d <- data.frame(x = stats::rnorm(60))
  d$y <- d$x + stats::rnorm(60)
  w <- rep(c(1, 5, 0.2), 20)
  fit <- quiet(covary(y ~ x, data = d, weights = w, draws = 2000, seed = 1))
  out <- quiet(kfold(fit, K = 20))
  approximate <- suppressWarnings(loo(fit))
  near <- approximate$pointwise[, "elpd_loo"]
  expect_equal(out$pointwise[, "elpd_kfold"], near, tolerance = 0.05, ignore_attr = TRUE)
  threshold <- sort(approximate$diagnostics$pareto_k)[58]
  exact <- quiet(reloo(fit, approximate, k_threshold = threshold))
  expect_equal(exact$pointwise[, "elpd_loo"], near, tolerance = 0.05, ignore_attr = TRUE)
})

test_that("reloo() puts exact values where Pareto k is high", {
  skip_if_not_installed("loo")
  d <- data.frame(x = 1:20 / 10)
  set.seed(3)
  d$y <- d$x + stats::rnorm(20, 0, .1)
  d$y[20] <- 2.4
  fit <- quiet(covary(y ~ x, data = d, draws = 1000, seed = 1))
  l <- suppressWarnings(loo(fit))
  bad <- which(l$diagnostics$pareto_k > 0.3)
  expect_true(20 %in% bad)
  out <- quiet(reloo(fit, l, k_threshold = 0.3))
  expect_identical(out$pointwise[-bad, ], l$pointwise[-bad, ])
  expect_gt(abs(out$pointwise[[20, "elpd_loo"]] - l$pointwise[[20, "elpd_loo"]]), 0)
  without <- quiet(covary(y ~ x, data = d[-20, ], draws = 4000, seed = 2))
  right <- log(mean(exp(log_lik(without, newdata = d[20, ]))))
  expect_equal(out$pointwise[[20, "elpd_loo"]], right, tolerance = 0.15)
  expect_equal(out$estimates["elpd_loo", "Estimate"], sum(out$pointwise[, "elpd_loo"]))
  expect_error(reloo(fit, 1), class = "covary_error_argument")
  others <- l
  attr(others, "yhash") <- attr(others, "yhash") + 1
  expect_error(reloo(fit, others), class = "covary_error_argument")
})
