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

as_correlation <- function(r, row) {
  k <- nrow(r)
  out <- diag(k)
  for (i in seq_len(k)[-1]) {
    for (j in seq_len(i - 1)) {
      out[i, j] <- out[j, i] <- tanh(r[[i, j]][row] / 2)
    }
  }
  out
}

test_that("densities, whitening and colouring agree with the matrix forms for K = 1, 2, 3", {
  skip_if_not_installed("mvtnorm")
  set.seed(3)
  for (k in 1:3) {
    r <- random_rhobit(k)
    z <- lapply(seq_len(k), function(i) rnorm(2))
    w <- whiten(z, r)
    d <- standard_log_density(z, r)
    back <- colour(w, r)
    for (row in 1:2) {
      v <- as_correlation(r, row)
      zi <- vapply(z, `[`, 0, row)
      expect_equal(d[row], mvtnorm::dmvnorm(zi, sigma = v, log = TRUE))
      expect_equal(vapply(w, `[`, 0, row), solve(t(chol(v)), zi))
      expect_equal(vapply(back, `[`, 0, row), zi)
    }
  }
})

test_that("densities keep their digits where 1 - rho^2 underflows", {
  r <- matrix(list(), 2, 2)
  r[[2, 1]] <- 80
  # z2 = z1 + sech(40) w: density = N(z1) N(w) cosh(40)
  z1 <- 0
  w <- 0.7
  z <- list(z1, w / cosh(40))
  expect_equal(standard_log_density(z, r), dnorm(z1, log = TRUE) + dnorm(w, log = TRUE) +
    log(cosh(40)), tolerance = 1e-12)
  expect_equal(log_cosh_half(c(-2000, 0, 2000)), c(1000 - log(2), 0, 1000 - log(2)))
})

test_that("matrices that are not positive definite give NaN, not an error", {
  r <- matrix(list(), 3, 3)
  r[[2, 1]] <- 4
  r[[3, 1]] <- 4
  r[[3, 2]] <- -4
  expect_true(is.nan(standard_log_density(list(0, 0, 0), r)))
})
