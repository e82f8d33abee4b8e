quadratic <- function(mean, precision) {
  function(x) {
    list(
      value = -0.5 * sum((x - mean) * (precision %*% (x - mean))),
      gradient = -as.vector(precision %*% (x - mean)), hessian = -precision
    )
  }
}

test_that("a quadratic takes one step, and the factor is that of its precision", {
  precision <- crossprod(matrix(c(2, 0, 0, 1, 1, 0, 0.5, 0.2, 3), 3))
  mode <- newton_maximum(quadratic(1:3, precision), numeric(3))
  expect_true(mode$converged)
  expect_lte(mode$iterations, 2)
  expect_equal(mode$x, c(1, 2, 3))
  expect_equal(crossprod(mode$chol_precision), precision)
})

test_that("steps climb from where the curvature is indefinite", {
  # log of a t density: convex beyond one scale
  t_density <- function(x) {
    list(
      value = -2 * sum(log1p(x^2 / 3)), gradient = -4 * x / (3 + x^2),
      hessian = diag(-4 * (3 - x^2) / (3 + x^2)^2, length(x))
    )
  }
  mode <- newton_maximum(t_density, c(8, -5))
  expect_true(mode$converged)
  expect_lt(max(abs(mode$x)), 1e-4)
})

test_that("a start without a finite value is replaced by zero; none at zero either is an error", {
  shifted <- function(x) if (any(x > 5)) list(value = -Inf) else quadratic(1, diag(1))(x)
  expect_equal(newton_maximum(shifted, 6)$x, 1)
  expect_error(newton_maximum(function(x) list(value = NaN), 6), class = "covary_error_numerics")
})
