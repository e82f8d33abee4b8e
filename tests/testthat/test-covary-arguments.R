test_that("what is typed first and in another order is answered by what to type", {
  expect_error(mtcars |> covary(mpg ~ wt), "covary\\(formula = y ~ x\\)",
    class = "covary_error_formula"
  )
  expect_identical(nobs(quiet(mtcars |> covary(formula = mpg ~ wt, draws = 200))), 32L)
  expect_error(covary(mpg ~ wt, sigma = ~wt, data = mtcars), "sigma ~ x",
    class = "covary_error_formula"
  )
  expect_error(covary(mpg ~ ns0(wt, 3), mtcars), "package of ns0\\(\\)",
    class = "covary_error_covariate"
  )
})
