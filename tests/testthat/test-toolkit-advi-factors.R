# Normals with covariance S^2 + B B', and how often they were evaluated
factor_target <- function(d, r, seed = 1) {
  set.seed(seed)
  s <- exp(rnorm(d) / 2)
  b <- s * matrix(rnorm(d * r), d)
  m <- rnorm(d) * s
  w <- b / s
  inner <- solve(diag(r) + crossprod(w))
  times <- function(v) as.vector(v / s - w %*% (inner %*% crossprod(w, v / s))) / s
  calls <- new.env()
  calls$n <- 0
  target <- target_density(
    function(x) {
      calls$n <- calls$n + 1
      -0.5 * sum((x - m) * times(x - m))
    }, function(x) {
      calls$n <- calls$n + 1
      -times(x - m)
    },
    names = "x", transforms = list(x = transform_identity(d))
  )
  list(
    target = target, calls = calls, mean = m, s = s, b = b, sd = sqrt(s^2 + rowSums(b^2)),
    times = times
  )
}

test_that("the ELBO of factors and its gradients are those of the dense formulas", {
  made <- factor_target(7, 2)
  set.seed(2)
  at <- list(mean = rnorm(7), s = exp(rnorm(7)), b = matrix(rnorm(14), 7))
  noise <- internal("factor_noise")(12, list(dim = 7, rank = 2))
  value <- function(at) {
    cov <- diag(at$s^2) + tcrossprod(at$b)
    moves <- at$s * noise[1:7, ] + at$b %*% noise[8:9, ]
    theta <- cbind(at$mean + moves, at$mean - moves)
    mean(apply(theta, 2, function(x) -0.5 * sum((x - made$mean) * made$times(x - made$mean)))) +
      0.5 * log(det(cov)) + 3.5 * (1 + log(2 * pi))
  }
  seen <- internal("factors_elbo")(made$target, at, noise)
  expect_equal(seen$value, value(at), tolerance = 1e-12)
  slope <- function(change) {
    h <- 1e-5
    (value(change(h)) - value(change(-h))) / (2 * h)
  }
  for (i in c(1, 6)) {
    along <- function(field, j, factor) {
      function(h) {
        at[[field]][j] <- if (factor) at[[field]][j] * exp(h) else at[[field]][j] + h
        at
      }
    }
    expect_equal(seen$mean[i], slope(along("mean", i, FALSE)), tolerance = 1e-7)
    expect_equal(seen$log_s[i], slope(along("s", i, TRUE)), tolerance = 1e-7)
    expect_equal(seen$b[i + 7], slope(along("b", i + 7, FALSE)), tolerance = 1e-7)
  }
})

test_that("directions of least curvature are found where their eigenvalues are nearly equal", {
  set.seed(3)
  u <- qr.Q(qr(matrix(rnorm(200 * 5), 200)))
  l <- c(1, 1.01, 1.02, 1.05, 1.1) / 1000
  curve <- list(dim = 200, times = function(v) v - as.vector(u %*% ((1 - l) * crossprod(u, v))))
  found <- internal("least_eigen")(curve, 5)
  expect_equal(found$values, l, tolerance = 1e-8)
  expect_equal(tcrossprod(found$vectors), tcrossprod(u), tolerance = 1e-8)
})

test_that("a low-rank Gaussian is found, by evaluations that hardly grow with its size", {
  made <- factor_target(300, 4)
  made$calls$n <- 0
  set.seed(4)
  fit <- advi(made$target, "lowrank", control = advi_control(rank = 4))
  expect_true(fit$info$converged)
  expect_lt(made$calls$n, 8000)
  expect_lt(max(abs(mean(fit) - made$mean) / made$sd), 0.01)
  expect_lt(max(abs(log(sd(fit) / made$sd))), 0.03)
  expect_lt(max(abs(tcrossprod(fit$factors$b) / tcrossprod(made$b) - 1)[1:50, 1:50][
    abs(tcrossprod(made$b)[1:50, 1:50]) > 1
  ]), 0.1)
})

test_that("a direction that the factors lack is noticed and found", {
  made <- factor_target(40, 2)
  family <- internal("new_variational_family")("lowrank", 40, 2)
  setup <- list(family = family, control = advi_control())
  set.seed(5)
  # stationary: the second factor alone is missing
  one <- svd(made$b / made$s)
  w <- one$u[, 1] * one$d[1]
  state <- list(
    mean = made$mean, s = made$s, b = cbind(made$s * w, 0), bfgs = NULL,
    noise = internal("factor_noise")(64, family)
  )
  state$value <- list(f = -internal("factors_elbo")(made$target, state, state$noise)$value)
  better <- internal("seek_factors")(made$target, setup, state)
  expect_gt(better$s[1], 0)
  cov <- diag(better$s^2) + tcrossprod(better$b)
  expect_equal(cov, diag(made$s^2) + tcrossprod(made$b), tolerance = 0.05)
  expect_null(internal("seek_factors")(made$target, setup, c(
    better[c("mean", "s", "b", "noise")],
    list(value = list(f = -internal("factors_elbo")(made$target, better, better$noise)$value))
  )))
})

test_that("the certificate of factors says an error that there is", {
  made <- factor_target(60, 3)
  family <- internal("new_variational_family")("lowrank", 60, 3)
  set.seed(6)
  noise <- lapply(1:4, function(i) internal("factor_noise")(16, family))
  error <- function(at) internal("factors_error")(made$target, at, noise)$rms
  right <- made[c("mean", "s", "b")]
  expect_lt(error(right), 0.01)
  shifted <- right
  shifted$mean <- right$mean + 0.2 * made$sd
  expect_gt(error(shifted), 0.1)
  wider <- right
  wider$b <- 1.2 * right$b
  expect_gt(error(wider), 0.05)
})
