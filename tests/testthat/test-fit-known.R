test_that("known standard deviations that the rows contradict are said, in print and diagnostics", {
  d <- datasets::quakes
  d$m1 <- stats::fitted(stats::lm(mag ~ depth, d))
  d$m2 <- stats::fitted(stats::lm(stations ~ depth, d))
  sds <- c(mag = stats::sd(d$mag - d$m1), stations = stats::sd(d$stations - d$m2))
  means <- list(mag ~ 0 + offset(m1), stations ~ 0 + offset(m2))
  expect_warning(fit <- quick(c(means, sigma ~ 0, rho ~ 1), data = d),
    "sigma\\(mag\\) ~ 0 \\+ offset",
    class = "covary_warning_known_sd"
  )
  expect_equal(fit$info$known, sds, tolerance = 0.02)
  expect_output(print(diagnostics(fit)), "Known sds: +mag: residuals 0.39 .*stations: residuals 22")
  right <- list(sigma(mag) ~ 0 + offset(l1), sigma(stations) ~ 0 + offset(l2), rho ~ 1)
  d <- transform(d, l1 = log(sds[[1]]), l2 = log(sds[[2]]))
  expect_warning(fit <- quick(c(means, right), data = d), NA)
  expect_null(fit$info$known)
  expect_equal(mean(correlation(fit, d[1, ])$estimate),
    stats::cor(d$mag - d$m1, d$stations - d$m2),
    tolerance = 0.05
  )
  # One of two, by a factor of 1.3 and of 1.05: chance cannot make the first, the second is small.
  expect_warning(quick(c(means, right), data = transform(d, l1 = l1 + log(1.3))),
    class = "covary_warning_known_sd"
  )
  expect_warning(quick(c(means, right), data = transform(d, l1 = l1 + log(1.05))), NA)
})

test_that("compressed rows are checked as rows are, and a few rows by chance are not blamed", {
  set.seed(1)
  d <- data.frame(x = stats::runif(30000), y = stats::rnorm(30000, sd = 2))
  expect_warning(suppressMessages(quick(y ~ s(x), sigma ~ 0, data = d)),
    class = "covary_warning_known_sd"
  )
  expect_warning(suppressMessages(quick(y ~ s(x), sigma ~ 0, data = transform(d, y = y / 2))), NA)
  expect_warning(quick(y ~ 1, sigma ~ 0, data = transform(d[1:10, ], y = y / 2)), NA)
})
