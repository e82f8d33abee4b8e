inside <- function(name) getFromNamespace(name, "covary")

test_that("all points of a plug-in ellipse have the distance of their level", {
  fit <- fit_sites()
  at <- data_sites()[1:2, c("age", "sex", "site")]
  path <- reference_region(fit, at, level = c(0.5, 0.95), predictive = FALSE)
  out <- deviations(fit, path)
  expect_equal(
    out$distance[out$resp == "height:weight"],
    rep(rep(sqrt(qchisq(c(0.5, 0.95), 2)), each = 101), 2),
    tolerance = half_of_digits
  )
  expect_equal(path$height[1], path$height[101], tolerance = last_bits)
})

test_that("a rectangle has the intervals of its responses, a band the conditional one", {
  fit <- fit_sites()
  at <- data_sites()[1, c("age", "sex", "site")]
  box <- reference_region(fit, at, level = 0.9, type = "rectangle", predictive = FALSE)
  lines <- centiles(fit, at, p = c(0.05, 0.95))
  expect_equal(range(box$weight), lines$value[lines$resp == "weight"], tolerance = rounding)
  band <- reference_region(fit, at, level = 0.9, type = "conditional", points = 101)
  z <- deviations(fit, band, given = ~height)
  z <- abs(z$z[z$resp == "weight | height"])
  expect_lt(abs(median(z) - qnorm(0.95)), half_of_digits)
})

test_that("the predictive radius holds its share when the five parameters vary", {
  cov <- diag(c(0.04, 0.06, 0.02, 0.03, 0.04))
  cov[1, 2] <- cov[2, 1] <- 0.02
  rho <- 0.6
  n <- 4e5
  set.seed(8)
  e <- matrix(rnorm(5 * n), n) %*% chol(cov)
  r <- tanh(atanh(rho) + e[, 5])
  u <- rnorm(n)
  z1 <- e[, 1] + exp(e[, 3]) * u
  z2 <- e[, 2] + exp(e[, 4]) * (r * u + sqrt(1 - r^2) * rnorm(n))
  square <- (z1^2 - 2 * rho * z1 * z2 + z2^2) / (1 - rho^2)
  radius <- inside("region_radius")(0.95, rho, cov)
  # 4 standard errors of a share of 4e5
  expect_lt(abs(mean(square < radius^2) - 0.95), 4 * sqrt(0.95 * 0.05 / n))
  width <- inside("interval_radius")(0.9, cov, 2)
  expect_lt(abs(mean(abs(z2) < width) - 0.9), 4 * sqrt(0.9 * 0.1 / n))
})

test_that("regions need two responses, and know no predictive band", {
  fit <- fit_sites()
  at <- data_sites()[1, ]
  refused <- function(...) {
    expect_error(reference_region(fit, at, ...), class = "covary_error_argument")
  }
  refused(resp = "height")
  refused(type = "conditional", predictive = TRUE)
  refused(level = 1.5)
})
