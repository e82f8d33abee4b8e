# Progress of a fit, and what is kept of it should the user interrupt.

# list(tick(stage, share), keep(state), kept(), close()). Silent for two seconds, then a bar on the
# console; never in knitr or scripts unless `refresh` asks for it.
new_progress <- function(refresh = NULL) {
  if (!is.null(refresh)) check_flag(refresh, "refresh")
  show <- if (is.null(refresh)) {
    interactive() && !isTRUE(getOption("knitr.in.progress"))
  } else {
    refresh
  }
  started <- proc.time()[["elapsed"]]
  state <- NULL
  width <- 0
  list(
    tick = function(stage, share) {
      if (!show || proc.time()[["elapsed"]] - started < 2) {
        return(invisible())
      }
      share <- min(max(share, 0), 1)
      bar <- paste0(strrep("=", round(20 * share)), strrep(" ", 20 - round(20 * share)))
      text <- sprintf("\rcovary: %s [%s] %3.0f%%", stage, bar, 100 * share)
      width <<- max(width, nchar(text))
      message(text, strrep(" ", width - nchar(text)), appendLF = FALSE)
    },
    keep = function(new) state <<- new,
    kept = function() state,
    close = function() if (width > 0) message("\r", strrep(" ", width), "\r", appendLF = FALSE)
  )
}

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
