# The default optimiser: the ELBO over a fixed set of draws (Giordano, Ingram and Broderick 2024),
# which is a deterministic function. The draws are moment-matched, so that linear and quadratic
# parts of the target have no Monte Carlo error. One iteration is one step of a phase:
#   newton  natural-gradient step with E[gradient] and E[Hessian], in closed form or by Stein's
#           identity (numeric-variational.R has the step)
#   member  low-rank family: the same step to the nearest member (toolkit-advi-optimum.R), from the
#           full-rank optimum; a few passes over the target where L-BFGS on the factors takes
#           hundreds
#   polish  other families: L-BFGS on the raw parameters, in units of the approximation
#   check   Monte Carlo error from fresh draws; too large: twice the draws, and that phase again

start_fixed <- function(target, setup) {
  sd <- if (is.null(setup$start_sigma)) rep(0.1, target$dim) else setup$start_sigma
  exact <- has_expectations(target) && setup$control$closed_form
  state <- list(
    iteration = 0, losses = numeric(), done = FALSE, phase = "newton", exact = exact,
    mean = setup$start,
    cov = diag(sd^2, target$dim)
  )
  known <- if (is.null(setup$start_sigma) && identical(setup$start, target$start)) {
    gaussian_start(target, new_progress(FALSE))
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
  if (!exact) state$noise <- new_noise(first_draws(setup), setup$family$dim)
  shrink_start(target, setup, state)
}

first_draws <- function(setup) {
  m <- setup$control$fixed_draws
  if (is.null(m)) max(64L, 4L * setup$family$dim + 12L) else m
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
  state$precision <- solve_spd(state$cov)
  state$at <- at
  state$elbo <- at$value + gaussian_entropy(state$cov)
  state
}

step_fixed <- function(target, setup, state, most) {
  state <- switch(state$phase,
    newton = step_newton(target, setup, state),
    member = step_member(target, setup, state),
    polish = step_polish(target, setup, state),
    check = step_check(target, setup, state)
  )
  state$losses <- append_losses(state, -state$elbo)
  state$iteration <- state$iteration + 1
  state
}

step_newton <- function(target, setup, state) {
  diagonal <- setup$family$name == "meanfield"
  expect <- function(mean, cov) expect_at(target, state, mean, cov)
  step <- best_step(expect, state, diagonal)
  after <- if (setup$family$name == "lowrank") "member" else if (state$exact) "done" else "polish"
  if (is.null(step)) {
    return(enter_phase(target, setup, state, after))
  }
  shift <- max(abs(step$mean - state$mean) / sqrt(diag(step$cov)))
  stretch <- max(abs(diag(step$cov) / diag(state$cov) - 1))
  state[c("mean", "cov", "precision")] <- step[c("mean", "cov", "precision")]
  state$at <- step$at
  gain <- step$elbo - state$elbo
  state$elbo <- step$elbo
  small <- if (state$exact) 1e-5 else 1e-3
  # Stein's Hessian has noise; when steps no longer gain much, L-BFGS goes on with exact gradients.
  slow <- !state$exact && state$iteration > 2 && gain < 0.02
  if (max(shift, stretch) / step$size < small || slow) {
    state <- enter_phase(target, setup, state, after)
  }
  state
}

enter_phase <- function(target, setup, state, phase) {
  if (phase == "done") {
    state$done <- TRUE
    return(state)
  }
  state$phase <- phase
  switch(phase,
    polish = start_polish(setup, state),
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
  after <- if (state$exact) "done" else "check"
  if (is.null(new)) {
    return(enter_phase(target, setup, state, after))
  }
  # With draws, gains far below a nat are within their error.
  small <- if (state$exact) {
    max(state_distance(new, state)) / size < 1e-4
  } else {
    new$elbo - state$elbo < 1e-3
  }
  if (small) enter_phase(target, setup, new, after) else new
}

# Raw parameters in coordinates where the approximation is standard.
start_polish <- function(setup, state) {
  family <- setup$family
  d <- family$dim
  state$centre <- state$mean
  if (family$name == "fullrank") {
    state$unit <- t(chol(state$cov))
    state$par <- family_start(family, numeric(d), 1)
    metric <- diag(1, d)
  } else {
    sd <- sqrt(diag(state$cov))
    state$unit <- diag(sd, d)
    state$par <- family_start(family, numeric(d), 1)
    metric <- if (is.null(state$at)) {
      diag(1, d)
    } else {
      chol2inv(robust_chol(-state$at$hessian * outer(sd, sd)))
    }
  }
  state$metric <- metric
  state$bfgs <- list(s = list(), y = list())
  state$value <- NULL
  state
}

fixed_objective <- function(target, setup, state, par, noise = state$noise) {
  out <- guard_target(.Call(
    C_elbo, target, setup$family, list(stl = FALSE, entropy = TRUE), par, noise, state$centre,
    state$unit
  ))
  list(f = -out$value, g = -out$gradient)
}

step_polish <- function(target, setup, state) {
  if (is.null(state$value)) state$value <- fixed_objective(target, setup, state, state$par)
  at <- state$value
  d <- setup$family$dim
  precondition <- function(g) c(state$metric %*% g[seq_len(d)], g[-seq_len(d)])
  direction <- -lbfgs_direction(at$g, state$bfgs, precondition)
  slope <- sum(direction * at$g)
  moved <- NULL
  if (isTRUE(slope < -1e-10 * (1 + abs(at$f))^0.5)) {
    moved <- line_search(
      function(p) fixed_objective(target, setup, state, p), state$par, direction,
      at, slope
    )
  }
  if (is.null(moved)) {
    return(finish_polish(setup, state))
  }
  state$bfgs <- lbfgs_update(state$bfgs, moved$par - state$par, moved$at$g - at$g)
  gain <- at$f - moved$at$f
  state$par <- moved$par
  state$value <- moved$at
  # f leaves out the determinant of the change of units
  state$elbo <- -moved$at$f + sum(log(diag(state$unit)))
  if (gain < 1e-7 && -slope < 1e-6) finish_polish(setup, state) else state
}

finish_polish <- function(setup, state) {
  state <- c(state[setdiff(names(state), c("mean", "cov"))], polished_moments(setup, state))
  if (!is.null(state$value)) state$elbo <- -state$value$f + sum(log(diag(state$unit)))
  state$phase <- "check"
  state
}

polished_moments <- function(setup, state) {
  at <- family_moments(setup$family, state$par)
  list(
    mean = state$centre + as.vector(state$unit %*% at$mean),
    cov = tcrossprod(state$unit %*% t(at$chol_cov))
  )
}

# Fresh draws of the same kind and number: what they would change is the Monte Carlo error.
step_check <- function(target, setup, state) {
  m <- ncol(state$noise)
  fresh <- new_noise(m, setup$family$dim)
  chol_cov <- chol(state$cov)
  seen <- stein_expect(target, state$mean, chol_cov, fresh)
  # The family reaches beyond the support of the target: its ELBO is -Inf, and more draws would
  # say so. The answer is the best over the draws so far, and the verdict counts what lies
  # outside.
  if (!is_known(seen)) {
    state$error <- Inf
    state$done <- TRUE
    return(state)
  }
  error <- if (setup$family$name == "lowrank") {
    expected_error(target, setup$family, state$mean, chol_cov, seen, state$low)
  } else {
    newton_error(setup$family$name, state$mean, chol_cov, seen)
  }
  state$error <- error$rms
  if (error$rms <= 0.6 * setup$control$tolerance || 2 * m > setup$control$most_draws) {
    state$done <- TRUE
    return(state)
  }
  # The fresh draws join the old ones, and the joint fit has half the variance.
  state$noise <- cbind(state$noise, fresh)
  if (setup$family$name == "lowrank") {
    state$phase <- "member"
    return(place_member(target, state, state[c("mean", "low")]))
  }
  state$at <- error$at
  enter_phase(target, setup, state, "polish")
}

moments_fixed <- function(setup, state) {
  at <- if (state$phase == "polish") polished_moments(setup, state) else state[c("mean", "cov")]
  chol_cov <- chol(at$cov)
  list(
    mean = at$mean, chol_cov = chol_cov,
    parameters = c(at$mean, lower_triangle(t(chol_cov)))
  )
}

fixed_scheme <- list(start = start_fixed, step = step_fixed, moments = moments_fixed)
