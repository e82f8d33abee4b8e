normal_log_density <- function(x) stats::dnorm(x, 1, 2, log = TRUE)

test_that("functions that fail or return other than numbers are refused by name", {
  refused <- function(class, ...) {
    expect_error(quadrature_kl(...), class = paste0("covary_error_", class))
  }
  refused("target", function(x) stop("boo"))
  refused("target", function(x) "a")
  refused("target", function(x) 1)
  refused("target", function(x) ifelse(x > 1, Inf, 0))
  refused("argument", function() 1)
  weighted <- function(weight) {
    refused("argument", normal_log_density, "weighted_mse", weight = weight)
  }
  weighted(function(x) c(1, 2))
  weighted(function(x) x)
  weighted(function(x) x * NA)
  weighted(function(x) 0 * x)
  weighted(function(x) "a")
  weighted(function(x) stop("boo"))
  refused("argument", normal_log_density, "kl", weight = function(x) 1)
  refused("start", normal_log_density, start = c(1e5, 1))
  refused("start", normal_log_density, start = list(0, 1))
  refused("start", normal_log_density, start = c(mean = 0, scale = 1))
  expect_silent(constant <- quadrature_kl(normal_log_density, "weighted_mse", -20, 20,
    weight = function(x) 1
  ))
  expect_equal(c(constant$mean, constant$sd), c(1, 2), tolerance = 1e-5)
})

test_that("names of the start count, not its order", {
  fit <- function(start) quadrature_kl(normal_log_density, lower = -20, upper = 20, start = start)
  expect_identical(fit(c(sd = 3, mean = 0.5)), fit(c(0.5, 3)))
})

test_that("a density between the points of the grid is said", {
  for (sd in c(1e-8, 1e-4)) {
    expect_warning(
      fit <- quadrature_kl(function(x) stats::dnorm(x, 0.1234, sd, log = TRUE)),
      class = "covary_warning_not_converged", regexp = "narrower"
    )
    expect_false(fit$converged)
  }
  fit <- quadrature_kl(function(x) stats::dnorm(x, 0.1234, 1e-8, log = TRUE),
    lower = 0.1234 - 1e-7, upper = 0.1234 + 1e-7
  )
  expect_equal(fit$sd / 1e-8, 1, tolerance = 1e-5)
})
