# Own dense linear algebra against R's.

random_matrix <- function(n, m) matrix(rnorm(n * m), n)

test_that("products are those of R, for every width of vectors and way of turning", {
  set.seed(511)
  for (size in list(
    c(1, 1, 1), c(7, 5, 3), c(8, 6, 16), c(65, 97, 193), c(130, 20, 400),
    c(3, 200, 70)
  )) {
    a <- random_matrix(size[1], size[3])
    b <- random_matrix(size[3], size[2])
    truth <- a %*% b
    for (level in 0:2) {
      for (turn_a in c(FALSE, TRUE)) {
        for (turn_b in c(FALSE, TRUE)) {
          out <- .Call(
            C_product, if (turn_a) t(a) else a, if (turn_b) t(b) else b, c(turn_a, turn_b),
            level
          )
          expect_close(out, truth, 1e-13, floor = size[3])
        }
      }
    }
  }
  expect_identical(
    .Call(C_product, matrix(0, 2, 0), matrix(0, 0, 3), c(FALSE, FALSE), 2L),
    matrix(0, 2, 3)
  )
  a <- random_matrix(60, 50)
  b <- random_matrix(60, 70)
  expect_close(multiply(a, b, turn_a = TRUE), crossprod(a, b), 1e-13, floor = 60)
  expect_close(multiply(a, a, turn_a = TRUE), crossprod(a), 1e-13, floor = 60)
  expect_close(multiply(a, a, turn_b = TRUE), tcrossprod(a), 1e-13, floor = 60)
  expect_close(multiply(t(a), t(b), turn_b = TRUE), crossprod(a, b), 1e-13, floor = 60)
  expect_close(multiply(t(a), t(b)[1:2, ], turn_b = TRUE), crossprod(a, b[, 1:2]), 1e-13,
    floor = 60
  )
})

test_that("factors and inverses are those of R, also where the matrix is nearly singular", {
  set.seed(512)
  for (n in c(1:18, 31, 48, 65, 129, 290)) {
    x <- random_matrix(n, n + 2) * rep(10^seq(0, -3, length.out = n), n + 2)
    a <- tcrossprod(x)
    root <- .Call(C_cholesky, a)
    expect_true(all(root[lower.tri(root)] == 0))
    expect_lt(max(abs(crossprod(root) - a)), 1e-14 * n * max(abs(a)))
    inverse <- .Call(C_inverse, root)
    expect_identical(inverse, t(inverse))
    # Backward stable: errors of R's own inverse are as large.
    scale <- sqrt(diag(inverse) %o% diag(inverse))
    expect_lt(max(abs(inverse - chol2inv(chol(a))) / scale), 1e-8)
    expect_lt(max(abs(inverse %*% a - diag(n))), 10 * max(abs(chol2inv(chol(a)) %*% a - diag(n))) +
      1e-12)
  }
  expect_identical(spd_root(a), root)
  expect_identical(spd_inverse(root), inverse)
})

test_that("a matrix without a factor is found out", {
  set.seed(513)
  for (n in c(1, 5, 20, 60, 130)) {
    for (bad in unique(c(1, n %/% 2 + 1, n))) {
      a <- tcrossprod(random_matrix(n, n + 1))
      for (value in c(-1, NaN, NA, -Inf)) {
        a[bad, bad] <- value
        expect_null(.Call(C_cholesky, a))
      }
    }
  }
  expect_error(spd_root(a), "not positive definite")
  expect_error(robust_chol(a), class = "covary_error_numerics")
})
