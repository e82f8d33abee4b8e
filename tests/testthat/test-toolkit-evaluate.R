quiet_density_of <- function(...) suppressMessages(target_density(...))

test_that("each function of the user must return what its argument says", {
  names <- c("a", "b")
  good <- function(t) -0.5 * sum(t^2)
  for (bad in list("x", list(1), NULL, TRUE, c(1, 2), quote(a))) {
    expect_error(quiet_density_of(function(t) bad, names = names),
      class = "covary_error_target", regexp = "log density must be one number"
    )
    expect_error(
      quiet_density_of(function(t, rows) good(t),
        names = names, rows = 10, log_prior = function(t) bad
      ),
      class = "covary_error_target", regexp = "log prior must be one number"
    )
  }
  expect_error(quiet_density_of(function(t) 1i, names = names), class = "covary_error_target")
  at <- internal("density_at")
  for (bad in list("x", c("x", "y"), 1, 1:3, NULL, list(1, 2))) {
    target <- target_density(good, function(t) bad, names = names)
    expect_error(at(target, matrix(0, 1, 2), TRUE), class = "covary_error_target", "The gradient")
    # neither is recycled to the length of the other
    rows <- function(gradient, prior_gradient) {
      target <- target_density(function(t, rows) good(t), function(t, rows) gradient,
        names = names, rows = 10, log_prior = good, prior_gradient = function(t) prior_gradient
      )
      at(target, matrix(0, 1, 2), TRUE)
    }
    expect_error(rows(bad, c(0, 0)), class = "covary_error_target", "The gradient must")
    expect_error(rows(c(0, 0), bad), class = "covary_error_target", "gradient of the prior must")
    expect_equal(rows(c(0, 1), c(NA, 2))$gradient, matrix(c(NA, 3), 2))
  }
  # undefined is a number, of any kind
  target <- target_density(function(t) NA, function(t) c(NA, NA), names = names)
  expect_equal(
    at(target, matrix(0, 1, 2), TRUE),
    list(value = NA_real_, gradient = matrix(NA_real_, 2))
  )
})

test_that("functions of the wrong arguments are refused where they are given", {
  refused <- function(...) {
    expect_error(quiet_density_of(..., names = "a"), class = "covary_error_argument")
  }
  refused(function() 0)
  refused(function(t) 0, rows = 10)
  refused(function(t, rows) 0, function(t) 0, rows = 10)
  refused(function(t, rows) 0, rows = 10, log_prior = function() 0)
  refused(function(t) 0, prior_gradient = function(t) 0)
  refused(function(t, rows) 0, rows = 10, log_prior = sum, prior_gradient = function(t) 0)
  refused(function(t, rows) 0, function(t, rows) 0, rows = 10, prior_gradient = function(t) 0)
  expect_s3_class(quiet_density_of(function(...) 0, names = "a", rows = 10), "covary_density")
  expect_s3_class(quiet_density_of(sum, names = "a"), "covary_density")
})
