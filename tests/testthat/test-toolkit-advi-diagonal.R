# d correlated normals: the mean-field optimum has the means, and sds of the conditionals
chain_target <- function(d) {
  set.seed(1)
  m <- rnorm(d)
  s <- exp(rnorm(d))
  a <- (1 + 0.64 * (seq_len(d) %in% 2:(d - 1))) / 0.36
  times <- function(u) a * u - 0.8 / 0.36 * (c(0, u[-d]) + c(u[-1], 0))
  calls <- new.env()
  calls$n <- 0
  target <- target_density(
    function(t) {
      calls$n <- calls$n + 1
      u <- (t - m) / s
      -0.5 * sum(u * times(u))
    },
    function(t) {
      calls$n <- calls$n + 1
      -times((t - m) / s) / s
    },
    names = "x", transforms = list(x = transform_identity(d))
  )
  list(target = target, calls = calls, mean = m, sd = s / sqrt(a))
}

test_that("means and sds of hundreds of parameters take few evaluations, all of them counted", {
  known <- chain_target(300)
  known$calls$n <- 0
  set.seed(2)
  fit <- advi(known$target, "meanfield")
  # the checks of the gradient at start and end look at the density too
  expect_equal(fit$info$evaluations, known$calls$n, tolerance = 0.05)
  expect_lt(known$calls$n, 6000)
  expect_true(fit$info$converged)
  expect_lt(max(abs(mean(fit) - known$mean) / known$sd), 0.05)
  expect_lt(max(abs(log(sd(fit) / known$sd))), 0.08)
})

test_that("the certificate says the error that there is, neither more nor less", {
  known <- chain_target(200)
  error <- internal("diagonal_error")
  set.seed(3)
  noise <- internal("replicate_noise")(64, 200)
  right <- error(known$target, known$mean, known$sd, noise)
  expect_lt(right$rms, 0.03)
  # means off by .2 sds of the family, which is more than in sds of the posterior
  shift <- known$mean + 0.2 * known$sd * rep(c(1, -1), 100)
  expect_equal(error(known$target, shift, known$sd, noise, 1)$rms, 0.2 / sqrt(2), tolerance = 0.1)
  scaled <- error(known$target, known$mean, known$sd * exp(0.1), noise)
  expect_gt(scaled$rms, 0.05)
  expect_true(all(abs(error(known$target, shift, known$sd, noise)$mean) < 0.25))
})

test_that("a search for a mode that does not exist is given up, and the fit is none the worse", {
  y <- c(28, 8, -3, 7, -1, 1, 18, 12)
  s <- c(15, 10, 16, 11, 9, 11, 10, 18)
  target <- target_density(
    function(x) {
      e <- x[3:10] - x[1]
      -x[1]^2 / 50 - log1p(exp(2 * x[2]) / 25) - 7 * x[2] - sum(e^2) * exp(-2 * x[2]) / 2 -
        sum(((x[3:10] - y) / s)^2) / 2
    },
    function(x) {
      e <- (x[3:10] - x[1]) * exp(-2 * x[2])
      c(
        -x[1] / 25 + sum(e), -2 * plogis(2 * x[2] - log(25)) - 7 + sum(e * (x[3:10] - x[1])),
        -e - (x[3:10] - y) / s^2
      )
    },
    names = "x", transforms = list(x = transform_identity(10))
  )
  target$start[] <- 0
  climbed <- internal("start_climb")(target, numeric(10))
  while (!climbed$ended) climbed <- internal("climb")(target, climbed)
  expect_false(climbed$reached)
  expect_lt(climbed$steps, 200)
  set.seed(4)
  for (family in c("meanfield", "fullrank")) {
    fit <- suppressWarnings(advi(target, family))
    expect_true(fit$info$converged, info = family)
    # not the collapsed mode
    expect_gt(fit$mean[2], 0)
  }
})

test_that("gradients alone are those of the density, and are counted once", {
  known <- chain_target(5)
  theta <- matrix(rnorm(10), 5)
  metered <- internal("with_meter")(known$target)
  expect_equal(
    internal("gradient_at")(metered, theta),
    internal("density_at")(metered, t(theta), TRUE)$gradient
  )
  expect_equal(metered$meter$evaluations, 2 + 4)
})
