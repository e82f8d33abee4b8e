test_that("a name that is nearly one of the data is asked back", {
  expect_error(covary(mpgg ~ wt, data = mtcars), "did you mean 'mpg'\\?",
    class = "covary_error_variable"
  )
  expect_error(covary(mpg ~ wtt, data = mtcars), "did you mean 'wt'\\?",
    class = "covary_error_variable"
  )
  expect_error(covary(mpg ~ wt, sigma_mpg ~ 1, data = mtcars), "did you mean 'sigma\\(mpg\\)'\\?",
    class = "covary_error_variable"
  )
  expect_error(covary(mpg ~ wt, sigmaa ~ 1, data = mtcars), "did you mean 'sigma'\\?",
    class = "covary_error_variable"
  )
  expect_error(covary(nothing ~ wt, data = mtcars), "\\): object", class = "covary_error_variable")
})
