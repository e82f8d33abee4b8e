test_that("analytic gradients and losses equal the twin's complex step", {
  states <- if (identical(Sys.getenv("COVARY_FULL_TESTS"), "true")) 10000 else 500
  set.seed(20)
  errors <- learner_gradient_errors(states)
  expect_setequal(errors$scale, c("log_cholesky", "cholesky", "covariance"))
  expect_setequal(errors$d, 1:5)
  expect_setequal(errors$g, 2:4)
  expect_lte(max(errors$error), 1e-9)
  expect_lte(max(errors$loss_error), 1e-12)
})

test_that("gradients keep their digits when the response is nearly certain", {
  model <- list(d = 1, g = 2, scale = "log_cholesky", activation = "density", bias = FALSE)
  parameter <- c(0, 3, log(.5), log(.5), 100, -100, -100, 100)
  found <- learner_engine_gradient(parameter, 0, 1L, model)
  expect_lt(found$loss, 1e-50)
  expect_gt(found$loss, 0)
  expect_lte(
    learner_scaled_error(found$gradient, learner_twin_gradient(parameter, 0, 1L, model)),
    1e-12
  )
})
