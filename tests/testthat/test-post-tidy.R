test_that("tidy, glance and augment", {
  fit <- fixture("two")
  t <- tidy(fit)
  expect_true(all(c(
    "term", "component", "response", "estimate", "std.error", "conf.low",
    "conf.high"
  ) %in% names(t)))
  expect_equal(t$estimate[t$class != "sds"], unname(coef(fit)))
  expect_equal(t$conf.low, unname(posterior_interval(fit, 0.95)[, 1]))
  expect_false("conf.low" %in% names(tidy(fit, conf.int = FALSE)))
  g <- glance(fit)
  expect_identical(dim(g), c(1L, 10L))
  expect_identical(g$nobs, 120L)
  expect_equal(g$elbo, elbo(fit))
  expect_identical(
    nrow(glance(covary(mpg ~ wt, data = mtcars, algorithm = "prior", draws = 200))),
    1L
  )
})

test_that("augment keeps rows and gives residuals where responses are known", {
  fit <- fixture("two")
  a <- augment(fit)
  expect_equal(a$.resid_b, unname(residuals(fit)[, "b"]))
  expect_equal(a$.rho_a_b, unname(fitted(fit, "rho")[, 1]))
  new <- augment(fit, newdata = data.frame(x = c(0, NA), f = "p"))
  expect_identical(nrow(new), 2L)
  expect_identical(is.na(new$.fitted_a), c(FALSE, TRUE))
  expect_false(".resid_a" %in% names(new))
  expect_equal(augment(fixture("one"), data = mtcars)$.fitted, unname(fitted(fixture("one"))[, 1]))
})
