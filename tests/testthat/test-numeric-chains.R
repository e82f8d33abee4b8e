test_that("memory is one at the start, near none for independent chains, and sees spreads", {
  set.seed(6)
  x <- matrix(stats::rnorm(400 * 20), 400)
  expect_equal(chain_memory(x, x), 1, tolerance = 0.01)
  expect_lt(chain_memory(x, matrix(stats::rnorm(400 * 20), 400)), 0.05)
  flipped <- x * sample(c(-1, 1), 8000, TRUE)
  expect_gt(chain_memory(x, flipped), 0.5)
})

test_that("chains that began far out must have come back", {
  set.seed(2)
  others <- matrix(rnorm(400 * 5, sd = 2), 400)
  some <- others[1:100, ]
  some[, 3] <- some[, 3] + 3
  gap <- abs(colMeans(some) - colMeans(others)) / apply(others, 2, sd)
  expect_equal(chain_gap(some, others), max(gap), tolerance = 0.01) # divisors n and n - 1
  verdict <- list(memory = 0.1, error = 0.01)
  expect_true(has_forgotten(verdict)) # fits of before
  expect_true(has_forgotten(c(verdict, far = 0.3)))
  expect_false(has_forgotten(c(verdict, far = max(gap))))
})
