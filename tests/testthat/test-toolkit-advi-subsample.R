# `r`: correlation of neighbours; else of the first two alone
logistic_rows <- function(n, p, r = NULL) {
  set.seed(5)
  x <- matrix(rnorm(n * p), p)
  if (is.null(r)) {
    x[2, ] <- 0.8 * x[1, ] + 0.6 * x[2, ]
  } else {
    for (j in 2:p) x[j, ] <- r * x[j - 1, ] + sqrt(1 - r^2) * x[j, ]
  }
  y <- rbinom(n, 1, plogis(colSums(x) / (2 * max(1, sqrt(p / 6)))))
  seen <- new.env()
  seen$n <- 0
  target <- target_density(
    function(b, rows) {
      seen$n <- seen$n + length(rows)
      e <- as.vector(b %*% x[, rows])
      sum(y[rows] * e - pmax(e, 0) - log1p(exp(-abs(e))))
    },
    function(b, rows) {
      seen$n <- seen$n + length(rows)
      as.vector(x[, rows] %*% (y[rows] - plogis(as.vector(b %*% x[, rows]))))
    },
    log_prior = function(b) -sum(b^2) / 2, prior_gradient = function(b) -b,
    names = "b", transforms = list(b = transform_identity(p)), rows = n
  )
  list(target = target, seen = seen, x = x, y = y)
}

test_that("minibatches reach the optimum over all rows in few passes, and say how many", {
  made <- logistic_rows(25000, 6)
  set.seed(6)
  exact <- advi(made$target, "meanfield", draws = 100)
  made$seen$n <- 0
  fit <- advi(made$target, "meanfield", batch_size = 200)
  passes <- made$seen$n / 25000
  expect_equal(fit$info$passes, passes, tolerance = 0.05)
  expect_lt(passes, 120)
  expect_true(fit$info$converged)
  expect_lt(max(abs(fit$mean - exact$mean) / exact$sd), 0.1)
  expect_lt(max(abs(log(fit$sd / exact$sd))), 0.1)
})

test_that("minibatch runs that are cut are not converged, and go on bit for bit", {
  made <- logistic_rows(3000, 4)
  run <- function(n) {
    set.seed(7)
    suppressWarnings(advi(made$target, "meanfield", iterations = n, batch_size = 100, draws = 100))
  }
  short <- run(3)
  expect_false(short$info$converged)
  expect_gt(short$info$error, 0.1)
  whole <- run(200)
  expect_true(whole$info$converged)
  on <- suppressWarnings(refine(short, 197))
  expect_identical(on$mean, whole$mean)
  expect_identical(on$sd, whole$sd)
  expect_identical(on$draws, whole$draws)
})

# The mean-field optimum of such a target, expectations of linear predictors by quadrature
logistic_optimum <- function(x, y) {
  k <- seq(-6, 6, by = 0.25)
  w <- dnorm(k) / sum(dnorm(k))
  m <- numeric(nrow(x))
  s <- rep(0.1, nrow(x))
  for (i in 1:15) {
    eta <- as.vector(m %*% x)
    v <- sqrt(as.vector(s^2 %*% x^2))
    q <- plogis(eta + outer(v, k))
    bend <- as.vector((q * (1 - q)) %*% w)
    h <- tcrossprod(x * rep(bend, each = nrow(x)), x) + diag(nrow(x))
    m <- m + solve(h, as.vector(x %*% (y - q %*% w)) - m)
    s <- 1 / sqrt(diag(h))
  }
  list(mean = as.vector(m), sd = s)
}

test_that("the verdict of minibatches is the error, not noise of its own, and sees what is off", {
  made <- logistic_rows(20500, 40, 0.5)
  exact <- logistic_optimum(made$x, made$y)
  set.seed(8)
  fit <- advi(made$target, "meanfield", batch_size = 300, draws = 100)
  off <- c((fit$mean - exact$mean) / exact$sd, log(fit$sd / exact$sd))
  expect_true(fit$info$converged)
  expect_lt(abs(fit$info$error - sqrt(mean(off^2))), 0.015)
  said <- function(state) internal("certify_subsample")(made$target, fit$setup, state)
  state <- fit$state
  state$mean <- state$mean + 0.2 * state$sd
  moved <- said(state)
  # in sds of the posterior, which are larger than those of the family
  expect_gt(mean(-moved$mean), 0.1)
  expect_gt(moved$rms, 0.1)
  state <- fit$state
  state$sd <- state$sd * 1.2
  wide <- said(state)
  # (1 - 1.2^2) / 2; each has noise of about .06, of which the verdict makes .4 tolerances at most
  expect_lt(abs(mean(wide$scale) + 0.22), 3 * 0.06 / sqrt(40))
  expect_gt(wide$rms, 0.1)
})
