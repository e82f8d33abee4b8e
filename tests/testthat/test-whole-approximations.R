test_that("Laplace is exact for Gaussians and refuses where there is no mode", {
  set.seed(1)
  cov <- random_covariance(6, 1e4)
  fit <- laplace(gaussian_target(1:6, cov))
  expect_equal(unname(fit$mean), 1:6, tolerance = 1e-4)
  expect_equal(unname(vcov(fit)), cov, tolerance = 1e-4)
  expect_equal(elbo(fit), 0, tolerance = 1e-3)
  expect_error(laplace(target_density(function(t) t[[1]], function(t) 1, names = "x")),
    class = "covary_error"
  )
})

test_that("Pathfinder finds Gaussians, by one path and by several", {
  set.seed(2)
  cov <- random_covariance(4, 20)
  target <- gaussian_target(1:4, cov)
  one <- suppressWarnings(pathfinder(target, paths = 1))
  many <- suppressWarnings(pathfinder(target))
  expect_lt(max(abs(mean(one) - 1:4) / sqrt(diag(cov))), 0.3)
  expect_lt(max(abs(mean(many) - 1:4) / sqrt(diag(cov))), 0.3)
  expect_equal(nrow(many$draws), 1000)
})

test_that("quadrature fits are stationary and exact where they can be", {
  fit <- quadrature_kl(function(x) dnorm(x, 1, 2, log = TRUE), lower = -20, upper = 20)
  expect_equal(c(fit$mean, fit$sd), c(1, 2), tolerance = 1e-4)
  expect_equal(fit$divergence, 0, tolerance = convergence_error)
  t3 <- quadrature_kl(function(x) dt(x, 3, log = TRUE), lower = -50, upper = 50)
  near <- integrate(function(x) {
    dnorm(x, 0, t3$sd) *
      (dnorm(x, 0, t3$sd, log = TRUE) - dt(x, 3, log = TRUE))
  }, -20, 20)$value
  expect_equal(t3$divergence, near, tolerance = 1e-3)
  beta <- quadrature_kl(function(x) dbeta(x, 1001, 2, log = TRUE),
    lower = 0, upper = 1,
    truncated = TRUE
  )
  expect_lt(beta$divergence, 0.1)
  expect_error(quadrature_kl(1), class = "covary_error_argument")
  expect_error(quadrature_kl(function(x) NA * x), class = "covary_error_target")
})

test_that("methods agree with the draws, and survive saving", {
  set.seed(3)
  target <- linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50))
  for (fit in list(
    advi(target), laplace(target), suppressWarnings(nuts(target, 2, 200, 300)),
    suppressWarnings(pathfinder(target))
  )) {
    m <- as.matrix(fit)
    expect_equal(mean(fit), colMeans(m), tolerance = 0.01)
    expect_equal(sd(fit), apply(m, 2, stats::sd), tolerance = 0.02)
    expect_equal(coef(fit), mean(fit))
    expect_equal(dim(vcov(fit)), c(3, 3))
    expect_s3_class(posterior::as_draws_df(fit), "draws_df")
    expect_equal(posterior::ndraws(posterior::as_draws_matrix(fit, ndraws = 7)), 7)
    expect_true(all(c("mean", "sd", "mcse") %in% names(summary(fit))))
    expect_output(print(fit), "Approximation by")
    p <- predict(fit, data.frame(wt = 2:3))
    expect_true(all(p$lower < p$estimate & p$predict_lower < p$lower))
    file <- tempfile()
    saveRDS(fit, file)
    expect_equal(summary(readRDS(file)), summary(fit))
  }
  expect_equal(sd(c(1, 2, 4)), stats::sd(c(1, 2, 4)))
  pdf(NULL)
  fit <- suppressWarnings(advi(target,
    optimizer = adam(), iterations = 300,
    callbacks = tracker(mean = mean)
  ))
  expect_s3_class(plot(fit, against = laplace(target)), "data.frame")
  expect_invisible(plot(fit, "loss"))
  expect_invisible(plot(fit, "tracker"))
  expect_error(plot(laplace(target), "tracker"), class = "covary_error_tracker")
  expect_error(predict(advi(normal_mixture(1, 0, 1)), data.frame(x = 1)),
    class = "covary_error_argument"
  )
  dev.off()
})
