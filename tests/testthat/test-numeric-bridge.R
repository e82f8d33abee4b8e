test_that("bridge sampling finds the ratio of two normal constants", {
  set.seed(7)
  q <- stats::rnorm(4000, 0, 1.3)
  p <- stats::rnorm(4000)
  # p unnormalised: constant log(sqrt(2 pi)) + 2
  ratio <- function(x) -x^2 / 2 + 2 - stats::dnorm(x, 0, 1.3, log = TRUE)
  expect_lt(abs(bridge_constant(ratio(q), ratio(p)) - (2 + log(2 * pi) / 2)), 0.03)
})
