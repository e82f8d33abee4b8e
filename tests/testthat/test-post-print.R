test_that("print states formulas, defaults, known predictors, data and the verdict", {
  out <- capture.output(print(fixture("known")))
  expect_true(any(grepl("sigma(mpg)", out, fixed = TRUE) & grepl("(default)", out, fixed = TRUE)))
  expect_true(any(grepl("rho(mpg, qsec)", out, fixed = TRUE) & grepl("(known)", out, fixed = TRUE)))
  expect_true(any(grepl("32 rows", out)))
  expect_true(any(grepl("nested, 300 draws; converged", out)))
  expect_false(any(grepl("(default)", grep("mu(mpg)", out, fixed = TRUE, value = TRUE),
    fixed = TRUE
  )))
  capture.output(shown <- withVisible(print(fixture("one"))))
  expect_false(shown$visible)
})

test_that("dropped rows are counted", {
  d <- transform(mtcars, wt = replace(wt, 3:4, NA))
  fit <- suppressMessages(covary(mpg ~ wt, data = d, draws = 200))
  expect_true(any(grepl(
    "30 rows .* 2 rows with missing values dropped",
    capture.output(print(fit))
  )))
})

test_that("bad verdicts are loud and data in the call are not printed", {
  fit <- quiet(do.call(covary, list(mpg ~ wt, data = mtcars, draws = 200)))
  expect_lt(length(capture.output(print(fit))), 20)
  fit$info$converged <- FALSE
  fit$info$khat <- c(joint = 0.9)
  expect_true(any(grepl("NOT CONVERGED, khat 0.9 TOO HIGH", capture.output(print(fit)))))
})

test_that("a fit without free coefficients prints", {
  fit <- quiet(covary(mpg ~ 0 + offset(wt), data = mtcars, draws = 200))
  expect_output(print(fit), "(known)", fixed = TRUE)
})
