# One run of an engine; an interrupt returns what it had reached.

# Runs an engine; an interrupt ends it with what was kept.
run_engine <- function(engine, target, draws, control, progress) {
  on.exit(progress$close())
  interrupted <- FALSE
  run <- function() {
    retype(
      engine(target, draws, control, progress), "numerics",
      "The posterior cannot be computed; the responses may be ",
      "fitted without error, or a prior or an offset be far from the data. What failed: "
    )
  }
  out <- tryCatch(run(), interrupt = function(i) {
    interrupted <<- TRUE
    NULL
  })
  if (!interrupted) {
    return(out)
  }
  out <- rescue_draws(progress$kept(), target, draws)
  if (is.null(out)) {
    stop_covary("interrupted", "The fit was interrupted before there was anything to return.")
  }
  out
}

rescue_draws <- function(state, target, draws) {
  if (is.null(state)) {
    return(NULL)
  }
  if (is.null(state$beta)) {
    theta <- sweep(matched_noise(draws, length(state$mean)) %*% chol(state$cov), 2, state$mean, "+")
    state$beta <- theta[, seq_len(target$dim), drop = FALSE]
    state$t <- if (ncol(theta) > target$dim) {
      theta[, -seq_len(target$dim), drop = FALSE]
    } else {
      matrix(state$t, draws, target$n_sds, byrow = TRUE)
    }
  }
  nothing <- rep(NA_real_, nrow(state$beta))
  list(
    beta = state$beta, t = state$t, lp = nothing, lq = nothing,
    info = list(converged = FALSE, interrupted = TRUE, khat = numeric(), elbo = NA_real_)
  )
}
