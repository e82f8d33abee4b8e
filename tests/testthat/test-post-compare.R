test_that("anova(), step() and drop1() point to loo()", {
  fit <- fixture("one")
  for (ask in list(stats::anova, stats::step, stats::drop1, stats::extractAIC)) {
    expect_error(ask(fit), "loo_compare", class = "covary_error_argument")
  }
})
