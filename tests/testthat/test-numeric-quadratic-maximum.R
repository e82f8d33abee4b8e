test_that("the maximum of a bent quadratic is found with its curvature", {
  asked <- 0
  h <- matrix(c(4, 1, 1, 2), 2)
  f <- function(x) {
    asked <<- asked + 1
    d <- x - c(0.7, -1.2)
    -sum(d * (h %*% d)) / 2 - 0.05 * d[1]^3
  }
  top <- quadratic_maximum(f, c(0, 0), c(-5, -5), c(5, 5), c(0.5, 0.5))
  expect_true(top$converged)
  sd <- sqrt(diag(solve(h)))
  expect_lt(max(abs(top$x - c(0.7, -1.2)) / sd), 0.1)
  expect_equal(top$cov, solve(h), tolerance = 0.15)
  expect_lt(asked, 40)
})

test_that("it goes around places without values, and stays within its bounds", {
  f <- function(x) if (x > 1.4) -Inf else -200 * (x - 1.3)^2
  top <- quadratic_maximum(f, 0.5, -4, 4, 0.5)
  expect_lt(abs(top$x - 1.3), 0.01)
  expect_equal(400 * drop(top$cov), 1, tolerance = 0.01)
  rising <- quadratic_maximum(function(x) x, 0, -1, 1, 0.5)
  expect_equal(rising$x, 1)
  expect_null(rising$cov)
})
