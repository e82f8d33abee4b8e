test_that("groups keep names of their own", {
  set.seed(1)
  target <- t_groups(rnorm(20), rep(c("a b", "a.b"), 10))
  expect_equal(anyDuplicated(target$parameters), 0)
  expect_equal(target$parameters[1:2], c("mean_a.b", "mean_a.b.1"))
  expect_equal(target$names[3:4], c("logit_scale_a.b", "logit_scale_a.b.1"))
})
