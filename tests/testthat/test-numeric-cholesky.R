# Factors of precisions and covariances. Another LAPACK than R's own may be in use.

random_spd <- function(n) tcrossprod(matrix(rnorm(n * (n + 1)), n))

test_that("factors and inverses are right, also where the matrix is nearly singular", {
  set.seed(512)
  for (n in c(1:18, 31, 48, 65, 129, 290)) {
    x <- matrix(rnorm(n * (n + 2)), n) * rep(10^seq(0, -3, length.out = n), n + 2)
    a <- tcrossprod(x)
    factor <- cholesky(a)
    expect_true(all(factor[lower.tri(factor)] == 0))
    expect_lt(max(abs(crossprod(factor) - a)), 1e-14 * n * max(abs(a)))
    inverse <- solve_spd(a)
    expect_identical(inverse, t(inverse))
    # Backward stable: errors of R's own inverse are as large.
    scale <- sqrt(diag(inverse) %o% diag(inverse))
    expect_lt(max(abs(inverse - chol2inv(chol(a))) / scale), half_of_digits)
    expect_lt(max(abs(inverse %*% a - diag(n))), 10 * max(abs(chol2inv(chol(a)) %*% a - diag(n))) +
      1e-12)
  }
})

test_that("a matrix without a factor is found out", {
  set.seed(513)
  for (n in c(1, 5, 20, 60, 130)) {
    for (bad in unique(c(1, n %/% 2 + 1, n))) {
      a <- random_spd(n)
      for (value in c(-1, NaN, NA, -Inf, Inf)) {
        a[bad, bad] <- value
        expect_error(cholesky(a), class = "covary_error_numerics")
        expect_null(attempt(cholesky(a)))
      }
    }
  }
  expect_error(cholesky(a), "not positive definite")
  expect_error(robust_chol(a), class = "covary_error_numerics")
})

test_that("without blocks of zero expectation Newton's method climbs in indefinite curvature", {
  h <- rbind(c(1, 0, 3), c(0, 2, 1), c(3, 1, 4))
  expect_null(chol_or_null(h))
  root <- ascent_chol(h, c(TRUE, TRUE, FALSE))
  expect_equal(crossprod(root), rbind(c(1, 0, 0), c(0, 2, 0), c(0, 0, 4)))
  expect_equal(ascent_chol(diag(3) + 0.1, c(TRUE, TRUE, FALSE)), chol(diag(3) + 0.1))
  expect_equal(ascent_chol(h, NULL), robust_chol(h))
})

test_that("a factor in mixed units is no reason to bend the matrix", {
  unit <- c(1e-5, 1, 1e5)
  h <- (diag(3) + 0.3) / outer(unit, unit)
  expect_identical(robust_chol(h), chol(h))
  # nearly singular in its own units
  flat <- rbind(c(1, 1), c(1, 1)) + diag(1e-17, 2)
  expect_gt(min(eigen(crossprod(robust_chol(flat)))$values), 0.04)
})
