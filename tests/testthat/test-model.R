test_that("models of cells keep the contract, and have no quicker subsample", {
  d <- rows_60()
  model <- model_of(cbind(a, b) ~ s(x, k = 5), sigma ~ x, rho ~ x, data = d)
  expect_s3_class(validate_model(model), "covary_cells_model")
  expect_identical(subsample_model(model, most = 10), model)
  expect_gt(seconds_per_draw(model), 0)
  expect_identical(model$roles, c("mean", "mean", "sd", "sd", "correlation"))
  model$start <- model$start[-1]
  expect_error(validate_model(model), "start: a number each", class = "covary_error_internal")
})

test_that("the pilot of a model is a model of cells", {
  model <- model_of(cbind(a, b) ~ x, sigma ~ s(x, k = 4), rho ~ x, data = rows_60())
  sub <- constant_spread(model)
  expect_s3_class(sub, "covary_cells_model")
  expect_identical(sum(!sub$means), 3L)
})
