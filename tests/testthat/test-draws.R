test_that("draws are on the user's scale: densities have their Jacobians", {
  d <- rows_60()
  d$a <- 100 * d$a
  fit <- quick(a ~ x, sigma ~ x, data = d)
  b <- coefficients_of(fit)
  own <- vapply(1:20, function(i) {
    mu <- b[i, "b_Intercept"] + b[i, "b_x"] * d$x
    s <- exp(b[i, "b_sigma_Intercept"] + b[i, "b_sigma_x"] * d$x)
    prior <- stats::setNames(fit$priors$prior, fit$priors$name)
    centred <- c(b[i, "b_Intercept"] + b[i, "b_x"] * mean(d$x), b[i, "b_x"], b[i, "b_sigma_Intercept"] + b[i, "b_sigma_x"] * mean(d$x), b[i, "b_sigma_x"])
    at <- c("b_Intercept", "b_x", "b_sigma_Intercept", "b_sigma_x")
    sum(stats::dnorm(d$a, mu, s, log = TRUE)) + sum(mapply(function(v, p) stats::dnorm(v, p$par[1], p$par[2], log = TRUE), centred, prior[at]))
  }, 0)
  expect_equal(as.vector(unclass(fit$draws)[1:20, "lp__"]), own, tolerance = 1e-8)
})

test_that("the log evidence and the ELBO are of the user's data", {
  d <- rows_60()
  d$log_s <- 0
  prior <- set_prior(normal(0, 1))
  one <- quick(a ~ 0 + x, sigma ~ 0 + offset(log_s), data = d, prior = prior)
  expect_equal(one$info$log_evidence, sum(diag(0, 1)) + {
    v <- diag(60) + tcrossprod(d$x)
    -0.5 * (60 * log(2 * pi) + as.numeric(determinant(v)$modulus) + sum(d$a * solve(v, d$a)))
  }, tolerance = 1e-10)
  plain <- quick(a ~ x, data = d, algorithm = "fullrank")
  scaled <- quick(a ~ x, data = transform(d, a = 10 * a), algorithm = "fullrank")
  expect_equal(elbo(scaled), elbo(plain) - 60 * log(10), tolerance = 1e-9)
})

test_that("predictors are those of the draws, for some draws too", {
  d <- rows_60()
  fit <- quick(cbind(a, b) ~ x + s(z, k = 5), sigma ~ g, data = d)
  ids <- c(3, 9, 9)
  for (key in names(fit$design$predictors)) {
    all <- predictor_draws(fit, key, d[1:5, ])
    expect_equal(predictor_draws(fit, key, d[1:5, ], draw_ids = ids), all[ids, ], tolerance = 1e-12)
  }
})
