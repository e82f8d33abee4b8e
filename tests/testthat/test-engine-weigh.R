right <- list(shift = 0, sd_ratio = c(1, 1))
ask <- list(importance = "auto")
counted <- function(log_ratio) {
  seen <- 0
  list(
    of = function(rows) {
      seen <<- seen + length(rows)
      log_ratio[rows]
    },
    seen = function() seen
  )
}

test_that("a probe spares the other draws the likelihood where weights are of no use", {
  set.seed(1)
  uneven <- counted(stats::rnorm(4000, sd = 1.5))
  probe <- useless_probe(uneven$of, 4000, list(fresh = right), ask)
  expect_identical(uneven$seen(), 500)
  expect_length(probe$log_ratio, 500)
  expect_lt(importance_ess(probe$weights), 250)
})

test_that("all are weighed where weights are even, asked for, or the Gaussian is not right", {
  set.seed(1)
  even <- stats::rnorm(4000, sd = 0.2)
  uneven <- stats::rnorm(4000, sd = 1.5)
  probed <- function(x, fresh, control) useless_probe(function(i) x[i], 4000, fresh, control)
  expect_null(probed(even, list(fresh = right), ask))
  expect_null(probed(uneven, list(fresh = list(shift = 0.2, sd_ratio = c(1, 1))), ask))
  expect_null(probed(uneven, list(), ask))
  expect_null(probed(uneven, list(fresh = right), list(importance = "always")))
  expect_null(useless_probe(function(i) uneven[i], 900, list(fresh = right), ask))
})

test_that("lp__ of draws that a probe left unweighed is near the log joint density", {
  set.seed(2)
  n <- 300
  x <- stats::runif(n, -2, 2)
  y <- matrix(stats::rnorm(5 * n), n) + sin(x)
  d <- stats::setNames(data.frame(y, x), c(letters[1:5], "x"))
  fit <- quiet(covary(cbind(a, b, c, d, e) ~ s(x, k = 4), sigma ~ s(x, k = 4), rho ~ x,
    data = d, draws = 1000, seed = 1
  ))
  skip_if(isTRUE(diagnostics(fit)$resampled))
  draws <- as.matrix(fit)
  gap <- rowSums(log_lik(fit)) + draws[, "lprior"] - draws[, "lp__"]
  expect_lt(abs(mean(gap)), 4 * stats::sd(gap) / sqrt(500))
})

test_that("costly weights are left aside only where fresh draws find the Gaussian right", {
  set.seed(3)
  even <- stats::rnorm(4000, sd = 0.6)
  probed <- function(fresh, control) useless_probe(function(i) even[i], 4000, fresh, control, TRUE)
  probe <- probed(list(fresh = right), ask)
  expect_length(probe$log_ratio, 500)
  expect_null(probed(list(fresh = list(shift = 0.2, sd_ratio = c(1, 1))), ask))
  expect_null(probed(list(fresh = right), list(importance = "always")))
  sample <- list(beta = matrix(0, 2, 1), log_tau = matrix(0, 2, 0), lp = c(0, 0))
  # the log mean of log-normal weights is half their variance
  known <- without_weights(sample, probe$weights, list(), is_costly = TRUE)
  expect_lt(abs(known$info$log_evidence - 0.18), 4 * 0.6 / sqrt(500))
  expect_identical(without_weights(sample, probe$weights, list())$info$log_evidence, NA_real_)
})
