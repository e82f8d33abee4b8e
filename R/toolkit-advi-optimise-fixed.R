# The default optimiser: the ELBO over a fixed set of draws (Giordano, Ingram and Broderick 2024),
# which is a deterministic function. The draws are moment-matched, so that linear and quadratic
# parts of the target have no Monte Carlo error. One iteration is one step of a phase:
#   climb   towards the mode (toolkit-advi-climb.R), one evaluation a step
#   few     where the mode is no place to start: the mean-field family over few draws
#   newton  natural-gradient step with E[gradient] and E[Hessian], in closed form or by Stein's
#           identity (numeric-variational.R has the step)
#   member  low-rank family in closed form: the same step to the nearest member
#           (toolkit-advi-optimum.R), from the full-rank optimum; a few passes over the target where
#           L-BFGS on the factors takes hundreds. Without closed form: toolkit-advi-factors.R.
#   polish  full-rank: L-BFGS on the raw parameters, in units of the approximation, where such steps
#           do not settle
#   check   Monte Carlo error from fresh draws, which then count as much as those before
#   average steps over draws of their own (toolkit-advi-average.R), where that error is too large

start_fixed <- function(target, setup) {
  sd <- if (is.null(setup$start_sigma)) rep(0.1, target$dim) else setup$start_sigma
  exact <- has_expectations(target) && setup$control$closed_form
  state <- list(
    iteration = 0, losses = numeric(), done = FALSE, phase = "newton", exact = exact,
    mean = setup$start, cov = diag(sd^2, target$dim)
  )
  known <- if (is.null(setup$start_sigma) && identical(setup$start, target$start)) {
    gaussian_start(target, new_progress(FALSE))
  }
  if (is.null(known) && !exact) {
    state$sd <- sd
    state$climb <- start_climb(target, setup$start)
    state$phase <- "climb"
    return(if (is_finite_at(state$climb$at)) state else leave_climb_full(target, setup, state))
  }
  if (!is.null(known)) {
    state$mean <- known$mean
    # few rows may leave directions without any curvature
    state$cov <- crossprod(robust_chol(known$cov, least = 0))
  }
  # conditional sds: those of the optimum, for a target like the start
  if (setup$family$name == "meanfield") {
    state$cov <- diag(1 / diag(solve_spd(state$cov)), target$dim)
  }
  start_newton(target, setup, state)
}

# 2 d draws say all of a quadratic; what is not is left to steps over fresh draws.
first_draws <- function(setup) {
  m <- setup$control$fixed_draws
  if (is.null(m)) max(64L, 2L * setup$family$dim + 8L) else m
}

start_newton <- function(target, setup, state) {
  if (!state$exact) state$noise <- paired(stratified_pairs(first_draws(setup) %/% 2, target$dim))
  state$phase <- "newton"
  state[c("sd", "climb", "few")] <- NULL
  shrink_start(target, setup, state)
}

# Smaller sds until the ELBO is finite at the start.
shrink_start <- function(target, setup, state) {
  for (i in 1:20) {
    at <- expect_at(target, state, state$mean, state$cov)
    if (is_known(at)) break
    state$cov <- state$cov / 10
  }
  if (!is_known(at)) {
    stop_covary("start",
      "The ELBO is not finite at the start; give other `start` values.",
      fields = list(arg = "start")
    )
  }
  place_newton(target, state, at)
}

place_newton <- function(target, state, at = expect_at(target, state, state$mean, state$cov)) {
  state$precision <- solve_spd(state$cov)
  state$at <- at
  state$elbo <- at$value + gaussian_entropy(state$cov)
  state
}

step_fixed <- function(target, setup, state, most) {
  state <- switch(state$phase,
    climb = step_climb_full(target, setup, state),
    few = step_few(target, setup, state),
    newton = step_newton(target, setup, state),
    member = step_member(target, setup, state),
    polish = step_polish(target, setup, state),
    check = step_check(target, setup, state),
    average = step_average(target, setup, state)
  )
  loss <- if (is.null(state[["loss"]])) -state$elbo else state[["loss"]]
  state$losses <- append_losses(state, loss)
  state$loss <- NULL
  state$iteration <- state$iteration + 1
  state
}

step_newton <- function(target, setup, state) {
  diagonal <- setup$family$name == "meanfield"
  # along short steps slopes say what is gained
  values <- !isTRUE(state$short)
  if (values && isTRUE(state$at$guessed)) state <- place_newton(target, state)
  expect <- function(mean, cov) expect_at(target, state, mean, cov, values)
  step <- best_step(expect, state, diagonal)
  after <- if (setup$family$name == "lowrank") "member" else if (state$exact) "done" else "check"
  if (is.null(step)) {
    return(enter_phase(target, setup, state, after))
  }
  change <- state_distance(step, state)
  state$short <- sqrt(mean(change^2)) < 0.5
  state[c("mean", "cov", "precision")] <- step[c("mean", "cov", "precision")]
  state$at <- step$at
  gain <- step$elbo - state$elbo
  state$elbo <- step$elbo
  small <- if (state$exact) 1e-5 else 1e-3
  # curvature at the mode that is far from that over the posterior
  if (after == "check" && sqrt(mean(change^2)) > 0.5 && is.null(state$hard)) {
    state$hard <- TRUE
  }
  # Stein's Hessian has noise, and steps gain little in the end. Where they still go far, L-BFGS
  # goes on with exact gradients.
  slow <- !state$exact && gain < if (isTRUE(state$hard)) 0.1 else 0.004
  if (after == "check" && (isTRUE(state$hard) || sqrt(mean(change^2)) > 0.05 * step$size)) {
    state$steps <- if (is.null(state$steps)) 1 else state$steps + 1
    slow <- slow && (isTRUE(state$hard) || gain < 1e-3 || state$steps > 3)
    after <- "polish"
  }
  if (max(change) / step$size < small || slow) enter_phase(target, setup, state, after) else state
}

enter_phase <- function(target, setup, state, phase) {
  if (phase == "done") {
    state$done <- TRUE
    return(state)
  }
  state$phase <- phase
  switch(phase,
    polish = start_polish(state),
    member = start_member(target, setup, state),
    state
  )
}

# From a full-rank Gaussian to the nearest member of the low-rank family
start_member <- function(target, setup, state) {
  low <- low_rank_nearest(solve_spd(state$cov), sqrt(diag(state$cov)), setup$family$rank)
  place_member(target, state, list(mean = state$mean, low = low))
}

place_member <- function(target, state, to) {
  cov <- low_rank_cov(to$low)
  at <- expect_at(target, state, to$mean, cov)
  state[c("mean", "low", "cov", "at", "elbo")] <- list(
    to$mean, to$low, cov, at,
    at$value + gaussian_entropy(cov)
  )
  state$precision <- solve_spd(cov)
  state
}

# The optimum of the family as seen from here, or from between: curvature mixed with that of the
# member.
step_member <- function(target, setup, state) {
  chol_cov <- chol(state$cov)
  new <- NULL
  for (size in 0.5^(0:8)) {
    seen <- list(
      value = state$at$value, gradient = size * state$at$gradient,
      hessian = size * state$at$hessian - (1 - size) * state$precision
    )
    new <- place_member(
      target, state,
      refit_family(target, setup$family, state$mean, chol_cov, seen, state$low)
    )
    if (isTRUE(new$elbo >= state$elbo - 1e-9 * (1 + abs(state$elbo)))) break
    new <- NULL
  }
  if (is.null(new)) {
    return(enter_phase(target, setup, state, "done"))
  }
  small <- max(state_distance(new, state)) / size < 1e-4
  if (small) enter_phase(target, setup, new, "done") else new
}

moments_fixed <- function(setup, state) {
  at <- if (state$phase == "polish") frame_moments(state) else fixed_moments(state)
  chol_cov <- chol(at$cov)
  out <- list(mean = at$mean, parameters = c(at$mean, lower_triangle(t(chol_cov))))
  c(out, switch(setup$family$name,
    meanfield = list(sd = sqrt(diag(at$cov))),
    lowrank = if (is.null(state$low)) {
      list(chol_cov = chol_cov)
    } else {
      list(factors = sound_factors(state$low))
    },
    list(chol_cov = chol_cov)
  ))
}

fixed_moments <- function(state) {
  if (is.null(state$few)) {
    return(state[c("mean", "cov")])
  }
  list(mean = state$few$mean, cov = diag(state$few$sd^2, length(state$few$mean)))
}

fixed_scheme <- list(
  start = start_fixed, step = step_fixed, moments = moments_fixed,
  draws = function(state) ncol(state$noise)
)
