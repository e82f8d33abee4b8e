test_that("simulations are predictions from single draws", {
  fit <- fixture("one") # made before the seed is set: it draws too
  set.seed(2)
  s <- simulate(fit, 3)
  expect_identical(dim(s), c(32L, 3L))
  expect_identical(rownames(s), rownames(mtcars))
  set.seed(2)
  expect_identical(simulate(fit, 3), s)
  two <- simulate(fixture("two"), 2, newdata = data.frame(x = c(0, 1, 2), f = "p"))
  expect_identical(dim(two$sim_2), c(3L, 2L))
  expect_identical(colnames(two$sim_1), c("a", "b"))
  expect_identical(dim(simulate(fixture("two"), resp = "b")), c(120L, 1L))
  many <- simulate(fixture("one"), 900)
  expect_equal(rowMeans(many), fitted(fixture("one"))[, 1], tolerance = 0.1)
})

test_that("the seed of simulate() is used, and put back", {
  fit <- fixture("one")
  set.seed(4)
  before <- .Random.seed
  one <- simulate(fit, 2, seed = 1)
  expect_identical(.Random.seed, before)
  expect_identical(simulate(fit, 2, seed = 1), one)
  expect_false(identical(simulate(fit, 2, seed = 2), one))
  expect_error(simulate(fit, 2, seed = "a"), class = "covary_error_argument")
})
