test_that("posterior and predictive intervals are quantiles of draws", {
  fit <- fixture("two")
  p <- posterior_interval(fit, 0.9)
  expect_identical(colnames(p), c("5%", "95%"))
  expect_equal(
    unname(p["sds_a_sx_1", ]),
    quantile(as.matrix(fit)[, "sds_a_sx_1"], c(0.05, 0.95), names = FALSE)
  )
  expect_identical(
    rownames(posterior_interval(fit, variable = "^b_rho", regex = TRUE)),
    c("b_rho_a_b_Intercept", "b_rho_a_b_x")
  )
  set.seed(1)
  i <- predictive_interval(fit, 0.5, newdata = data.frame(x = 0:1, f = "p"))
  set.seed(1)
  y <- posterior_predict(fit, newdata = data.frame(x = 0:1, f = "p"))
  expect_identical(dimnames(i)[2:3], list(c("25%", "75%"), c("a", "b")))
  expect_equal(i[2, , "b"], quantile(y[, 2, "b"], c(0.25, 0.75)))
  expect_identical(dim(predictive_interval(fixture("one"))), c(32L, 2L))
  expect_error(posterior_interval(fit, 1.2), class = "covary_error_argument")
})

test_that("predictive intervals cover", {
  set.seed(6)
  y <- data_two()
  i <- predictive_interval(fixture("two"), 0.9)
  expect_equal(mean(y$a > i[, 1, "a"] & y$a < i[, 2, "a"]), 0.9, tolerance = 0.08)
})

test_that("R2 is the share of the variance of the means", {
  fit <- fixture("one")
  mu <- posterior_epred(fit)
  s <- posterior_epred(fit, dpar = "sigma")
  v <- apply(mu, 1, function(m) mean((m - mean(m))^2))
  expect_equal(bayes_R2(fit, summary = FALSE)[, 1], v / (v + rowMeans(s^2)))
  expect_identical(
    dimnames(bayes_R2(fixture("two"))),
    list(c("a", "b"), c("Estimate", "Est.Error", "Q2.5", "Q97.5"))
  )
})
