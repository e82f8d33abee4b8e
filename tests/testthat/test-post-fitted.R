test_that("fitted values are posterior means", {
  fit <- fixture("two")
  expect_equal(fitted(fit), apply(posterior_epred(fit), 2:3, mean), ignore_attr = TRUE)
  expect_equal(sigma(fit), apply(posterior_epred(fit, dpar = "sigma"), 2:3, mean),
    ignore_attr = TRUE
  )
  expect_equal(fitted(fit, "rho", "a:b"), colMeans(posterior_epred(fit, dpar = "rho")),
    ignore_attr = TRUE
  )
  expect_identical(colnames(sigma(fit)), c("a", "b"))
  expect_identical(dimnames(fitted(fixture("one"))), list(rownames(mtcars), "mpg"))
})

test_that("residuals: raw, pearson and whitened", {
  fit <- fixture("two")
  y <- as.matrix(data_two()[c("a", "b")])
  raw <- residuals(fit)
  expect_equal(raw, y - fitted(fit), ignore_attr = TRUE)
  expect_equal(residuals(fit, "pearson"), raw / sigma(fit))
  white <- residuals(fit, "whitened")
  s <- sigma(fit)
  rho <- fitted(fit, "rho")
  for (i in c(1, 17, 120)) {
    v <- outer(s[i, ], s[i, ]) * matrix(c(1, rho[i], rho[i], 1), 2)
    expect_equal(white[i, ], solve(t(chol(v)), raw[i, ]),
      ignore_attr = TRUE,
      tolerance = rounding_of_solve
    )
  }
  expect_lt(max(abs(cov(white) - diag(2))), 0.3)
  expect_equal(residuals(fit, "whitened", resp = "b"), white[, "b"])
  expect_equal(residuals(fixture("one"), "whitened"), residuals(fixture("one"), "pearson"))
  expect_error(residuals(fit, "deviance"), class = "covary_error_argument")
})

test_that("logLik is the density at the posterior mean, with weights", {
  skip_if_not_installed("mvtnorm")
  fit <- fixture("weighted")
  d <- data_two()
  b <- coef(fit)
  s <- exp(b[c("b_sigma_a_Intercept", "b_sigma_b_Intercept")])
  rho <- tanh(b[["b_rho_a_b_Intercept"]] / 2)
  mu <- cbind(b[["b_a_Intercept"]] + b[["b_a_x"]] * d$x, b[["b_b_Intercept"]] + b[["b_b_x"]] * d$x)
  v <- outer(s, s) * matrix(c(1, rho, rho, 1), 2)
  ll <- mvtnorm::dmvnorm(as.matrix(d[c("a", "b")]) - mu, sigma = v, log = TRUE)
  expect_equal(as.numeric(logLik(fit)), sum(ll * d$w))
  # Seven coefficients and flat priors.
  expect_equal(attr(logLik(fit), "df"), 7, tolerance = 0.15)
  expect_equal(df.residual(fit), 240 - attr(logLik(fit), "df"))
  one <- fixture("one")
  expect_equal(
    as.numeric(logLik(one)),
    sum(dnorm(mtcars$mpg, drop(cbind(1, mtcars$wt) %*% coef(one)[1:2]),
      exp(drop(cbind(1, mtcars$wt) %*% coef(one)[3:4])),
      log = TRUE
    ))
  )
  expect_true(is.finite(AIC(one)))
})

test_that("the log likelihood from cells is that from rows", {
  for (name in c("two", "one", "weighted", "known")) {
    fit <- fixture(name)
    mean_of_draws <- mean(rowSums(log_lik(fit)))
    expect_equal(attr(logLik(fit), "df"), 2 * (as.numeric(logLik(fit)) - mean_of_draws),
      tolerance = convergence_error
    )
  }
})
test_that("prob and interval are one argument, everywhere", {
  fit <- fixture("two")
  new <- model.frame(fit)[1:3, ]
  for (f in list(correlation, covariance, predict)) {
    expect_identical(f(fit, new, prob = 0.5), f(fit, new, interval = 0.5))
    expect_false(identical(f(fit, new, prob = 0.5), f(fit, new)))
    expect_error(f(fit, new, prob = 0.5, interval = 0.5), class = "covary_error_argument")
  }
  expect_identical(
    centiles(fit, new, p = 0.5, prob = 0.8), centiles(fit, new, p = 0.5, interval = 0.8)
  )
  d <- function(...) deviations(fit, new, uncertainty = "posterior", ...)
  expect_identical(d(prob = 0.8), d(interval = 0.8))
})

test_that("fitted() and sigma() take new rows", {
  fit <- fixture("two")
  new <- model.frame(fit)[c(2, 5), ]
  expect_equal(fitted(fit, newdata = new), fitted(fit)[c(2, 5), ], ignore_attr = TRUE)
  expect_equal(sigma(fit, newdata = new), sigma(fit)[c(2, 5), ], ignore_attr = TRUE)
  one <- fit$responses[2]
  expect_equal(sigma(fit, new, resp = one), sigma(fit, new)[, one])
  expect_equal(fitted(fit, "rho", newdata = new)[, 1], fitted(fit, "rho")[c(2, 5), 1],
    ignore_attr = TRUE
  )
  expect_identical(colnames(sigma(fit, new)), fit$responses)
})

test_that("logLik of compressed rows and of exact cells is the sum of their densities", {
  set.seed(71)
  n <- 600
  d <- data.frame(x = runif(n), g = sample(c("u", "v"), n, TRUE), w = sample(1:3, n, TRUE))
  d$y <- 50 * d$x + rnorm(n)
  d$z <- ifelse(runif(n) < 0.3, NA, rnorm(n))
  fits <- function(compress) {
    suppressMessages(covary(cbind(y, z) ~ x + g,
      data = d, weights = w, algorithm = "laplace", draws = 100,
      control = covary_control(compress = compress)
    ))
  }
  fit <- fits("always")
  e <- average_draws(new_evaluation(fit, NULL, NULL))
  at_mean <- log_density_of_observed(e$likelihood, fit$frame$y, evaluation_block(e))
  expect_equal(as.numeric(logLik(fit)), sum(at_mean * d$w))
  # The mode of the two is the same, and their draws are noise of that size.
  expect_lt(abs(as.numeric(logLik(fit)) - as.numeric(logLik(fits("never")))), 1)
})
