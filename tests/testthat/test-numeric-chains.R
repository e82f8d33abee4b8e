test_that("memory is one at the start, near none for independent chains, and sees spreads", {
  set.seed(6)
  x <- matrix(stats::rnorm(400 * 20), 400)
  expect_equal(chain_memory(x, x), 1, tolerance = 0.01)
  expect_lt(chain_memory(x, matrix(stats::rnorm(400 * 20), 400)), 0.05)
  flipped <- x * sample(c(-1, 1), 8000, TRUE)
  expect_gt(chain_memory(x, flipped), 0.5)
})
