test_that("scores outside the covariates of the data are not counted among the extreme", {
  fit <- fixture("one")
  d <- mtcars[c(1, 2, 3), ]
  d$wt[3] <- 50
  scores <- deviations(fit, d)
  expect_output(print(scores), "^2 scores of 1 responses: 0 beyond .*1 rows outside range")
})

test_that("scores of the fit's own rows are said to be", {
  expect_message(evaluate(fixture("one")), "flatters", class = "covary_message_in_sample")
  expect_message(evaluate(fixture("one"), mtcars), NA)
})
