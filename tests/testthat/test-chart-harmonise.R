test_that("people moved to their own site stay as they are", {
  fit <- fit_sites()
  d <- data_sites()
  moved <- harmonise(fit, d, to = "s3")
  own <- d$site == "s3"
  expect_equal(moved$height[own], d$height[own], tolerance = rounding)
  expect_gt(max(abs(moved$height[!own] - d$height[!own])), 0.1)
})

test_that("moved people have the deviations that they had, at the target", {
  fit <- fit_sites()
  d <- data_sites()[1:200, ]
  d$weight[1:10] <- NA
  moved <- harmonize(fit, d)
  before <- deviations(fit, d)
  after <- deviations(fit, moved, exclude = "s(site)")
  expect_equal(after$z, before$z, tolerance = half_of_digits)
  expect_equal(after$distance, before$distance, tolerance = half_of_digits)
  expect_identical(is.na(moved$weight), is.na(d$weight))
  there <- transform(harmonise(fit, d, to = "s5"), site = "s5")
  expect_equal(deviations(fit, there)$z, before$z, tolerance = half_of_digits)
  back <- d
  alone <- harmonise(fit, d, correlation = FALSE)
  expect_equal(deviations(fit, alone, exclude = "s(site)")$z, before$z, tolerance = half_of_digits)
})

test_that("sites explain nothing of z afterwards", {
  fit <- fit_sites()
  moved <- harmonise(fit, data_sites())
  z <- deviations(fit, moved, exclude = "s(site)", resp = "height")$z
  explained <- summary(lm(z ~ moved$site))$r.squared
  # Less than chance gives, 7 of 1,600, and .5 %
  expect_lt(explained, 7 / 1600 + 0.005)
})

test_that("targets and terms are checked", {
  refused <- function(...) {
    expect_error(harmonise(fit_sites(), data_sites(), ...), class = "covary_error_argument")
  }
  refused(to = "s99")
  refused(terms = "s(region)")
  refused(site = "sex")
})
