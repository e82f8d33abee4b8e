# One run of an engine; an interrupt returns what it had reached.

# Runs an engine; an interrupt ends it with what was kept.
run_engine <- function(engine, model, draws, control, progress) {
  on.exit(progress$close())
  interrupted <- FALSE
  run <- function() {
    with_typed_errors(
      engine$fit(model, draws, control, progress), "numerics",
      "The posterior cannot be computed. Check that the formulas do not fit a response without ",
      "error, and that priors and offsets are in the units of the data. What failed: "
    )
  }
  out <- tryCatch(run(), interrupt = function(i) {
    interrupted <<- TRUE
    NULL
  })
  if (!interrupted) {
    return(out)
  }
  out <- rescue_draws(progress$kept(), model, draws)
  if (is.null(out)) {
    stop_covary("interrupted", "The fit was interrupted before there was anything to return.")
  }
  out
}

# A result from what an engine kept: draws, or a Gaussian (mean, cov) of the coefficients, with the
# log smoothing sds if they are not in it.
rescue_draws <- function(state, model, draws) {
  if (is.null(state)) {
    return(NULL)
  }
  if (is.null(state$beta)) {
    noise <- t(matched_noise(draws, length(state$mean)))
    theta <- t(gaussian_moves(robust_chol(precision_of(state$cov)), noise) + state$mean)
    state$beta <- theta[, seq_len(model$dim), drop = FALSE]
    state$log_tau <- if (ncol(theta) > model$dim) {
      theta[, -seq_len(model$dim), drop = FALSE]
    } else {
      matrix(state$log_tau, draws, model$n_sds, byrow = TRUE)
    }
  }
  unknown <- rep(NA_real_, nrow(state$beta))
  info <- list(converged = FALSE, interrupted = TRUE, khat = numeric(), elbo = NA_real_)
  new_engine_result(state$beta, state$log_tau, unknown, unknown, info)
}
