# Cholesky factors of precisions and covariances. A factor is upper triangular, as chol() returns it,
# and has the name of what it is a factor of: crossprod(chol_cov) is a covariance,
# crossprod(chol_precision) a precision, so chol2inv(chol_precision) is the covariance.
#
# Large products are written as t(a) %*% b and a %*% t(b): with R's reference BLAS crossprod(a, b)
# and tcrossprod(a, b) take twice as long, and with others a transposed copy costs nothing.

# As chol(), or a condition of ours. Some LAPACKs, OpenBLAS among them, return a factor with NaN
# where the matrix holds NaN.
cholesky <- function(a) {
  upper <- attempt(chol(a))
  if (is.null(upper) || !all(is.finite(diag(upper)))) {
    stop_covary("numerics", "A matrix of curvatures or covariances is not positive definite.")
  }
  upper
}

solve_spd <- function(a) chol2inv(cholesky(a))

is_safe <- function(upper) !is.null(upper) && min(diag(upper)) > 1e-7 * max(diag(upper))

# list(matrix, chol): a precision matrix and its Cholesky factor; where it is not safely positive
# definite, that with the absolute eigenvalues, bounded below (a direction of ascent all the same).
robust_factor <- function(h, least = 0.05) {
  upper <- attempt(cholesky(h))
  if (is_safe(upper)) {
    return(list(matrix = h, chol = upper))
  }
  if (any(!is.finite(h))) stop_covary("numerics", "The curvature of the posterior is not finite.")
  e <- eigen(h, symmetric = TRUE)
  # In standardised units default priors alone have precisions of 0.16.
  values <- pmax(abs(e$values), 1e-8 * max(abs(e$values)), least)
  h <- e$vectors %*% (values * t(e$vectors))
  list(matrix = h, chol = cholesky(h))
}

robust_chol <- function(h, least = 0.05) robust_factor(h, least)$chol

# The same for Newton's method far from the mode, where the curvature is often indefinite: cheaper
# and closer to the mode than eigenvalues is the curvature without the blocks whose expectation is
# zero.
ascent_chol <- function(h, means) {
  upper <- attempt(cholesky(h))
  if (is_safe(upper)) {
    return(upper)
  }
  if (!is.null(means)) h[means, !means] <- h[!means, means] <- 0
  robust_chol(h)
}
