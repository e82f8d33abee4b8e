test_that("responses are judged less their offsets: far offsets do not put priors far off", {
  set.seed(3)
  d <- data.frame(
    x = stats::rnorm(60), far = 1e6 + stats::rnorm(60, 0, 50),
    logs = stats::rnorm(60, 4, 2)
  )
  d$y <- d$far + 1 + d$x + stats::rnorm(60)
  p <- default_prior(y ~ x + offset(far), data = d)
  left <- d$y - d$far
  expect_equal(p$prior[[1]]$par[1:2], c(mean(left), 2.5 * sqrt(mean((left - mean(left))^2))),
    tolerance = convergence_error
  )
  fit <- quick(y ~ x + offset(far), data = d)
  expect_equal(unname(coef(fit)[1:2]), unname(stats::coef(stats::lm(left ~ x, d))),
    tolerance = 0.02
  )
  d$v <- exp(d$logs) * stats::rnorm(60)
  p <- default_prior(v ~ 1, sigma ~ offset(logs), data = d)
  expect_lt(abs(p$prior[[2]]$par[1]), 1)
})

test_that("a mean without a constant has the size of its response", {
  d <- rows_60()
  d$v <- 1000 + d$a
  p <- default_prior(v ~ 0 + x, data = transform(d, x = x + 10))
  expect_equal(p$prior[[1]]$par[2], 2.5 * sqrt(mean(d$v^2)) / sqrt(mean((d$x + 10)^2)),
    tolerance = half_of_digits
  )
})
