test_that("draws are on the user's scale: densities have their Jacobians", {
  d <- rows_60()
  d$a <- 100 * d$a
  # The bound of the likelihood has its own test (test-model-bound.R).
  fit <- quick(a ~ x, sigma ~ x, data = d, control = covary_control(row_sd = 0))
  b <- coefficients_of(fit)
  own <- vapply(1:20, function(i) {
    mu <- b[i, "b_Intercept"] + b[i, "b_x"] * d$x
    s <- exp(b[i, "b_sigma_Intercept"] + b[i, "b_sigma_x"] * d$x)
    prior <- stats::setNames(fit$priors$prior, fit$priors$name)
    centred <- c(
      b[i, "b_Intercept"] + b[i, "b_x"] * mean(d$x), b[i, "b_x"],
      b[i, "b_sigma_Intercept"] + b[i, "b_sigma_x"] * mean(d$x), b[i, "b_sigma_x"]
    )
    at <- c("b_Intercept", "b_x", "b_sigma_Intercept", "b_sigma_x")
    sum(stats::dnorm(d$a, mu, s, log = TRUE)) +
      sum(mapply(
        function(v, p) stats::dnorm(v, p$par[1], p$par[2], log = TRUE), centred,
        prior[at]
      ))
  }, 0)
  expect_equal(as.vector(unclass(fit$draws)[1:20, "lp__"]), own, tolerance = half_of_digits)
})

test_that("the log evidence and the ELBO are of the user's data", {
  d <- rows_60()
  d$log_s <- 0
  prior <- set_prior(normal(0, 1))
  one <- quick(a ~ 0 + x, sigma ~ 0 + offset(log_s), data = d, prior = prior)
  expect_equal(one$info$log_evidence, sum(diag(0, 1)) + {
    v <- diag(60) + tcrossprod(d$x)
    -0.5 * (60 * log(2 * pi) + as.numeric(determinant(v)$modulus) + sum(d$a * solve(v, d$a)))
  }, tolerance = rounding_of_solve)
  plain <- quick(a ~ x, data = d, algorithm = "fullrank")
  scaled <- quick(a ~ x, data = transform(d, a = 10 * a), algorithm = "fullrank")
  expect_equal(elbo(scaled), elbo(plain) - 60 * log(10), tolerance = rounding_of_fit)
})

test_that("predictors are those of the draws, for some draws too", {
  d <- rows_60()
  fit <- quick(cbind(a, b) ~ x + s(z, k = 5), sigma ~ g, data = d)
  ids <- c(3, 9, 9)
  for (key in names(fit$design$predictors)) {
    all <- predictor_draws(fit, key, d[1:5, ])
    expect_equal(predictor_draws(fit, key, d[1:5, ], draw_ids = ids), all[ids, ],
      tolerance = rounding
    )
  }
})

test_that("blocks of draws and rows agree with the whole", {
  fit <- fixture("two")
  at <- predictor_at(fit, "mu:a")
  whole <- predictor_values(at)
  expect_identical(dim(whole), c(800L, 120L))
  expect_equal(predictor_values(at, draws = 5:9, rows = c(3, 3, 90)), whole[5:9, c(3, 3, 90)])
  expect_equal(predictor_draws(fit, "mu:a", data_two()), whole)
})

test_that("new levels of random effects have fresh effects, shared in a level, scaled by slopes", {
  fit <- fixture("groups")
  set.seed(2)
  new <- data.frame(g = c("a", "new", "new", "newer"), x = c(1, 0, 12, 12))
  e <- posterior_epred(fit, newdata = new)
  d <- as.matrix(fit)
  expect_equal(e[, 1], posterior_epred(fit, newdata = new[1, ])[, 1])
  # At x = 0 only the intercepts of the groups vary.
  expect_equal(sd(e[, 2] - d[, "b_Intercept"]), sqrt(mean(d[, "sds_sg_1"]^2)), tolerance = 0.1)
  # The slope's sd is per unit of x.
  slope <- sqrt(mean(d[, "sds_sg_1"]^2) + mean((d[, "sds_sgx_1"] * 12)^2))
  expect_equal(sd(e[, 3] - d[, "b_Intercept"] - 12 * d[, "b_x"]), slope, tolerance = 0.15)
  within <- cor(e[, 2] - d[, "b_Intercept"], e[, 3] - d[, "b_Intercept"] - 12 * d[, "b_x"])
  between <- cor(e[, 3] - d[, "b_Intercept"] - 12 * d[, "b_x"], e[, 4] - d[, "b_Intercept"] -
    12 * d[, "b_x"])
  expect_gt(within, 0.1)
  expect_lt(abs(between), 0.15)
  p <- predict(fit, new, dpar = "mu")
  expect_gt(p$sd[2], 2 * p$sd[1])
})

test_that("fits survive saveRDS", {
  fit <- fixture("two")
  file <- tempfile()
  on.exit(unlink(file))
  saveRDS(fit, file)
  back <- readRDS(file)
  new <- data.frame(x = c(-1, 1.5), f = "q")
  expect_equal(predict(back, new), predict(fit, new))
})

test_that("columns of the fit are those of its data, also where terms depend on all rows", {
  for (name in c("two", "groups", "known")) {
    fit <- fixture(name)
    for (p in fit$design$predictors) {
      at <- fitted_columns(fit, p$key)
      again <- predictor_columns(p, training_data(fit))
      expect_equal(at$x[fit$cell, , drop = FALSE], again$x, ignore_attr = TRUE)
      expect_equal(at$offset[fit$cell], again$offset)
    }
  }
  d <- data.frame(x = c(0, 0, 0, 0, 0, 1, 2), y = c(1, 2, 1.5, 1.2, 0.7, 4, 6))
  fit <- quiet(covary(y ~ I(x - mean(x)), data = d, draws = 200))
  expect_equal(model.matrix(fit)[, 2], d$x - mean(d$x), ignore_attr = TRUE)
})

test_that("draws that resampling repeats stand together, and count once", {
  rows <- group_repeats(c(4L, 2L, 4L, 1L, 2L))
  expect_identical(sort(rows), c(1L, 2L, 2L, 4L, 4L))
  expect_identical(sum(diff(rows) == 0), 2L)
  weights <- c(rep(1, 20), rep(.02, 980))
  set.seed(1)
  rows <- group_repeats(resample(weights / sum(weights), 4000))
  effective <- sum(weights)^2 / sum(weights^2)
  expect_equal(posterior::ess_basic(stats::rnorm(1000)[rows]), effective, tolerance = 0.5)
})

test_that("lprior is the log prior, on the user's scale", {
  priors <- c(
    set_prior(normal(0, 10), class = "b"), set_prior(normal(20, 5), class = "Intercept"),
    set_prior(normal(0, 1), class = "Intercept", dpar = "sigma"),
    set_prior(normal(0, .1), class = "b", dpar = "sigma")
  )
  set.seed(1)
  fit <- quiet(covary(mpg ~ wt, sigma ~ hp, mtcars, prior = priors, draws = 200))
  d <- as.data.frame(fit)
  centred <- d$b_Intercept + mean(mtcars$wt) * d$b_wt
  centred_sigma <- d$b_sigma_Intercept + mean(mtcars$hp) * d$b_sigma_hp
  right <- dnorm(centred, 20, 5, TRUE) + dnorm(d$b_wt, 0, 10, TRUE) +
    dnorm(centred_sigma, 0, 1, TRUE) + dnorm(d$b_sigma_hp, 0, .1, TRUE)
  expect_equal(d$lprior, right)
})

test_that("prior, likelihood and posterior add up, with smooths and by tables of rows", {
  set.seed(2)
  for (fit in list(
    quiet(covary(cbind(a, b) ~ s(x, k = 5), rho ~ x, data = rows_60(), draws = 100)),
    quiet(covary(a ~ s(x, k = 5),
      data = rows_60()[rep(1:60, 400), ], draws = 100,
      control = covary_control(compress = "never", importance = "always")
    ))
  )) {
    d <- as.data.frame(fit)
    # up to the scatter that bounds the likelihood
    gap <- rowSums(log_lik(fit)) + d$lprior - d$lp__
    expect_lt(max(abs(gap - mean(gap))), 0.05)
  }
})
