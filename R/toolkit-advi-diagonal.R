# The mean-field family by default: mean and sds, two vectors, and nothing larger than the draws.
# The ELBO over a fixed set of draws (Giordano, Ingram and Broderick 2024) is maximised by L-BFGS.
# One iteration is one step of a phase:
#   climb   towards the mode (toolkit-advi-climb.R), one evaluation a step
#   few     steps over few draws, from the mode or, where that is no place to start, from the start
#   polish  steps over all draws
#   check   Monte Carlo error from fresh draws, which then join
#   average steps over draws of their own (toolkit-advi-diagonal-average.R), where that error is too
#           large and parameters are few; of many, `polish` again
#
# Draws come in antithetic pairs mean +- sd z; `noise` holds the z of a pair a column.

start_diagonal <- function(target, setup) {
  sd <- if (is.null(setup$start_sigma)) rep(0.1, target$dim) else setup$start_sigma
  state <- list(
    iteration = 0, losses = numeric(), done = FALSE, phase = "climb", mean = setup$start,
    sd = sd, climb = start_climb(target, setup$start)
  )
  known <- if (is.null(setup$start_sigma) && identical(setup$start, target$start)) {
    gaussian_start(target, new_progress(FALSE))
  }
  if (is.null(known) && is_finite_at(state$climb$at)) {
    return(state)
  }
  if (!is.null(known)) {
    state$mean <- known$mean
    # conditional sds: those of the optimum, for a target like the start
    state$sd <- 1 / sqrt(diag(solve_spd(crossprod(robust_chol(known$cov, least = 0)))))
  }
  state$climb <- NULL
  state$noise <- stratified_pairs(few_pairs, target$dim)
  enter_diagonal(shrink_diagonal(target, state), "few")
}

# Smaller sds until the ELBO is finite.
shrink_diagonal <- function(target, state) {
  for (i in 1:20) {
    at <- diagonal_objective(target, diagonal_unit(state), numeric(2 * target$dim), state$noise)
    if (is_finite_at(at)) {
      return(state)
    }
    state$sd <- state$sd / sqrt(10)
  }
  stop_covary("start", "The ELBO is not finite at the start; give other `start` values.",
    fields = list(arg = "start")
  )
}

step_diagonal <- function(target, setup, state, most) {
  state <- switch(state$phase,
    climb = step_climb(target, setup, state),
    few = leave_pairs(target, setup, step_pairs(target, state, 1e-4)),
    polish = leave_pairs(target, setup, step_pairs(target, state, near_enough[["meanfield"]])),
    check = step_check_diagonal(target, setup, state),
    average = step_average_diagonal(target, setup, state)
  )
  state$losses <- append_losses(state, state[["loss"]])
  state$iteration <- state$iteration + 1
  state
}

# Until the top is reached the loss is that of a Gaussian with the sds of the start.
step_climb <- function(target, setup, state) {
  state$climb <- climb(target, state$climb)
  state$loss <- climb_loss(state)
  if (state$climb$ended) leave_climb(target, setup, state) else state
}

climb_loss <- function(state) {
  state$climb$at$f - sum(log(state$sd)) - 0.5 * length(state$sd) * log(2 * pi)
}

# The better of the top and the start.
leave_climb <- function(target, setup, state) {
  climbed <- state$climb
  state$climb <- NULL
  state$noise <- stratified_pairs(few_pairs, target$dim)
  top <- if (climbed$reached) {
    list(mean = climbed$theta, sd = climb_sds(target, climbed), memory = climbed$memory)
  }
  few <- seq_len(if (is.null(state$rows)) few_pairs else 2)
  state$believed <- is_better_top(
    target, top, state[c("mean", "sd")], state$noise[, few, drop = FALSE]
  )
  if (state$believed) {
    state[c("mean", "sd")] <- top[c("mean", "sd")]
    return(enter_diagonal(state, "few", top$memory))
  }
  enter_diagonal(shrink_diagonal(target, state), "few")
}

leave_pairs <- function(target, setup, state) {
  if (!state$left) {
    return(state)
  }
  if (state$phase == "polish") {
    return(enter_diagonal(state, "check"))
  }
  state$noise <- stratified_pairs(first_pairs(setup), target$dim)
  # what few draws say of many coordinates is noise
  if (target$dim > 4 * few_pairs) state["bfgs"] <- list(state$seed)
  state <- enter_diagonal(state, "polish")
  state$value <- diagonal_objective(target, state$unit, state$par, state$noise)
  # draws that lie outside the support
  if (is_finite_at(state$value)) state else enter_diagonal(shrink_diagonal(target, state), "polish")
}

# Half of the draws that the full-rank family would take, as long as they are few.
first_pairs <- function(setup) {
  m <- setup$control$fixed_draws
  if (is.null(m)) m <- min(max(64, 4 * setup$family$dim + 12), 256)
  as.integer(ceiling(m / 2))
}

# As many fresh draws as there are: what they would change is the Monte Carlo error. Of that, as
# much is changed as is not their own noise.
step_check_diagonal <- function(target, setup, state) {
  n <- ncol(state$noise)
  fresh <- replicate_noise(n, target$dim)
  enough <- join_within(target$dim) * setup$control$tolerance
  error <- diagonal_error(
    target, state$mean, state$sd, fresh, enough,
    values = FALSE, valleys = is_small(target)
  )
  before <- if (is.null(state$error)) Inf else state$error
  state$error <- error$rms
  # Inf: the family reaches beyond the support, and more draws would say so
  state$done <- is_last_check(setup, error$rms, before, 2 * n)
  state$noise <- cbind(state$noise, do.call(cbind, fresh))
  if (!state$done && !is_averaged(state, before)) {
    return(enter_diagonal(state, "polish"))
  }
  if (error$rms < 0.1) {
    state$mean <- state$mean + error$share[["mean"]] * state$sd * error$step
    state$sd <- state$sd * exp(error$share[["scale"]] * error$scale)
  }
  if (state$done) state else start_average_diagonal(target, state)
}

moments_diagonal <- function(setup, state) {
  list(mean = state$mean, sd = state$sd, parameters = c(state$mean, inverse_softplus(state$sd)))
}

diagonal_scheme <- list(
  start = start_diagonal, step = step_diagonal, moments = moments_diagonal,
  draws = function(state) 2L * ncol(state$noise)
)
