# Noise to draw from Gaussians.

# n x d standard normal noise: antithetic pairs, so the mean is exactly 0, and, where n allows,
# sample covariance exactly the identity. What is linear or quadratic in a draw has no Monte Carlo
# error then.
matched_noise <- function(n, d) {
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
  if (n > 4 * d + 10) {
    chol_cov <- cholesky(halves * tcrossprod(t(z)) / (n - 1))
    z <- z %*% backsolve(chol_cov, diag(d))
  }
  if (halves == 1) z else rbind(z, -z)
}
