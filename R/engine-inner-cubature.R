# The Gaussian of the coefficients where expectations are by cubature. Values, gradients and
# Hessians of a rule are not derivatives of one another, so no ELBO decides on a step: Newton's
# method for E[gradient] = 0 (mathematics vignette, eq. 39) is judged by its decrement, the squared
# distance to the solution in posterior sds, and a step is halved only where that would grow. The
# Hessian at the mean stands for its expectation while it is positive definite; the expectation
# itself, which is expensive, is taken once at the end.

# Most iterations; the decrements that end them, of a fit (the surrogate takes one step more) and of
# one that others start from; and the change of log sds that counts as none.
cubature_limits <- list(iterations = 60L, fit = 1e-3, start = 0.1, still = 0.1)

# From the fit `start` at the smoothing sds `log_tau`; without them they move on the way, to the
# mode of the surrogate of the moment. A fit as in engine-inner.R.
fit_by_cubature <- function(model, progress, log_tau = NULL, start = cubature_start(model)) {
  moving <- is.null(log_tau) && model$n_sds > 0
  limit <- if (moving) cubature_limits$start else cubature_limits$fit
  if (is.null(log_tau)) log_tau <- start$log_tau
  state <- cubature_state(model, start$mean, start$cov, log_tau, at_no_cell)
  trace <- state$elbo
  converged <- FALSE
  for (i in seq_len(cubature_limits$iterations)) {
    before <- state$log_tau
    if (moving) state <- move_sds_to_mode(model, state)
    still <- all(abs(state$log_tau - before) < cubature_limits$still)
    if (state$decrement < limit && still) {
      converged <- TRUE
      break
    }
    state <- newton_state(model, state)
    trace <- c(trace, state$elbo)
    progress$keep(state[c("mean", "cov", "log_tau")])
    progress$tick("finding the mode", i / cubature_limits$iterations)
  }
  fit <- if (moving) after_step(state) else expected_curvature(model, state)
  c(fit, list(trace = trace, converged = converged, iterations = i))
}

# list(mean, cov, log_tau): the pilot, or the mode of the coefficients at moderate smoothing sds.
cubature_start <- function(model) {
  if (is.null(model$pilot) && !has_few_rows(model)) {
    return(newton_inner(model, quiet_progress))
  }
  log_tau <- rep(pilot_log_tau, model$n_sds)
  known <- model$pilot$log_tau
  log_tau[seq_along(known)] <- known
  mean <- if (is.null(model$pilot)) model$start else model$pilot$mean
  mean <- climb_correlations(model, mean, log_tau)
  list(mean = mean, cov = narrow_start(model, mean, log_tau), log_tau = log_tau)
}

# From the constant correlations of the pilot up to what means and log sds as they are leave to the
# others: far from it Hessians are indefinite, and gradients are cheap. Predictors that are known
# (`rho(b, c) ~ 0`) have nothing to climb.
climb_correlations <- function(model, mean, log_tau) {
  free <- which(model$roles == "correlation" & model$keys %in% model$coefficients$key)
  if (length(free) == 0) {
    return(mean)
  }
  blocks <- lapply(model$keys[free], function(key) which(model$coefficients$key == key))
  mine <- unlist(blocks)
  ridge <- penalty(model, log_tau)
  objective <- function(x) {
    mean[mine] <- x
    at <- loglik_and_priors(model, mean, 1L)
    list(
      f = -at$value + 0.5 * sum(ridge * mean^2), g = (ridge * mean - at$gradient)[mine]
    )
  }
  factors <- lapply(free, predictor_factor, model = model)
  precondition <- function(g) {
    g <- split(g, rep(seq_along(blocks), lengths(blocks)))
    unlist(Map(solve_chol, factors, g), use.names = FALSE)
  }
  mean[mine] <- lbfgs_climb(objective, mean[mine], precondition, correlation_steps)
  mean
}

# Most steps, and the gain in log density that is worth another.
correlation_steps <- list(most = 20L, gain = 1)

# Factor of the precision of the coefficients of predictor number j: their priors, and the expected
# information of the rows.
predictor_factor <- function(model, j) {
  mine <- which(model$coefficients$key == model$keys[j])
  x <- model$core$x[[j]]
  n <- pmax(model$core$cells[1, ], 0)
  information <- columns_gram(x, model$information[j] * n)
  robust_chol(as_shaped(pilot_precision(model, mine), information) + information)
}

# Expectations under N(mean, cov) and the Newton step from there. `every`: which Hessians are
# averaged.
cubature_state <- function(model, mean, cov, log_tau, every) {
  at <- expect_loglik_and_priors(model, mean, cov, every)
  state <- list(mean = mean, cov = cov, at = at, every = every, entropy = gaussian_entropy(cov))
  state <- penalised_state(model, state, log_tau)
  if (every == at_no_cell && !state$definite) {
    return(cubature_state(model, mean, cov, log_tau, 1L))
  }
  state
}

# The same expectations with the penalty of other smoothing sds.
penalised_state <- function(model, state, log_tau) {
  ridge <- penalty(model, log_tau)
  gradient <- state$at$gradient - ridge * state$mean
  precision <- add_diagonal(-state$at$hessian, ridge)
  factor <- chol_or_null(precision)
  state$definite <- is_well_conditioned(factor)
  state$chol_precision <- if (state$definite) factor else ascent_chol(precision, model$means)
  state$step <- solve_chol(state$chol_precision, gradient)
  state$decrement <- sum(gradient * state$step)
  state$log_tau <- log_tau
  state$elbo <- state$at$value + expected_smooth_prior(model, state$mean, state$cov, log_tau) +
    state$entropy
  state
}

# Smoothing sds a step towards their mode under the surrogate of this state.
move_sds_to_mode <- function(model, state) {
  surrogate <- new_surrogate(model, state$mean, state$at)
  step <- scoring_step(surrogate, model, state$log_tau)
  penalised_state(model, state, state$log_tau + pmin(pmax(step, -1), 1))
}

# The state a Newton step on, or less of it: the precision takes part of the way too. Where no step
# helps, the Hessian at the mean is to blame. Near the solution under averaged Hessians the
# covariance lags behind the mean, and that it catches up may cost decrement: half steps lead there.
newton_state <- function(model, state) {
  step <- state$step / max(1, max(abs(state$step)) / longest_step)
  at <- function(size) {
    cov <- covariance_of(mixed_factor(state, size))
    cubature_state(model, state$mean + size * step, cov, state$log_tau, state$every)
  }
  near <- isTRUE(state$decrement < 1)
  for (size in 0.5^(if (near) newton_sizes$near else newton_sizes$far)) {
    new <- at(size)
    if (is_progress(new, state) && (!near || new$decrement < newton_sizes$fall * state$decrement)) {
      return(new)
    }
    if (near && state$every != at_no_cell) {
      return(damped_state(at, state))
    }
  }
  if (state$every == at_no_cell) {
    new <- cubature_state(model, state$mean, state$cov, state$log_tau, 1L)
  }
  new
}

# The state half a step on; less of a step after one that cost decrement, more again after others.
damped_state <- function(at, state) {
  size <- if (is.null(state$damping)) 0.5 else state$damping
  new <- at(size)
  fell <- isTRUE(new$decrement < state$decrement)
  new$damping <- if (fell) min(1.3 * size, 0.5) else max(size / 2, newton_sizes$least)
  new
}

# Halvings that are tried at a decrement below one and above, and the share of it that is to remain
# at most of one below; least damped step.
newton_sizes <- list(near = 0:2, far = 0:8, fall = 0.8, least = 0.125)

# Factor of (1 - size) of the precision of the state and `size` of that which its Hessian gives.
mixed_factor <- function(state, size) {
  if (size == 1) {
    return(state$chol_precision)
  }
  mixed <- (1 - size) * precision_of(state$cov) + size * precision_from(state$chol_precision)
  factor <- chol_or_null(mixed)
  if (is.null(factor)) stop_indefinite()
  factor
}

# Is the new state nearer to the solution? Close to it the decrement falls. Far from it the ELBO
# rises, and the decrement need not fall.
is_progress <- function(new, state) {
  fall <- state$elbo - new$elbo
  isTRUE(fall < 1) &&
    (isTRUE(new$decrement <= max(state$decrement, cubature_limits$fit)) || fall < -0.1)
}

# The fit with the expected Hessian, and the gradient under the covariance that this gives.
expected_curvature <- function(model, state) {
  every <- if (state$every == at_no_cell) final_stride(model) else state$every
  cov <- covariance_of(state$chol_precision)
  wide <- cubature_state(model, state$mean, cov, state$log_tau, every)
  cov <- covariance_of(wide$chol_precision)
  at <- expect_loglik_and_priors(model, state$mean, cov, at_no_cell)
  at$hessian <- wide$at$hessian
  last <- list(mean = state$mean, cov = cov, at = at, entropy = gaussian_entropy(cov))
  after_step(penalised_state(model, last, state$log_tau))
}

# Few cells are averaged all: it takes milliseconds.
final_stride <- function(model) {
  if (model$rows * length(model$keys)^2 > 2e5) strided else 1L
}

# The fit one more Newton step on, along which the gradient is linear.
after_step <- function(state) {
  at <- state$at
  at$gradient <- at$gradient + symmetric_times(at$hessian, state$step)
  list(
    mean = state$mean + state$step, cov = covariance_of(state$chol_precision), at = at,
    elbo = state$elbo, log_tau = state$log_tau
  )
}
