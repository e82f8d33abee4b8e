test_that("pp_check() has the types of bayesplot", {
  skip_if_not_installed("bayesplot")
  fit <- fixture("two")
  p <- pp_check(fit, type = "dens_overlay", resp = "a", ndraws = 12)
  expect_s3_class(p, "ggplot")
  expect_identical(max(p$data$rep_id, na.rm = TRUE), 12L)
  p <- pp_check(fit, type = "stat_grouped", resp = "b", group = "f", stat = "sd")
  expect_s3_class(p, "ggplot")
  one <- pp_check(fixture("one"), type = "intervals", x = "wt")
  expect_equal(sort(one$data$y_obs), sort(mtcars$mpg))
  expect_message(first <- pp_check(fit, type = "dens_overlay"), "here 'a'")
  expect_s3_class(first, "ggplot")
  expect_error(pp_check(fit, type = "stat", resp = "a", smurf = 1), class = "covary_error_argument")
  expect_error(
    pp_check(fit, type = "stat_grouped", resp = "a", group = "none"),
    class = "covary_error_argument"
  )
})

test_that("checks by leaving rows out get their weights, and what is missing is a typed error", {
  skip_if_not_installed("bayesplot")
  skip_if_not_installed("loo")
  fit <- quiet(covary(mpg ~ wt, data = mtcars, draws = 400))
  expect_s3_class(quiet(pp_check(fit, "loo_intervals")), "ggplot")
  expect_s3_class(suppressWarnings(pp_check(fit, "loo_pit_qq")), "ggplot")
  expect_error(pp_check(fit, "dens_overlay_grouped"), "group", class = "covary_error_argument")
})
