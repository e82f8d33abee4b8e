test_that("a climb ends at the optimum, or where steps gain too little", {
  set.seed(1)
  h <- crossprod(matrix(stats::rnorm(25), 5)) + diag(5)
  centre <- stats::rnorm(5)
  calls <- 0
  objective <- function(x) {
    calls <<- calls + 1
    list(f = 0.5 * sum((x - centre) * (h %*% (x - centre))), g = as.vector(h %*% (x - centre)))
  }
  none <- function(g) g
  found <- lbfgs_climb(objective, numeric(5), none, list(most = 50, gain = 1e-12))
  expect_lt(max(abs(found - centre)), 1e-4)
  # One Newton step with the right preconditioner
  calls <- 0
  found <- lbfgs_climb(
    objective, numeric(5), function(g) solve(h, g), list(most = 50, gain = 1e-12)
  )
  expect_equal(found, centre, tolerance = rounding_of_solve)
  expect_lt(calls, 10)
  one <- lbfgs_climb(objective, numeric(5), none, list(most = 50, gain = 1e6))
  expect_gt(max(abs(one - centre)), 1e-3)
})
