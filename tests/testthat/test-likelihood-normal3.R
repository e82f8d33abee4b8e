normal3 <- list(name = "normal", responses = 3L)

# An independent density of a cell: Sigma from the partial correlations, then its inverse and
# determinant.
sigma3 <- function(eta) {
  p <- tanh(eta[7:9] / 2)
  r <- diag(3)
  r[2, 1] <- p[1]
  r[3, 1] <- p[2]
  r[3, 2] <- p[1] * p[2] + p[3] * sqrt((1 - p[1]^2) * (1 - p[2]^2))
  r[upper.tri(r)] <- t(r)[upper.tri(r)]
  r * outer(exp(eta[4:6]), exp(eta[4:6]))
}

density3 <- function(cell, eta) {
  root <- matrix(0, 3, 3)
  root[lower.tri(root, TRUE)] <- cell[5:10]
  v <- sigma3(eta)
  d <- cell[2:4] - eta[1:3]
  scatter <- tcrossprod(root) + cell[1] * tcrossprod(d)
  -cell[1] * (1.5 * log(2 * pi) + 0.5 * determinant(v)$modulus) - 0.5 * sum(diag(solve(v, scatter)))
}

random3 <- function(m) {
  root <- matrix(stats::rnorm(6 * m), 6)
  list(
    cells = rbind(sample(1:4, m, TRUE), matrix(stats::rnorm(3 * m), 3), root),
    eta = matrix(stats::rnorm(9 * m), 9)
  )
}

test_that("the density of three responses is that of Sigma, its derivatives those of differences", {
  set.seed(1)
  at <- random3(50)
  out <- .Call(C_likelihood, normal3, at$cells, at$eta)
  for (i in 1:50) {
    cell <- at$cells[, i]
    expect_equal(out[1, i], as.double(density3(cell, at$eta[, i])), tolerance = 1e-11)
    f <- function(eta) .Call(C_likelihood, normal3, cbind(cell), cbind(eta))[1:10]
    truth <- difference_jacobian(f, at$eta[, i])
    expect_close(out[2:10, i], truth[1, ], 1e-8, floor = 1)
    expect_close(out[-(1:10), i], c(truth[-1, ]), 1e-7, floor = 1)
  }
})

test_that("two of three responses, the third apart, have the density of two", {
  set.seed(2)
  at <- random3(70)
  at$eta[8:9, ] <- 0
  apart <- rbind(at$cells[1, ], at$cells[4, ], 0 * at$cells[1, ])
  at$cells[c(7, 9, 10), ] <- 0
  two <- .Call(
    C_likelihood, list(name = "normal", responses = 2L), at$cells[c(1:3, 5, 6, 8), ],
    at$eta[c(1, 2, 4, 5, 7), ]
  )
  one <- .Call(C_likelihood, list(name = "normal", responses = 1L), apart, at$eta[c(3, 6), ])
  all <- .Call(C_likelihood, normal3, at$cells, at$eta)
  expect_equal(all[1, ], two[1, ] + one[1, ], tolerance = rounding)
  expect_close(all[c(2, 3, 5, 6, 8), ], two[2:6, ], 1e-11, floor = 1)
})

test_that("a cell has the density, gradient and Hessian that complex steps gave", {
  eta <- c(0.2, -0.3, 0.1, 0.15, -0.25, 0.05, 1.2, -0.8, 0.6)
  cell <- c(4, 0.7, -1.1, 0.4, 1.5, 0.6, -0.4, 1.2, 0.5, 0.9)
  out <- .Call(C_likelihood, normal3, cbind(cell), cbind(eta))
  expect_equal(out[1], -19.306175286306, tolerance = 1e-12)
  expect_close(out[2:10], c(
    6.814529208658, -10.865395720334, 4.134486825881, 1.076712956591, 8.095788557057,
    -1.875239401214, -3.947342372638, 0.6494429216354, -2.8502073473
  ), 1e-11)
  hessian <- matrix(out[-(1:10)], 9)
  expect_equal(hessian[1:3, 1], c(-5.315422001226, 4.331043317688, -2.306611846316),
    tolerance = 1e-9
  )
  expect_equal(hessian[9, 9], -3.948965432888, tolerance = 1e-9)
})

test_that("scores near a correlation of one are finite", {
  for (c in c(40, -40)) {
    out <- .Call(C_likelihood, normal3, cbind(c(1, 0.1, 0.2, 0.3, 0 * 1:6)), cbind(c(0 * 1:6, c, c, c)))
    expect_true(all(is.finite(out)))
  }
})

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
