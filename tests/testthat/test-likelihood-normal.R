random_rhobit <- function(k) {
  r <- matrix(list(), k, k)
  for (i in seq_len(k)[-1]) {
    for (j in seq_len(i - 1)) {
      r[[i, j]] <- c(0.4, -0.6, 0.2)[i + j - 2] *
        c(1, 0.5)
    }
  }
  r
}

# The predictors of standardised responses with correlations `r`.
standard_eta <- function(r) {
  zero <- rep(list(0), nrow(r))
  list(mu = zero, sigma = zero, rho = r)
}

# From partial correlations given the responses before, by angles: rows of the root are points of
# spheres.
as_correlation <- function(r, row) {
  k <- nrow(r)
  root <- diag(k)
  for (i in seq_len(k)[-1]) {
    for (j in seq_len(i - 1)) {
      partial <- tanh(r[[i, j]][row] / 2)
      root[i, j] <- partial * root[i, i]
      root[i, i] <- root[i, i] * sqrt(1 - partial^2)
    }
  }
  tcrossprod(root)
}

test_that("densities, whitening and correlating agree with the matrix forms for K = 1, 2, 3", {
  skip_if_not_installed("mvtnorm")
  set.seed(3)
  normal <- normal_likelihood()
  for (k in 1:3) {
    r <- random_rhobit(k)
    z <- lapply(seq_len(k), function(i) rnorm(2))
    w <- normal$whiten(z, standard_eta(r))
    d <- normal$log_density(z, standard_eta(r))
    back <- normal$correlate(w, standard_eta(r))
    for (row in 1:2) {
      v <- as_correlation(r, row)
      zi <- vapply(z, `[`, 0, row)
      expect_equal(d[row], mvtnorm::dmvnorm(zi, sigma = v, log = TRUE))
      expect_equal(vapply(w, `[`, 0, row), solve(t(chol(v)), zi))
      expect_equal(vapply(back, `[`, 0, row), zi)
    }
  }
})

test_that("means, sds and marginals are those of mvtnorm for K = 3", {
  skip_if_not_installed("mvtnorm")
  normal <- normal_likelihood()
  eta <- list(mu = list(1, -2, 0.5), sigma = list(0.3, -1, 2), rho = random_rhobit(3))
  sd <- exp(unlist(eta$sigma))
  covariance <- as_correlation(eta$rho, 1) * outer(sd, sd)
  y <- c(1.4, -2.2, 3)
  for (observed in list(1:3, 1:2, c(1, 3), 2, c(3, 1))) {
    at <- normal$marginal(eta, observed)
    expect_equal(
      normal$log_density(as.list(y[observed]), at)[1],
      mvtnorm::dmvnorm(y[observed], unlist(eta$mu)[observed],
        covariance[observed, observed, drop = FALSE],
        log = TRUE
      )
    )
  }
  pairs <- list(c(3, 1), c(2, 3), c(2, 2))
  want <- as_correlation(eta$rho, 1)
  expect_equal(
    vapply(normal$correlations(eta, pairs), `[`, 0, 1), c(want[3, 1], want[3, 2], 1)
  )
  expect_equal(normal$sds(eta, 3:2), lapply(eta$sigma[3:2], exp))
  back <- normal$correlate(normal$whiten(as.list(y), eta), eta)
  expect_equal(vapply(back, `[`, 0, 1), y)
})

test_that("simulated responses have the moments of their predictors", {
  set.seed(8)
  n <- 20000
  constant <- function(v) matrix(v, n, 1)
  r <- matrix(list(), 2, 2)
  r[[2, 1]] <- constant(2 * atanh(0.6))
  y <- normal_likelihood()$simulate(list(
    mu = list(constant(1), constant(-3)), sigma = list(constant(0), constant(log(2))), rho = r
  ))
  expect_equal(vapply(y, mean, 0), c(1, -3), tolerance = 4 * 2 / sqrt(n))
  expect_equal(vapply(y, sd, 0), c(1, 2), tolerance = 4 / sqrt(2 * n))
  expect_equal(cor(y[[1]], y[[2]])[1], 0.6, tolerance = 4 / sqrt(n))
})

test_that("densities keep their digits where 1 - rho^2 underflows", {
  r <- matrix(list(), 2, 2)
  r[[2, 1]] <- 80
  # z2 = z1 + sech(40) w: density = N(z1) N(w) cosh(40)
  z1 <- 0
  w <- 0.7
  z <- list(z1, w / cosh(40))
  expect_equal(
    normal_likelihood()$log_density(z, standard_eta(r)),
    dnorm(z1, log = TRUE) + dnorm(w, log = TRUE) + log(cosh(40)),
    tolerance = rounding
  )
  expect_equal(log_cosh(c(-2000, 0, 2000) / 2), c(1000 - log(2), 0, 1000 - log(2)))
})

test_that("any predictors of three responses have a density", {
  r <- matrix(list(), 3, 3)
  r[[2, 1]] <- 4
  r[[3, 1]] <- 4
  r[[3, 2]] <- -4
  expect_true(is.finite(normal_likelihood()$log_density(list(0, 0, 0), standard_eta(r))))
})
