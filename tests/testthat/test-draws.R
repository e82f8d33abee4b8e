test_that("blocks of draws and rows agree with the whole", {
  fit <- fixture("two")
  at <- predictor_at(fit, "mu:a")
  whole <- predictor_values(at)
  expect_identical(dim(whole), c(800L, 120L))
  expect_equal(predictor_values(at, draws = 5:9, rows = c(3, 3, 90)), whole[5:9, c(3, 3, 90)])
  expect_equal(predictor_draws(fit, "mu:a", data_two()), whole)
})

test_that("new levels of random effects have fresh effects, shared within a level, scaled by slopes", {
  fit <- fixture("groups")
  set.seed(2)
  new <- data.frame(g = c("a", "new", "new", "newer"), x = c(1, 0, 12, 12))
  e <- posterior_epred(fit, newdata = new)
  d <- as.matrix(fit)
  expect_equal(e[, 1], posterior_epred(fit, newdata = new[1, ])[, 1])
  # At x = 0 only the intercepts of the groups vary.
  expect_equal(sd(e[, 2] - d[, "b_Intercept"]), sqrt(mean(d[, "sds_sg_1"]^2)), tolerance = 0.1)
  # The slope's sd is that over the data: per unit of x it is divided by the rms of x.
  rms <- sqrt(mean(data_groups()$x^2))
  slope <- sqrt(mean(d[, "sds_sg_1"]^2) + mean((d[, "sds_sgx_1"] * 12 / rms)^2))
  expect_equal(sd(e[, 3] - d[, "b_Intercept"] - 12 * d[, "b_x"]), slope, tolerance = 0.15)
  within <- cor(e[, 2] - d[, "b_Intercept"], e[, 3] - d[, "b_Intercept"] - 12 * d[, "b_x"])
  between <- cor(e[, 3] - d[, "b_Intercept"] - 12 * d[, "b_x"], e[, 4] - d[, "b_Intercept"] - 12 * d[, "b_x"])
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
