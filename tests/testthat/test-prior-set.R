test_that("a prior of no parameter says which class it may have meant", {
  expect_error(
    covary(cbind(mpg, qsec) ~ wt, data = mtcars, prior = set_prior(normal(0, 2), dpar = "rho")),
    "class = \"Intercept\"\\?",
    class = "covary_error_prior"
  )
})
