test_that("every likelihood has the parameters that formulas know, and all its functions", {
  expect_setequal(names(likelihoods()), names(formula_dpars))
  for (name in names(likelihoods())) {
    likelihood <- likelihoods()[[name]]()
    expect_s3_class(validate_likelihood(likelihood), "covary_likelihood")
    expect_identical(likelihood$name, name)
    expect_identical(
      vapply(likelihood$dpars, `[[`, "", "of"), formula_dpars[[name]]
    )
  }
  broken <- normal_likelihood()
  broken$whiten <- NULL
  expect_error(validate_likelihood(broken))
})

test_that("predictors of a fit are those of its likelihood, in the order of the C core", {
  for (name in c("one", "two")) {
    fit <- fixture(name)
    keys <- names(fit$design$predictors)
    expect_identical(distribution_keys(fit, fit$responses), keys)
    expect_identical(fit_likelihood(fit)$name, "normal")
  }
})
