test_that("the prior alone can be drawn from without rows", {
  d <- data.frame(x = numeric(), g = factor(character(), c("u", "v", "w")), y = numeric())
  priors <- c(
    set_prior(normal(3, 0.5), class = "b"), set_prior(normal(-2, 0.1), class = "Intercept"),
    set_prior(normal(1, 0.2), class = "Intercept", dpar = "sigma")
  )
  expect_message(
    fit <- covary(y ~ x + g, data = d, algorithm = "prior", prior = priors, seed = 1),
    "mean 0 and sd 1"
  )
  draws <- as.data.frame(fit)
  for (b in c("b_x", "b_gv", "b_gw")) {
    expect_equal(c(mean(draws[[b]]), sd(draws[[b]])), c(3, .5), tolerance = .05)
  }
  expect_equal(mean(draws$b_sigma_Intercept), 1, tolerance = .05)
  expect_identical(nobs(fit), 0L)
  expect_identical(dim(posterior_predict(fit, newdata = data.frame(x = 1, g = "u"))), c(4000L, 1L))
  expect_error(covary(y ~ x, data = d), class = "covary_error_data")
  two <- suppressMessages(covary(cbind(y, x) ~ g, rho ~ g, d, algorithm = "prior", draws = 200))
  expect_true(all(is.finite(as.matrix(two))))
})

test_that("a fit without rows says so where rows are needed", {
  d <- data.frame(x = numeric(), y = numeric())
  fit <- suppressMessages(covary(y ~ s(x, k = 5), data = d, algorithm = "prior", draws = 200))
  expect_error(logLik(fit), class = "covary_error_no_rows")
  expect_error(residuals(fit), class = "covary_error")
  expect_output(print(fit), "0 rows")
  pdf(NULL)
  on.exit(dev.off())
  expect_no_error(plot(fit))
  expect_identical(validate_fit(fit), fit)
})
