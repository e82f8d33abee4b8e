# Stochastic gradient ADVI with explicit optimisers: noise and rows come from R's generator
# (toolkit-random-queue.R), the steps are in advi.c.

start_stochastic <- function(target, setup) {
  family <- setup$family
  parity <- setup$control$parity == "pymc"
  sigma <- setup$start_sigma
  if (is.null(sigma)) sigma <- softplus(if (parity && family$name == "fullrank") 1 else 0)
  par <- family_start(family, setup$start, sigma)
  list(
    iteration = 0, losses = numeric(), done = FALSE, bad = 0, par = par,
    memory = numeric(length(par) * optimizer_slots(setup$optimizer)), queue = NULL
  )
}

stochastic_settings <- function(target, setup) {
  control <- setup$control
  scale <- if (setup$batch_size > 0) target$rows / setup$batch_size else 1
  list(
    family = setup$family, optimizer = setup$optimizer$rule,
    estimate = list(stl = control$stl, entropy = FALSE),
    draws = control$draws, batch_size = setup$batch_size, batch_scale = scale,
    loss_scale = if (control$parity == "pymc") 1 / scale else 1, most_norm = control$max_norm
  )
}

step_stochastic <- function(target, setup, state, most) {
  width <- setup$family$noise * setup$control$draws
  if (is.null(state$queue) || state$queue$used == iterations_per_call) {
    state$queue <- draw_queue(setup, target, width)
  }
  k <- as.integer(min(most, iterations_per_call - state$queue$used))
  part <- take_queue(state$queue, k, width, setup$batch_size)
  rows <- if (setup$batch_size > 0) part$rows[seq_len(setup$batch_size)]
  count_reads(target, 2 * k * setup$control$draws, rows)
  out <- guard_target(.Call(
    C_advi, target, stochastic_settings(target, setup), state$iteration + 1,
    k, part$noise, part$rows, state$par, state$memory
  ))
  # PyMC stops at the first NaN
  skipped <- out$done < k && setup$control$parity == "none" && !is.finite(out$loss[out$done + 1])
  done <- out$done + skipped
  state$losses <- append_losses(state, out$loss[seq_len(done)])
  state$par <- out$par
  state$memory <- out$memory
  state$iteration <- state$iteration + done
  state$queue$used <- state$queue$used + done
  if (done < k && !skipped) stop_nan(target, setup, state, out$gradient)
  state$bad <- state$bad + skipped
  check_bad(target, setup, state, state$iteration)
  state
}

# A draw outside the support of the target, or an overflow, is no step; a run of little else has
# nowhere to go.
check_bad <- function(target, setup, state, iterations) {
  if (state$bad <= 50 || state$bad <= 0.5 * iterations) {
    return(invisible())
  }
  stop_covary("nan", "More than half of the draws of ", iterations,
    " iterations lie where the log density of ", enumerate(target$names),
    " is NaN or infinite. Declare bounds by `transforms` in target_density(), or use a smaller ",
    "learning rate or other starting values.",
    fields = list(
      parameters = target$names, iteration = iterations,
      losses = state$losses[seq_len(state$iteration)]
    )
  )
}

# A NaN stops the run and names the parameters it came through.
stop_nan <- function(target, setup, state, gradient) {
  at <- if (is.null(gradient)) integer() else which(is.nan(gradient[seq_len(target$dim)]))
  names <- if (length(at)) target$names[at] else target$names
  stop_covary("nan", "The ", if (length(at)) "gradient" else "loss", " became NaN at iteration ",
    state$iteration + 1, " in ", enumerate(names),
    ". Try a smaller learning rate, `max_norm` in advi_control(), or other starting values.",
    fields = list(
      parameters = names, iteration = state$iteration + 1,
      losses = state$losses[seq_len(state$iteration)]
    )
  )
}

moments_stochastic <- function(setup, state) {
  c(family_moments(setup$family, state$par), list(parameters = state$par))
}

stochastic_scheme <- list(
  start = start_stochastic, step = step_stochastic, moments = moments_stochastic,
  draws = function(state) NULL
)
