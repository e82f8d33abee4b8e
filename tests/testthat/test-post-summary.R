test_that("summary holds the moments and quantiles of the draws", {
  fit <- fixture("two")
  s <- summary(fit)
  expect_s3_class(s, "summary.covary")
  expect_named(s$coefficients, c("mean", "sd", "2.5%", "50%", "97.5%", "mcse"))
  d <- as.matrix(fit)
  v <- "b_rho_a_b_x"
  expect_equal(s$coefficients[v, "mean"], mean(d[, v]))
  expect_equal(s$coefficients[v, "sd"], sd(d[, v]))
  expect_equal(
    unlist(s$coefficients[v, 3:5], use.names = FALSE),
    quantile(d[, v], c(0.025, 0.5, 0.975), names = FALSE)
  )
  expect_equal(s$coefficients[v, "mcse"], sd(d[, v]) / sqrt(min(800, fit$info$importance_ess)))
  expect_setequal(rownames(s$sds), c("sds_a_sx_1", "sds_b_sx_1"))
  expect_named(summary(fit, prob = 0.5)$sds, c("mean", "sd", "25%", "50%", "75%", "mcse"))
  expect_output(print(s), "sds_a_sx_1")
  expect_error(summary(fit, prob = 2), class = "covary_error_argument")
})

test_that("without resampling all draws count", {
  fit <- fixture("full")
  s <- summary(fit)
  expect_equal(s$coefficients$mcse, s$coefficients$sd / sqrt(800))
  expect_equal(nrow(s$sds), 0)
})
