test_that("all formats hold the same draws", {
  fit <- fixture("two")
  d <- as.matrix(fit)
  expect_null(attr(d, "class"))
  expect_identical(dim(d), c(800L, length(variables(fit))))
  expect_s3_class(as_draws(fit), "draws_matrix")
  expect_s3_class(as_draws_df(fit), "draws_df")
  expect_equal(as_draws_df(fit)$lp__, d[, "lp__"], ignore_attr = TRUE)
  expect_equal(as_draws_array(fit)[, 1, "b_a_Intercept"], d[, "b_a_Intercept"], ignore_attr = TRUE)
  expect_equal(as_draws_list(fit)[[1]]$lp_approx__, d[, "lp_approx__"], ignore_attr = TRUE)
  expect_length(as_draws_rvars(fit)$s_a_sx_1, 3)
  expect_identical(dim(as.array(fit)), c(800L, 1L, ncol(d)))
  expect_equal(as.data.frame(fit), as.data.frame(d))
  expect_identical(class(as.data.frame(fit)), "data.frame")
  expect_identical(as.matrix(fit, "lp__"), d[, "lp__", drop = FALSE])
  expect_identical(colnames(as.matrix(fit, "^sds_", regex = TRUE)), c("sds_a_sx_1", "sds_b_sx_1"))
  expect_error(as_draws(fit, "nope"), class = "covary_error_argument")
})

test_that("counts and posterior's summaries", {
  fit <- fixture("one")
  expect_identical(
    c(ndraws(fit), niterations(fit), nchains(fit), nsamples(fit)),
    c(800L, 800L, 1L, 800L)
  )
  expect_identical(nvariables(fit), 7L)
  expect_identical(
    variables(fit),
    c("b_Intercept", "b_wt", "b_sigma_Intercept", "b_sigma_wt", "lprior", "lp__", "lp_approx__")
  )
  s <- posterior::summarise_draws(fit, "mean", "sd")
  expect_equal(as.numeric(s$mean[2]), coef(fit)[["b_wt"]])
})

test_that("fits by NUTS keep their chains", {
  set.seed(1)
  control <- covary_control(nuts = list(chains = 3, warmup = 200))
  fit <- quiet(covary(mpg ~ wt, data = mtcars, algorithm = "nuts", draws = 600, control = control))
  expect_identical(c(nchains(fit), niterations(fit), ndraws(fit)), c(3L, 200L, 600L))
  expect_identical(dim(as.array(fit)), c(200L, 3L, 6L))
  expect_identical(posterior::nchains(as_draws_df(fit, "b_wt")), 3L)
  chain <- as_draws_df(fit)$.chain
  expect_identical(as_draws_df(fit)$b_wt[chain == 2], as.matrix(fit)[201:400, "b_wt"])
  expect_output(print(fit), "R-hat")
  expect_lt(abs(glance(fit)$rhat - 1), 0.1)
  if (requireNamespace("loo", quietly = TRUE)) {
    expect_true(all(is.finite(quiet(loo(fit))$estimates)))
  }
  # cut chains are one
  cut <- quiet(covary(mpg ~ wt, data = mtcars, algorithm = "nuts", draws = 100, control = control))
  expect_identical(c(nchains(cut), ndraws(cut)), c(1L, 100L))
})
