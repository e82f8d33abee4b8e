# Student-t densities with these scales about `centre`; at the mode sd = scale sqrt(5 / 6).
student_target <- function(scales, centre = 0, gradient = TRUE, ...) {
  f <- function(t) -3 * sum(log1p(((t - centre) / scales)^2 / 5))
  g <- function(t) -6 * (t - centre) / (5 * scales^2 + (t - centre)^2)
  suppressMessages(target_density(f, if (gradient) g, names = letters[seq_along(scales)], ...))
}

test_that("curvatures are those of the target at any scale", {
  for (gradient in c(TRUE, FALSE)) {
    for (scale in 10^c(-8, -3, 0, 3)) {
      fit <- laplace(student_target(rep(scale, 2), gradient = gradient))
      expect_equal(unname(sd(fit, scale = "free")) / scale, rep(sqrt(5 / 6), 2), tolerance = 1e-3)
      expect_true(fit$info$converged)
    }
  }
})

test_that("parameters of very different scales are found together", {
  scales <- c(1e-8, 1e4)
  fit <- laplace(student_target(scales, start = c(1e-7, 3e4)))
  expect_equal(unname(sd(fit, scale = "free")) / scales, rep(sqrt(5 / 6), 2), tolerance = 1e-3)
  expect_true(all(abs(mean(fit)) < 1e-3 * scales))
  fit <- laplace(student_target(c(1e4, 1e-4), centre = 1))
  expect_equal(
    unname(sd(fit, scale = "free")) / c(1e4, 1e-4), rep(sqrt(5 / 6), 2),
    tolerance = 1e-3
  )
})

test_that("Newton steps are as long where the units of a parameter are others", {
  step <- internal("newton_step")
  precision <- matrix(c(2, 0.5, 0.5, 1), 2)
  gradient <- c(1, -2)
  expected <- solve(precision, gradient)
  for (unit in list(c(1, 1), c(1e-6, 1e6), c(1e10, 1))) {
    scaled <- step(precision / outer(unit, unit), gradient / unit)
    expect_equal(scaled, expected * unit, tolerance = 1e-8)
  }
})

test_that("a mode that is a kink has no curvature, which is said", {
  expect_warning(
    fit <- laplace(
      target_density(function(t) -sum(abs(t)), function(t) -sign(t), names = c("a", "b"))
    ),
    class = "covary_warning_not_converged", regexp = "smooth"
  )
  expect_false(fit$info$converged)
  # one parameter of two, and no gradient
  expect_warning(
    fit <- laplace(suppressMessages(target_density(function(t) -abs(t[["a"]]) - t[["b"]]^2,
      names = c("a", "b")
    ))),
    class = "covary_warning_not_converged", regexp = "smooth"
  )
  # steep, flat and skewed is not a kink
  for (scale in 10^c(-6, 0, 2)) {
    target <- target_density(function(t) 3 * t / scale - exp(t / scale),
      function(t) (3 - exp(t / scale)) / scale,
      names = "a"
    )
    expect_silent(fit <- laplace(target))
    expect_equal(sd(fit)[["a"]], scale / sqrt(3), tolerance = 1e-3)
  }
})
