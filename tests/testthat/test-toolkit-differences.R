gradient_of <- function(f) {
  gradient <- internal("central_gradient")(function(theta, rows, scale) f(theta))
  function(theta) gradient(theta, here = f(theta))
}

test_that("central differences fit narrow and wide densities", {
  for (scale in 10^c(-12, -8, -4, 0, 4, 8)) {
    f <- function(t) sum(stats::dt(t / scale, 5, log = TRUE))
    x <- scale * c(-3, -0.4, 0.01, 2)
    right <- -6 * x / (5 * scale^2 + x^2)
    expect_equal(gradient_of(f)(x) / right, rep(1, length(x)), tolerance = 1e-4)
  }
  # far out on the flanks of a narrow density
  f <- function(t) stats::dt(t / 1e-8, 5, log = TRUE)
  expect_equal(gradient_of(f)(1e-6), -6e-6 / (5e-16 + 1e-12), tolerance = 1e-3)
})

test_that("the first step stays where it is good, and where none is better", {
  steps <- 0
  f <- function(t) {
    steps <<- steps + 1
    -0.5 * sum(t^2)
  }
  gradient_of(f)(c(1, 2))
  expect_equal(steps, 5)
  # a jump at the point itself: no step helps
  jump <- function(t) if (t > 0.5) 1 else 0
  expect_equal(gradient_of(jump)(0.5), 1 / 1.2e-5, tolerance = 1e-3)
  # beside the edge of the support one side is all there is
  edge <- function(t) if (t < 0) -Inf else -t
  expect_equal(gradient_of(edge)(1e-7), -1, tolerance = 1e-6)
})

test_that("fits of densities without gradient see narrow and wide targets", {
  for (scale in 10^c(-8, 4)) {
    set.seed(1)
    target <- suppressMessages(target_density(function(t) sum(stats::dt(t / scale, 5, log = TRUE)),
      names = c("a", "b")
    ))
    expect_equal(target$derivative, "central")
    # sd of the closest normal: E[6 x^2 / (5 + x^2)] = 1 under N(0, sd^2)
    expect_silent(fit <- advi(target))
    expect_equal(unname(sd(fit)) / scale, rep(1.1456, 2), tolerance = 0.05)
  }
})

test_that("central differences that contradict their density are said", {
  target <- suppressMessages(target_density(function(t) sum(stats::dt(t, 5, log = TRUE)),
    names = "a"
  ))
  value <- target$evaluate
  target$evaluate <- function(theta, order, ...) {
    value(theta, order, ...) * c(1, 2)[seq_len(1 + order)]
  }
  expect_warning(
    wrong <- internal("suspect_gradient")(target, 0, 1, "start"),
    class = "covary_warning_gradient", regexp = "central differences"
  )
  expect_true(wrong)
  target$evaluate <- value
  expect_silent(right <- internal("suspect_gradient")(target, 0, 1, "start"))
  expect_false(right)
})
