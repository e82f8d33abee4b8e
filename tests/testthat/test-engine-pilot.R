test_that("the pilot's log sds follow residuals that span decades", {
  set.seed(1)
  n <- 300
  x <- sort(stats::runif(n))
  d <- data.frame(x, y = x + 10^(4 * x - 2) * stats::rnorm(n))
  target <- covary(y ~ s(x), sigma ~ s(x), data = d, algorithm = "none")$regression
  truth <- log(10) * (4 * x - 2) - log(target$standard$scale)
  # a log sd has sd 1 / sqrt(2 n) times its handful of coefficients; the rest is the penalty
  expect_lt(sqrt(mean((target$pilot$log_sd[1, ] - truth)^2)), 0.35)
})

test_that("expected squares count the variance of the mean: leverage is not taken for precision", {
  set.seed(2)
  d <- data.frame(x = c(stats::runif(15), 10))
  d$y <- stats::rnorm(16)
  target <- covary(y ~ x, sigma ~ x, data = d, algorithm = "none")$regression
  sub <- constant_spread(target)
  fit <- fit_inner(sub, quiet_progress)
  squares <- expected_squares(sub, fit)
  x <- sub$core$x[[1]]
  mean <- as.vector(fit$mean[1:2] %*% x)
  naive <- (sub$core$cells[2, ] - mean)^2 + diag(t(x) %*% fit$cov[1:2, 1:2] %*% x) +
    sub$core$cells[3, ]^2
  expect_equal(squares$second[1, ], naive, tolerance = rounding_of_solve)
  last <- which.max(x[2, ])
  expect_gt(squares$second[1, last], 0.3)
})

test_that("no climb ends below the sub-model with constant spread that it starts from", {
  for (seed in 1:5) {
    set.seed(seed)
    d <- data.frame(x = stats::rexp(20))
    d$y <- d$x + stats::rnorm(20)
    target <- covary(y ~ s(x, k = 6), sigma ~ s(x, k = 6), data = d, algorithm = "none")$regression
    level <- function(state) state$elbo + log_sd_prior(target, matrix(state$log_tau, 1))
    t <- c(target$pilot$log_tau, pilot_log_tau)
    first <- inner_at(
      target, t,
      list(mean = target$pilot$mean, cov = narrow_start(target, target$pilot$mean, t)),
      quiet_progress, 1e-3
    )
    expect_gte(level(climb_inner(target, quiet_progress)), level(first) - 1e-6)
  }
})

test_that("a row of leverage has two modes, on the mean or off it, and the fit knows both", {
  # Reference by a grid over the two coefficients of the log sd, those of the mean integrated out:
  # mean -.027, sd .343
  set.seed(2501)
  d <- data.frame(x = c(stats::runif(24), 8))
  d$y <- sin(3 * d$x) + stats::rnorm(25, 0, 0.3)
  for (seed in 1:3) {
    set.seed(seed)
    b <- as.matrix(covary(y ~ x, sigma ~ x, data = d))[, "b_x"]
    expect_lt(abs(mean(b) + 0.027), 0.05)
    expect_lt(abs(stats::sd(b) / 0.343 - 1), 0.1)
  }
})
