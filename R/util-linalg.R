# Linear algebra of large dense matrices by the C core; R's reference BLAS is several times slower.
# Small ones are left to R.

large_matrix <- 48L

# As chol(): the upper factor, or an error.
spd_root <- function(a) {
  small <- nrow(a) < large_matrix
  root <- if (small) tryCatch(chol(a), error = function(e) NULL) else .Call(C_cholesky, a)
  if (is.null(root)) {
    stop_covary("numerics", "A matrix of curvatures or covariances is not positive definite.")
  }
  root
}

# As chol2inv(): the inverse of root'root.
spd_inverse <- function(root) {
  if (nrow(root) < large_matrix) {
    chol2inv(root)
  } else {
    .Call(C_inverse, root)
  }
}

# As %*%, with either factor transposed first.
multiply <- function(a, b, turn_a = FALSE, turn_b = FALSE) {
  if (as.double(length(a)) * length(b) >= large_matrix^4) {
    return(.Call(C_product, a, b, c(turn_a, turn_b), 2L))
  }
  if (turn_a) {
    crossprod(a, if (turn_b) t(b) else b)
  } else if (turn_b) {
    tcrossprod(a, b)
  } else {
    a %*% b
  }
}
