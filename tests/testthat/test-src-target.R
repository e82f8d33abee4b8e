test_that("C targets have the values and gradients of their naive twins", {
  set.seed(1)
  y <- c(rnorm(12, 1), rnorm(9, 2, 2))
  g <- rep(0:1, c(12, 9))
  tg <- t_groups(y, g)
  for (i in 1:10) {
    expect_lt(
      max(gradient_error(tg, naive_t_groups(y, g, unlist(tg$data$prior)), tg$start + rnorm(5))),
      rounding_of_fit
    )
  }

  x <- rnorm(40)
  for (known in list(
    list(), list(weights = c(.3, .7)), list(means = c(-1, 1)), list(sds = c(1, 2)),
    list(means = c(-1, 1), sds = c(1, 2))
  )) {
    mx <- do.call(normal_mixture, c(list(data = x, k = 2), known))
    twin <- naive_mixture(x, 2, unlist(mx$data$prior), known$weights, known$means, known$sds)
    for (i in 1:4) expect_lt(max(gradient_error(mx, twin, rnorm(mx$dim))), 1e-9)
  }
  mx <- normal_mixture(data = x, k = 4, concentration = 3)
  expect_lt(
    max(gradient_error(mx, naive_mixture(x, 4, unlist(mx$data$prior)), rnorm(mx$dim))),
    rounding_of_fit
  )
  px <- normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .2))
  twin <- function(v) {
    log(.2 / .1 * exp(-0.5 * ((v + .3) / .1)^2) + .8 / .2 * exp(-0.5 * ((v - .5) / .2)^2)) -
      0.5 * log(2 * pi)
  }
  expect_lt(max(gradient_error(px, twin, 0.1)), rounding_of_fit)

  d <- data.frame(y = rnorm(30), a = rnorm(30), f = factor(rep(1:3, 10)))
  lr <- linear_regression(y ~ a + f, d, prior = normal(0, 3), sigma = half_t(1, 0, 2))
  twin <- naive_regression(model.matrix(~ a + f, d), d$y, 3, 2)
  for (i in 1:5) expect_lt(max(gradient_error(lr, twin, rnorm(5))), 1e-9)
})

test_that("the regression target, its minibatches and snapshots agree with each other", {
  set.seed(2)
  d <- data.frame(x = runif(60))
  d$y <- sin(6 * d$x) + rnorm(60)
  d$z <- d$x + rnorm(60)
  target <- covary(cbind(y, z) ~ s(x, k = 5), rho ~ x, data = d, algorithm = "none")
  at <- internal("density_at")
  theta <- target$start + rnorm(target$dim, 0, .1)
  whole <- at(target, matrix(theta, 1), TRUE)
  model <- target$regression
  b <- seq_len(model$dim)
  base <- internal("loglik_and_priors")(model, theta[b], 1L)
  more <- internal("log_smooth_prior")(model, matrix(theta[b], 1), matrix(theta[-b], 1)) +
    internal("log_sd_prior")(model, matrix(theta[-b], 1))
  expect_equal(whole$value, base$value + more, tolerance = rounding)
  up <- function(j, h) at(target, matrix(replace(theta, j, theta[j] + h), 1))$value
  for (j in seq_along(theta)) {
    expect_equal(whole$gradient[j], (up(j, 1e-5) - up(j, -1e-5)) / 2e-5,
      tolerance = 1e-5
    )
  }
  # the mean over all single rows is the whole
  rows <- seq_len(target$rows)
  each <- lapply(rows, function(i) at(target, matrix(theta, 1), TRUE, i, target$rows))
  expect_equal(mean(vapply(each, `[[`, 0, "value")), whole$value, tolerance = 1e-10)
  expect_equal(rowMeans(sapply(each, `[[`, "gradient")), as.vector(whole$gradient),
    tolerance = 1e-9
  )
  at_snapshot <- target
  at_snapshot$snapshot <- .Call(internal("C_snapshot"), target$data, theta[b] + 0.01)
  each <- lapply(rows, function(i) at(at_snapshot, matrix(theta, 1), TRUE, i, target$rows))
  expect_equal(rowMeans(sapply(each, `[[`, "gradient")), as.vector(whole$gradient),
    tolerance = 1e-8
  )
  expect_equal(mean(vapply(each, `[[`, 0, "value")), whole$value, tolerance = 1e-9)
})

test_that("bad input of targets is refused with typed conditions", {
  expect_error(t_groups(1:10, rep(1, 10)), class = "covary_error_argument")
  expect_error(t_groups(rep(1, 10), rep(1:2, 5)), class = "covary_error_constant_response")
  expect_error(normal_mixture(c(.5, .6), 1:2, 1:2), class = "covary_error_argument")
  expect_error(normal_mixture(c(.5, .5), 1:2), class = "covary_error_argument")
  expect_error(normal_mixture(c(.5, .5), 1:3, 1:2), class = "covary_error_argument")
  expect_error(linear_regression(y ~ q, data.frame(y = 1:3)), class = "covary_error_variable")
  expect_error(linear_regression(mpg ~ wt, mtcars, prior = half_t()), class = "covary_error_prior")
  expect_error(linear_regression(mpg ~ wt, mtcars, prior = list(zz = normal())),
    class = "covary_error_prior"
  )
  expect_error(as_target(1), class = "covary_error_argument")
})
