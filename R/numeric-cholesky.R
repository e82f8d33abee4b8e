# Cholesky factors of precisions and covariances. A factor is upper triangular, as chol() has it,
# and has the name of what it is a factor of: crossprod(chol_cov) is a covariance,
# crossprod(chol_precision) a precision, so chol2inv(chol_precision) is the covariance.
#
# Large products are written as t(a) %*% b and a %*% t(b): with R's reference BLAS crossprod(a, b)
# and tcrossprod(a, b) take twice as long, and with others a transposed copy costs nothing.

# As chol(), or a condition of ours. Some LAPACKs, OpenBLAS among them, return a factor with NaN
# where the matrix holds NaN.
cholesky <- function(a) {
  upper <- attempt(chol(a))
  if (is.null(upper) || !all(is.finite(diag(upper)))) stop_indefinite()
  upper
}

stop_indefinite <- function() {
  stop_covary("numerics", "A matrix of curvatures or covariances is not positive definite.")
}

# The factor of h, or NULL where h is not positive definite.
chol_or_null <- function(h) UseMethod("chol_or_null")

#' @export
chol_or_null.default <- function(h) attempt(cholesky(h))

# The precision that has this factor
precision_from <- function(chol_precision) UseMethod("precision_from")

#' @export
precision_from.default <- function(chol_precision) crossprod(chol_precision)

solve_spd <- function(a) chol2inv(cholesky(a))

# precision^-1 g, from the factor of the precision.
solve_chol <- function(chol_precision, g) UseMethod("solve_chol")

#' @export
solve_chol.default <- function(chol_precision, g) {
  backsolve(chol_precision, backsolve(chol_precision, g, transpose = TRUE))
}

# Moves z (d x n, standard normal) of a Gaussian with that precision: R^-1 z.
gaussian_moves <- function(chol_precision, z) UseMethod("gaussian_moves")

#' @export
gaussian_moves.default <- function(chol_precision, z) backsolve(chol_precision, z)

# list(precision, chol_precision): h and its factor; where h is not safely positive definite, the
# matrix with the absolute eigenvalues of h, bounded below by `least` (Newton steps with it climb
# all the same).
robust_factor <- function(h, least = 0.05) UseMethod("robust_factor")

#' @export
robust_factor.default <- function(h, least = 0.05) {
  factor <- chol_or_null(h)
  # pivots may differ because the units of the coordinates do
  if (is_well_conditioned(factor) || is_well_conditioned(factor, sqrt(diag(h)))) {
    return(list(precision = h, chol_precision = factor))
  }
  if (any(!is.finite(h))) stop_covary("numerics", "The curvature of the posterior is not finite.")
  e <- eigen(h, symmetric = TRUE)
  # In standardised units default priors alone have precisions of 0.16.
  values <- pmax(abs(e$values), 1e-8 * max(abs(e$values)), least)
  h <- e$vectors %*% (values * t(e$vectors))
  list(precision = h, chol_precision = cholesky(h))
}

# `units`: of the pivots
is_well_conditioned <- function(factor, units = 1) {
  if (is.null(factor)) {
    return(FALSE)
  }
  pivots <- factor_diagonal(factor) / units
  min(pivots) > 1e-7 * max(pivots)
}

robust_chol <- function(h, least = 0.05) robust_factor(h, least)$chol_precision

# robust_chol() for Newton's method far from the mode, where the curvature is often indefinite:
# cheaper than eigenvalues and closer to the mode is the curvature without the blocks between means
# and the other parameters (`means`: which are means), whose expectation is zero.
ascent_chol <- function(h, means) {
  factor <- chol_or_null(h)
  if (is_well_conditioned(factor)) {
    return(factor)
  }
  robust_chol(without_cross_blocks(h, means))
}

# h without the blocks between the parameters `first` (logical, or NULL: no such split) and the
# others.
without_cross_blocks <- function(h, first) UseMethod("without_cross_blocks")

#' @export
without_cross_blocks.default <- function(h, first) {
  if (!is.null(first)) h[first, !first] <- h[!first, first] <- 0
  h
}

# Covariance from a precision that may be flat or indefinite: sds between 0.02 and 2.
cap_covariance <- function(precision) {
  e <- eigen(precision, symmetric = TRUE)
  variance <- pmin(pmax(1 / pmax(e$values, 1e-8), 4e-4), 4)
  e$vectors %*% (variance * t(e$vectors))
}
