# Regression with known sds and correlation is conjugate: moments and evidence in closed form.

conjugate <- function(y, x, covariance, mean, sd) {
  scaled <- solve(covariance, cbind(x, y))
  p <- ncol(x)
  v <- solve(crossprod(x, scaled[, 1:p]) + diag(1 / sd^2, p))
  marginal <- covariance + x %*% (sd^2 * t(x))
  r <- as.vector(y - x %*% mean)
  list(
    mean = as.vector(v %*% (crossprod(x, scaled[, p + 1]) + mean / sd^2)), cov = v,
    evidence = -0.5 * (length(y) * log(2 * pi) + as.numeric(determinant(marginal)$modulus) +
      sum(r * solve(marginal, r)))
  )
}

expect_exact <- function(fit, mean, cov, evidence, label) {
  b <- coefficients_of(fit)
  sd <- sqrt(diag(cov))
  expect_lt(max(abs(colMeans(b) - mean) / sd), 1e-8, label = paste(label, "mean"))
  expect_lt(max(abs(stats::cov(b) - cov) / outer(sd, sd)), 1e-8, label = paste(label, "covariance"))
  expect_lt(abs(fit$info$log_evidence - evidence), 1e-8, label = paste(label, "log evidence"))
  expect_lt(abs(elbo(fit) - evidence), 1e-8, label = paste(label, "ELBO"))
}

known <- function() transform(rows_60(), log_s = 0.3 * z + 2, r = 4 * x - 1)

test_that("one response with known sds", {
  d <- known()
  x <- cbind(d$x, d$z, d$x * d$z)
  truth <- conjugate(d$a, x, diag(exp(2 * d$log_s)), rep(0.5, 3), rep(3, 3))
  for (algorithm in c("nested", "fullrank", "laplace")) {
    fit <- quick(a ~ 0 + x + z + x:z, sigma ~ 0 + offset(log_s),
      data = d,
      prior = set_prior(normal(0.5, 3)), algorithm = algorithm
    )
    expect_exact(fit, truth$mean, truth$cov, truth$evidence, algorithm)
  }
})

test_that("a spline basis, known sds, rows that repeat, weights", {
  d <- known()
  d$x <- round(d$x * 9)
  d$log_s <- d$x / 9
  d$w <- rep(1:2, 30)
  long <- d[rep(1:60, d$w), ]
  x <- splines::bs(long$x, knots = 4, intercept = TRUE, Boundary.knots = c(0, 9))
  truth <- conjugate(long$a, x, diag(exp(2 * long$log_s)), rep(0, 5), rep(10, 5))
  for (algorithm in c("nested", "fullrank", "laplace")) {
    fit <- quick(a ~ 0 + splines::bs(x, knots = 4, intercept = TRUE, Boundary.knots = c(0, 9)),
      sigma ~ 0 + offset(log_s),
      data = d, weights = w,
      prior = set_prior(normal(0, 10)), algorithm = algorithm
    )
    expect_exact(fit, truth$mean, truth$cov, truth$evidence, algorithm)
  }
})

test_that("two responses with known sds and correlation", {
  d <- known()
  s <- exp(d$log_s)
  rho <- tanh(d$r / 2)
  covariance <- rbind(cbind(diag(s^2), diag(rho * s)), cbind(diag(rho * s), diag(60)))
  one <- cbind(d$x, d$z)
  x <- rbind(cbind(one, 0, 0), cbind(0, 0, one)[, c(1, 2, 3, 4)])
  x[61:120, ] <- cbind(0, 0, one)
  truth <- conjugate(c(d$a, d$b), x, covariance, rep(0, 4), rep(2, 4))
  for (algorithm in c("nested", "fullrank", "laplace")) {
    fit <- quick(cbind(a, b) ~ 0 + x + z, sigma(a) ~ 0 + offset(log_s), sigma(b) ~ 0,
      rho ~ 0 + offset(r),
      data = d,
      prior = set_prior(normal(0, 2)), algorithm = algorithm
    )
    expect_exact(fit, truth$mean, truth$cov, truth$evidence, algorithm)
  }
})

test_that("an intercept has its prior after centring", {
  d <- known()
  x <- cbind(d$x, d$z)
  truth <- conjugate(
    d$a, cbind(1, sweep(x, 2, colMeans(x))), diag(exp(2 * d$log_s)), c(1, 0, 0),
    c(2, 3, 3)
  )
  back <- diag(3)
  back[1, 2:3] <- -colMeans(x)
  for (algorithm in c("nested", "fullrank", "laplace")) {
    fit <- quick(a ~ x + z, sigma ~ 0 + offset(log_s),
      data = d, algorithm = algorithm,
      prior = c(set_prior(normal(0, 3)), set_prior(normal(1, 2), class = "Intercept"))
    )
    expect_exact(
      fit, as.vector(back %*% truth$mean), back %*% truth$cov %*% t(back),
      truth$evidence, algorithm
    )
  }
})

test_that("mean-field has the exact mean, the best sds and the gap of theory", {
  d <- known()
  x <- cbind(d$x, d$z)
  truth <- conjugate(d$a, x, diag(exp(2 * d$log_s)), c(0, 0), c(3, 3))
  fit <- quick(a ~ 0 + x + z, sigma ~ 0 + offset(log_s),
    data = d, prior = set_prior(normal(0, 3)),
    algorithm = "meanfield"
  )
  b <- coefficients_of(fit)
  precision <- solve(truth$cov)
  expect_equal(colMeans(b), truth$mean, tolerance = half_of_digits, ignore_attr = TRUE)
  expect_equal(apply(b, 2, stats::sd), 1 / sqrt(diag(precision)),
    tolerance = half_of_digits,
    ignore_attr = TRUE
  )
  gap <- 0.5 * (sum(log(diag(precision))) - as.numeric(determinant(precision)$modulus))
  expect_equal(truth$evidence - elbo(fit), gap, tolerance = half_of_digits)
})

test_that("engines agree where the posterior is nearly Gaussian", {
  set.seed(1)
  d <- data.frame(x = stats::runif(400))
  d$a <- d$x + stats::rnorm(400)
  d$b <- 0.6 * d$a + stats::rnorm(400)
  fits <- lapply(
    c("nested", "fullrank", "laplace"),
    function(a) quick(cbind(a, b) ~ x, rho ~ x, data = d, algorithm = a, draws = 1000)
  )
  b <- lapply(fits, coefficients_of)
  sd <- apply(b[[1]], 2, stats::sd)
  expect_lt(max(abs(colMeans(b[[2]]) - colMeans(b[[1]])) / sd), 0.05)
  expect_lt(max(abs(colMeans(b[[3]]) - colMeans(b[[1]])) / sd), 0.2)
  expect_lt(max(abs(apply(b[[2]], 2, stats::sd) / sd - 1)), 0.05)
  expect_lte(elbo(fits[[2]]), fits[[1]]$info$log_evidence + 0.05)
})
