# Whole fits of three responses

sigma3 <- function(eta) naive_sigma(3, eta)

data_three <- function(n = 400) {
  x <- round(stats::runif(n, -1, 1), 2)
  e <- matrix(stats::rnorm(3 * n), n) %*% chol(sigma3(c(0, 0, 0, 0.2, -0.5, 1, 1, -0.6, 0.8)))
  data.frame(x, a = 1 + x + e[, 1], b = 10 - 2 * x + e[, 2], c = 0.5 * x + e[, 3])
}

test_that("a whole fit of three responses agrees with optim(), by laplace and by nested", {
  set.seed(3)
  d <- data_three()
  y <- as.matrix(d[c("a", "b", "c")])
  n <- nrow(d)
  minus <- function(b) {
    if (max(abs(b[7:12])) > 8) {
      return(1e10)
    }
    residual <- y - cbind(b[1] + b[4] * d$x, b[2] + b[5] * d$x, b[3] + b[6] * d$x)
    v <- sigma3(c(0, 0, 0, b[7:12]))
    n * 0.5 * as.double(determinant(v)$modulus) + 0.5 * sum(residual %*% solve(v) * residual)
  }
  line <- stats::lm(y ~ d$x)
  start <- c(t(stats::coef(line)), log(apply(stats::resid(line), 2, stats::sd)), 0, 0, 0)
  best <- stats::optim(start, minus,
    method = "BFGS", hessian = TRUE, control = list(maxit = 500, reltol = 1e-14)
  )
  sd <- sqrt(diag(solve(best$hessian)))
  names <- c(
    "b_a_Intercept", "b_b_Intercept", "b_c_Intercept", "b_a_x", "b_b_x", "b_c_x",
    "b_sigma_a_Intercept", "b_sigma_b_Intercept", "b_sigma_c_Intercept", "b_rho_a_b_Intercept",
    "b_rho_a_c_Intercept", "b_rho_b_c_Intercept"
  )
  for (algorithm in c("laplace", "nested")) {
    fit <- covary(cbind(a, b, c) ~ x, data = d, algorithm = algorithm, draws = 4000)
    draws <- as.matrix(fit)[, names]
    # A mean is off the mode by the skewness of a log sd, 0.15 sds, and by Monte Carlo error.
    expect_lt(max(abs(colMeans(draws) - best$par) / sd), 0.2, label = algorithm)
    expect_lt(max(abs(apply(draws, 2, stats::sd) / sd - 1)), 0.08, label = algorithm)
    expect_lt(max(fit$info$khat), 0.5)
  }
  # Correlations of pairs are those of Sigma, also of responses that stand later.
  r <- correlation(fit, d[1, ], draws = TRUE)[, 1, , ]
  v <- sigma3(c(0, 0, 0, draws[1, 7:12]))
  expect_equal(r[1, , ], stats::cov2cor(v), ignore_attr = TRUE, tolerance = rounding)
  expect_equal(
    log_lik(fit, resp = c("c", "b"), draw_ids = 1)[1:2],
    vapply(1:2, function(i) {
      mean <- draws[1, 2:3] + draws[1, 5:6] * d$x[i]
      e <- unlist(d[i, c("b", "c")]) - mean
      -log(2 * pi) - 0.5 * log(det(v[2:3, 2:3])) - 0.5 * sum(e * solve(v[2:3, 2:3], e))
    }, 0),
    ignore_attr = TRUE
  )
})

test_that("smooths in means, slopes in sds and correlations of three responses fit by laplace", {
  set.seed(4)
  d <- data_three(300)
  fit <- covary(cbind(a, b, c) ~ s(x, k = 5), sigma ~ x, rho ~ x, data = d, algorithm = "laplace")
  expect_lt(max(fit$info$khat), 0.7)
})
