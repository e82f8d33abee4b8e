# Noise to draw from Gaussians.

# Standard normal noise in the shape of a vector or matrix
noise_like <- function(v) {
  out <- stats::rnorm(length(v))
  dim(out) <- dim(v)
  out
}

# n x d standard normal noise: antithetic pairs, so the mean is exactly 0, and, where n allows,
# sample covariance exactly the identity. What is linear or quadratic in a draw has no Monte Carlo
# error then. `some`: the columns whose covariance is made so, where others are many.
matched_noise <- function(n, d, some = NULL) {
  if (d == 0) {
    return(matrix(0, n, 0))
  }
  half <- ceiling(n / 2)
  z <- stats::rnorm(half * d)
  dim(z) <- c(half, d)
  if (n %% 2 == 1) {
    z <- rbind(z, -z)[seq_len(n), , drop = FALSE]
    z <- z - rep(colMeans(z), each = n)
  }
  # Both halves of the pairs have the same scatter.
  halves <- 2 - n %% 2
  if (is.null(some) && n > 4 * d + 10) {
    z <- with_unit_covariance(z, halves, n - 1)
  } else if (length(some) && n > 4 * length(some) + 10) {
    z[, some] <- with_unit_covariance(z[, some, drop = FALSE], halves, n - 1)
  }
  if (halves == 1) z else rbind(z, -z)
}

# z (n x d) times a matrix that makes the identity of its cross products, times `halves`, over m.
with_unit_covariance <- function(z, halves, m) {
  chol_cov <- cholesky(halves * tcrossprod(t(z)) / m)
  z %*% backsolve(chol_cov, diag(ncol(z)))
}
