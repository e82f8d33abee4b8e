test_that("many symmetric matrices have the eigenvalues and vectors that eigen() finds", {
  set.seed(1)
  for (d in c(1, 2, 4, 11)) {
    a <- matrix(rnorm(triangle_size(d) * 30), ncol = 30)
    a[, 1] <- lower_triangle(diag(d))
    a[, 2] <- 0
    a[, 3] <- lower_triangle(tcrossprod(rnorm(d))) # of rank one
    a[, 4] <- 1e100 * a[, 4]
    got <- jacobi_eigen(a, d)
    for (i in seq_len(30)) {
      whole <- symmetric_matrix(a[, i], d)
      v <- matrix(got$vectors[, i], d)
      scale <- max(abs(whole), 1e-300)
      expect_lt(max(abs(crossprod(v) - diag(d))), rounding)
      expect_lt(max(abs(v %*% (got$values[, i] * t(v)) - whole)) / scale, rounding)
      expect_lt(max(abs(sort(got$values[, i]) - rev(eigen(whole)$values))) / scale, rounding)
    }
  }
})
