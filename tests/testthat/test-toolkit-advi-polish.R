test_that("L-BFGS over fixed draws ends at the optimum over those draws", {
  set.seed(2)
  target <- quartic()
  family <- internal("new_variational_family")("fullrank", 3L)
  setup <- list(family = family, control = advi_control())
  state <- list(
    mean = c(0.5, -0.5, 0.3), cov = diag(0.3, 3),
    noise = internal("paired")(internal("stratified_pairs")(64, 3))
  )
  state <- internal("start_polish")(state)
  start <- state
  for (i in 1:50) {
    state <- internal("step_polish")(target, setup, state)
    if (!is.null(state$phase)) break
  }
  expect_identical(state$phase, "check")
  best <- stats::optim(numeric(9), function(par) {
    internal("frame_objective")(target, start, par, TRUE)$f
  }, function(par) internal("frame_objective")(target, start, par, FALSE)$g,
  method = "BFGS", control = list(maxit = 500, reltol = 1e-14)
  )
  right <- internal("frame_moments")(c(list(par = best$par), start[c("centre", "unit")]))
  off <- c(
    (state$mean - right$mean) / sqrt(diag(right$cov)), log(diag(state$cov) / diag(right$cov)) / 2
  )
  expect_lt(sqrt(mean(off^2)), 0.1 * setup$control$tolerance)
  # the ELBO that it reports, which slopes have summed up, is that over the draws
  theta <- state$centre + state$unit %*% (
    internal("frame_at")(state$par, 3)$shift +
      internal("frame_at")(state$par, 3)$lower %*% state$noise)
  value <- mean(internal("density_at")(target, t(theta))$value)
  expect_equal(state$elbo, value + internal("gaussian_entropy")(state$cov), tolerance = 0.003)
})
