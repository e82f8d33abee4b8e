test_that("raw polynomials of years, of any degree one would write, are those of lm()", {
  set.seed(1)
  d <- data.frame(t = seq(1959, 1998, length.out = 200), g = gl(2, 100))
  d$y <- 315 + 1.3 * (d$t - 1959) + 0.02 * (d$t - 1978)^2 - 5e-4 * (d$t - 1978)^3 +
    stats::rnorm(200)
  for (formula in list(
    y ~ t + I(t^2) + I(t^3), y ~ poly(t, 3, raw = TRUE), y ~ t * g + I(t^2),
    y ~ 0 + g + t + I(t^2)
  )) {
    fit <- covary(formula, data = d, draws = 1000)
    expect_true(fit$info$converged)
    least <- stats::lm(formula, d)
    # a tenth of the sd of the fitted function, sqrt(p / n) residual sds
    expect_lt(max(abs(fitted(fit)[, 1] - stats::fitted(least))), 0.03)
    expect_equal(unname(predict(fit, d[c(3, 150), ], dpar = "mu")$estimate),
      unname(fitted(fit)[c(3, 150), 1]),
      tolerance = convergence_error
    )
    slopes <- stats::coef(least)[-1]
    error <- coef(fit)[paste0("b_", clean_name(names(slopes)))] - slopes
    expect_lt(max(abs(error) / sqrt(diag(stats::vcov(least))[-1])), 0.1)
  }
})

test_that("columns are replaced by what is new in them, only by others of their variables", {
  set.seed(2)
  t <- stats::runif(60, 2000, 2010)
  x <- scale(cbind(t, t^2, t^3, stats::rnorm(60) + 0 * t))
  a <- orthogonal_columns(x, rep(1, 60), list("t", "t", "t", "z"), rep(FALSE, 4))
  inside <- x %*% a
  expect_equal(crossprod(inside[, 1:3]) / 60, diag(c(59 / 60, 1, 1)),
    tolerance = convergence_error,
    ignore_attr = TRUE
  )
  expect_identical(a[, 4], c(0, 0, 0, 1))
  expect_null(orthogonal_columns(x, rep(1, 60), list("t", "u", "v", "w"), rep(FALSE, 4)))
  expect_null(orthogonal_columns(x[, c(1, 4)], rep(1, 60), list("t", "z"), rep(FALSE, 2)))
})

test_that("densities, priors and columns are the user's whatever stands inside the fit", {
  set.seed(3)
  d <- data.frame(t = stats::runif(60, 2000, 2010))
  d$y <- d$t - 2005 + stats::rnorm(60)
  raw <- covary(y ~ t + I(t^2), data = d, draws = 500, control = covary_control(row_sd = 0))
  expect_false(is.null(raw$design$predictors[[1]]$mixing))
  b <- coefficients_of(raw)
  own <- default_prior(y ~ t + I(t^2), data = d)
  # lp__ less the likelihood is the log prior, whose differences are those of the joint normal of
  # the fitted functions
  likelihood <- rowSums(log_lik(raw, draw_ids = 1:5))
  prior <- unclass(raw$draws)[1:5, "lp__"] - likelihood
  centred <- cbind(d$t - mean(d$t), d$t^2 - mean(d$t^2))
  s <- sqrt(mean((d$y - mean(d$y))^2))
  naive <- vapply(1:5, function(i) {
    f <- centred %*% b[i, c("b_t", "b_I(t^2)")]
    constant <- b[i, "b_Intercept"] + sum(c(mean(d$t), mean(d$t^2)) * b[i, c("b_t", "b_I(t^2)")])
    -mean(f^2) / (2 * 6.25 * s^2) + stats::dnorm(constant, mean(d$y), 2.5 * s, log = TRUE) +
      stats::dnorm(b[i, "b_sigma_Intercept"], log(s), 2.5, log = TRUE)
  }, 0)
  expect_equal(unname(diff(prior)), diff(naive), tolerance = 1e-4)
  precision <- crossprod(centred) / 60 / (6.25 * s^2)
  expect_equal(own$prior[[2]]$par[2], sqrt(solve(precision)[1, 1]), tolerance = 1e-4)
  expect_equal(unname(model.matrix(raw))[, 2:3], unname(cbind(d$t, d$t^2)),
    tolerance = convergence_error,
    ignore_attr = TRUE
  )
  given <- covary(y ~ t + I(t^2),
    data = d, draws = 500,
    prior = set_prior(normal(0, 1e4), class = "b")
  )
  expect_null(given$design$predictors[[1]]$mixing)
})
