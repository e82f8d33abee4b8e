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
