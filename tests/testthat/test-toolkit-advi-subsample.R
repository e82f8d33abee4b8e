logistic_rows <- function(n, p) {
  set.seed(5)
  x <- matrix(rnorm(n * p), p)
  x[2, ] <- 0.8 * x[1, ] + 0.6 * x[2, ]
  y <- rbinom(n, 1, plogis(0.5 * colSums(x)))
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
  list(target = target, seen = seen)
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
