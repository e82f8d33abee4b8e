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

test_that("a search without values goes by the slopes, as far as one with them", {
  # not a parabola: steps are too long, too short and right
  f <- function(x) sum(cosh(x - 1)) + 0.1 * sum(x^2)
  g <- function(x) sinh(x - 1) + 0.2 * x
  start <- c(3, -2)
  blind <- function(x) list(f = NULL, g = g(x))
  seeing <- function(x) list(f = f(x), g = g(x))
  at <- seeing(start)
  for (size in c(0.01, 0.3, 1, 10)) {
    direction <- -size * at$g
    slope <- sum(direction * at$g)
    a <- line_search(blind, start, direction, at, slope)
    b <- line_search(seeing, start, direction, at, slope)
    expect_lt(f(a$par), at$f)
    expect_lt(f(a$par) - f(b$par), 0.5 * (at$f - f(b$par)))
  }
  # from near by it knows what was gained
  near <- c(0.95, 0.9)
  at <- seeing(near)
  a <- line_search(blind, near, -at$g / 1.2, at, -sum(at$g^2) / 1.2)
  expect_equal(at$f - a$at$f, at$f - f(a$par), tolerance = 0.01)
})
