test_that("every engine returns a result that keeps the contract", {
  set.seed(1)
  d <- data.frame(x = stats::runif(60))
  d$y <- sin(3 * d$x) + stats::rnorm(60, 0, 0.3)
  control <- covary_control(
    svgd = list(particles = 20, iterations = 50), nuts = list(chains = 1, warmup = 100)
  )
  models <- list(
    covary(y ~ x, data = d, algorithm = "none")$regression,
    covary(y ~ s(x, k = 5), data = d, algorithm = "none")$regression
  )
  for (model in models) {
    for (engine in Filter(function(e) !is.null(e$fit), engines())) {
      result <- suppressWarnings(engine$fit(model, 120, control, quiet_progress))
      expect_identical(validate_engine_result(result, model, 120), result)
    }
  }
})

test_that("a result that breaks the contract is refused by the field at fault", {
  model <- list(dim = 2L, n_sds = 1L)
  good <- new_engine_result(
    matrix(0, 10, 2), matrix(0, 10, 1), numeric(10), numeric(10),
    list(khat = numeric(), converged = TRUE)
  )
  expect_identical(validate_engine_result(good, model, 10), good)
  broken <- list(
    beta = replace(good, "beta", list(matrix(0, 10, 3))),
    log_tau = replace(good, "log_tau", list(matrix(0, 10, 0))),
    lq = replace(good, "lq", list(1)), khat = replace(good, "info", list(list(khat = 1)))
  )
  for (field in names(broken)) {
    expect_error(validate_engine_result(broken[[field]], model, 10), field,
      class = "covary_error_internal"
    )
  }
})
