funnel_target <- function(d) {
  target_density(
    function(x) -x[1]^2 / 18 - (d - 1) / 2 * x[1] - sum(x[-1]^2) * exp(-x[1]) / 2,
    function(x) {
      c(-x[1] / 9 - (d - 1) / 2 + sum(x[-1]^2) * exp(-x[1]) / 2, -x[-1] * exp(-x[1]))
    },
    names = "x", transforms = list(x = transform_identity(d))
  )
}

# Its mean-field optimum: E[x_j^2 exp(-x_1)] is one
funnel_optimum <- function(d) {
  v <- 1 / (1 / 9 + (d - 1) / 2)
  list(mean = numeric(d), sd = c(sqrt(v), rep(exp(-v / 4), d - 1)))
}

test_that("the flattest directions of a quadratic are found by few products", {
  set.seed(1)
  p <- 150
  q <- qr.Q(qr(matrix(stats::rnorm(p^2), p)))
  values <- c(0.001, stats::runif(p - 1, 0.9, 2.2))
  h <- q %*% (values * t(q))
  calls <- 0
  flat <- internal("flat_directions")(function(v) {
    calls <<- calls + 1
    as.vector(h %*% v) + 3
  }, p)
  expect_lte(calls, 16)
  expect_equal(ncol(flat$s), 1)
  expect_gt(abs(sum(flat$s * q[, 1])), 0.999)
  expect_lt(sum(flat$s * flat$y), 0.01)
  # nothing is flat
  expect_equal(ncol(internal("flat_directions")(function(v) 1.5 * v, p)$s), 0)
  # nor can be seen to be
  expect_equal(ncol(internal("flat_directions")(function(v) v * NaN, p)$s), 0)
  # a way along it that the slopes elsewhere hide
  errors <- matrix(stats::rnorm(p * 4, 0, 0.01), p)
  slopes <- errors + 0.001 * 5 * q[, 1]
  known <- list(s = q[, 1, drop = FALSE], y = 0.001 * q[, 1])
  right <- internal("correct_along")(errors, slopes, known)
  along <- as.vector(crossprod(q[, 1], errors)) / 0.001
  expect_equal(as.vector(crossprod(q[, 1], right)), 5 + along)
  expect_equal(crossprod(q[, -1], right), crossprod(q[, -1], errors))
})

test_that("fits come down a long funnel", {
  best <- funnel_optimum(200)
  for (seed in 1:2) {
    set.seed(seed)
    fit <- advi(funnel_target(200), "meanfield")
    expect_true(fit$info$converged)
    expect_lt(abs(mean(fit)[1] / best$sd[1]), 0.3)
    expect_lt(max(abs(log(sd(fit) / best$sd))), 0.1)
  }
  set.seed(1)
  full <- advi(funnel_target(60))
  expect_true(full$info$converged)
  expect_lt(abs(mean(full)[1]), 0.3 * sd(full)[1])
})

test_that("a verdict sees far down a valley of many parameters", {
  d <- 100
  target <- funnel_target(d)
  best <- funnel_optimum(d)
  error <- function(shift, scale, valleys) {
    set.seed(1)
    noise <- internal("replicate_noise")(256, d)
    internal("diagonal_error")(
      target, shift * best$sd, best$sd * exp(scale), noise, 0.05, FALSE, valleys
    )$rms
  }
  expect_lt(error(numeric(d), numeric(d), TRUE), 0.05)
  # log sds follow the mean
  shift <- c(-5, numeric(d - 1))
  scale <- c(0, rep(-2.5 * best$sd[1], d - 1))
  off <- sqrt(mean(c(shift, scale)^2))
  expect_lt(abs(log(error(shift, scale, TRUE) / off)), log(2))
  expect_lt(error(shift, scale, FALSE), 0.2 * off)
})

test_that("so does that of a full-rank fit", {
  d <- 30
  target <- funnel_target(d)
  best <- funnel_optimum(d)
  error <- function(mean, sd) {
    set.seed(1)
    internal("full_error")(
      target, mean, diag(sd), internal("replicate_noise")(256, d)
    )
  }
  # independent coordinates are its optimum too
  expect_lt(error(best$mean, best$sd)$rms, 0.05)
  away <- error(
    c(-4 * best$sd[1], numeric(d - 1)), best$sd * exp(c(0, rep(-2 * best$sd[1], d - 1)))
  )
  off <- sqrt(mean(c(4, numeric(d - 1), 0, rep(2 * best$sd[1], d - 1))^2))
  expect_lt(abs(log(away$rms / off)), log(2))
  expect_lt(away$plain, 0.2 * off)
})

# Errors of one Newton step, and of the way to the optimum, from the same draws
both_errors <- function(target, mean, chol_cov, pairs = 1024) {
  noise <- internal("replicate_noise")(pairs, length(mean))
  z <- internal("paired")(do.call(cbind, noise))
  g <- chol_cov %*% internal("gradient_at")(target, mean + crossprod(chol_cov, z))
  list(
    step = internal("whitened_error")(g, z, noise),
    way = internal("full_error")(target, mean, chol_cov, noise)
  )
}

test_that("the scale of a heavy-tailed target is as far as quadrature says", {
  nu <- 3
  target <- target_density(function(x) -(nu + 1) / 2 * log1p(x^2 / nu),
    function(x) -(nu + 1) * x / (nu + x^2),
    names = "x"
  )
  right <- quadrature_kl(function(x) stats::dt(x, nu, log = TRUE), lower = -60, upper = 60)$sd
  set.seed(1)
  for (by in c(0.9, 1.1)) {
    said <- both_errors(target, 0, matrix(by * right))
    # differences along moves of a tenth of an sd, at most a tenth of the way off; noise .005
    expect_lt(abs(said$way$scale + log(by)), 0.02)
    # log sds of a Gaussian would have twice the curvature
    expect_gt(abs(said$step$scale + log(by)), 0.025)
    field <- internal("diagonal_error")(
      target, 0, by * right, internal("replicate_noise")(1024, 1),
      values = FALSE, valleys = TRUE
    )
    expect_lt(abs(field$scale + log(by)), 0.02)
  }
})

test_that("a fit that stands still in a curved valley is seen to be far from the optimum", {
  target <- target_density(
    function(x) -(1 - x[[1]])^2 / 2 - 5 * (x[[2]] - x[[1]]^2)^2,
    function(x) {
      c(1 - x[[1]] + 20 * x[[1]] * (x[[2]] - x[[1]]^2), -10 * (x[[2]] - x[[1]]^2))
    },
    names = c("x", "y")
  )
  # its ELBO in closed form: mean p[1:2], factor of the covariance from the others
  loss <- function(p) {
    l <- matrix(c(exp(p[3]), p[4], 0, exp(p[5])), 2)
    v <- tcrossprod(l)
    m <- p[1:2]
    cross <- m[2] * (m[1]^2 + v[1, 1]) + 2 * m[1] * v[1, 2]
    fourth <- m[1]^4 + 6 * m[1]^2 * v[1, 1] + 3 * v[1, 1]^2
    ((1 - m[1])^2 + v[1, 1]) / 2 + 5 * (m[2]^2 + v[2, 2] - 2 * cross + fourth) - p[3] - p[5]
  }
  p <- optim(c(0, 0, -1, 0, -1), loss,
    method = "BFGS", control = list(reltol = 1e-14, maxit = 1000)
  )$par
  l <- matrix(c(exp(p[3]), p[4], 0, exp(p[5])), 2)
  best <- list(mean = p[1:2], chol_cov = t(l), sd = sqrt(rowSums(l^2)))
  # steps of the ELBO have become small on the way, at which natural gradients crawl
  early <- list(mean = c(0.325, 0.264), chol_cov = matrix(c(0.364, 0, 0.175, 0.316), 2))
  off <- c((early$mean - best$mean) / best$sd, log(sqrt(colSums(early$chol_cov^2)) / best$sd))
  expect_gt(sqrt(mean(off^2)), 0.5)
  set.seed(3)
  said <- both_errors(target, early$mean, early$chol_cov)
  expect_lt(said$step$rms, 0.2)
  expect_gt(said$way$rms, 0.3)
  # nor is a fit that was stopped there
  set.seed(25)
  stopped <- suppressWarnings(advi(target, iterations = 18))
  expect_false(stopped$info$converged)
  expect_gt(stopped$info$error, 0.3)
  # and one that has arrived is not
  expect_lt(both_errors(target, best$mean, best$chol_cov)$way$rms, 0.06)
})

test_that("a mean-field fit that has not come down a funnel is seen to be far", {
  target <- target_density(function(x) {
    -x[1]^2 / 18 - 4.5 * x[1] - sum(x[-1]^2) * exp(-x[1]) / 2
  }, function(x) {
    c(-x[1] / 9 - 4.5 + sum(x[-1]^2) * exp(-x[1]) / 2, -x[-1] * exp(-x[1]))
  }, names = "x", transforms = list(x = transform_identity(10)))
  # log sds follow x[1]: E[x_j^2 e^-x1] = s_j^2 e^(-m + v / 2) = 1, and m = 0 - 9 (1 - 1) / 2 = 0,
  # v = 1 / (1 / 9 + 9 / 2)
  v <- 1 / (1 / 9 + 9 / 2)
  best <- list(mean = numeric(10), sd = c(sqrt(v), rep(exp(-v / 4), 9)))
  error <- function(mean, sd) {
    set.seed(1)
    noise <- internal("replicate_noise")(256, 10)
    internal("diagonal_error")(target, mean, sd, noise, 0.05, values = FALSE, valleys = TRUE)$rms
  }
  expect_lt(error(best$mean, best$sd), 0.02)
  # where L-BFGS had ended too early: slopes along the valley are no larger than others
  shift <- c(-0.235, 0.004, -0.002, -0.004, 0.002, 0.003, -0.002, 0.002, 0.002, -0.002)
  scale <- c(0.055, -0.064, -0.066, -0.067, -0.054, -0.051, -0.061, -0.047, -0.057, -0.047)
  off <- sqrt(mean(c(shift, scale)^2))
  expect_lt(abs(log(error(shift * best$sd, best$sd * exp(scale)) / off)), log(1.5))
})

test_that("of a step that leads too far a share counts, half at least", {
  share <- internal("share_of_step")
  # slopes 1 before, -1 / 2 after: zero at two thirds
  expect_equal(share(c(1, 1), c(0.5, 0.5), c(-0.25, -0.25)), 2 / 3)
  expect_equal(share(1, 1, 0.4), 1)
  expect_equal(share(1, 1, -9), 0.5)
  expect_equal(share(1, 1, NaN), 1)
  error <- list(rms = 0.2, beyond_noise = 0.1, mean = 1:2, scale = 3, plain = 5)
  expect_equal(
    internal("shorten_error")(error, 0.5),
    list(rms = 0.1, beyond_noise = 0.05, mean = 1:2 / 2, scale = 1.5, plain = 5)
  )
})
