# The Gaussian of the coefficients at fixed smoothing sds, where nested fits and others start, and
# the search for those sds.
#
# A fit is list(mean, cov, at: value, gradient and Hessian of E loglik_and_priors() there, elbo,
# trace, converged, iterations, log_tau).

# At the smoothing sds `log_tau`, from the fit `start`; without them they are found first.
fit_inner <- function(model, progress, log_tau = NULL, start = NULL) {
  if (!has_exact_expectations(model)) {
    if (is.null(start)) start <- cubature_start(model)
    return(fit_by_cubature(model, progress, log_tau, start))
  }
  if (!is.null(log_tau)) {
    return(inner_at(model, log_tau, start, progress, tolerance = 1e-5))
  }
  if (has_few_rows(model)) {
    return(climb_inner(model, progress))
  }
  start <- newton_inner(model, progress)
  inner_at(model, start$log_tau, start, progress, tolerance = if (model$n_sds) {
    start_tolerance
  } else {
    1e-5
  })
}

# Tolerance of fits that others start from: a hundredth of a squared posterior sd, a tenth of an sd.
start_tolerance <- 1e-2

# Few rows a coefficient: the mode of the coefficients may be a spike, their Gaussian is not.
has_few_rows <- function(model) model$scales$n < 20 * model$dim && model$n_sds > 0

# The start of a fit, by alternating between the mode of the coefficients and the mode of their
# smoothing sds under the surrogate: quick where rows are many. list(mean, cov, log_tau)
newton_inner <- function(model, progress) {
  log_tau <- rep(-1, model$n_sds)
  subsample <- subsample_model(model)
  start <- if (is.null(model$pilot)) model$start else model$pilot$mean
  mode_at <- function(of, from) {
    newton_mode(of, penalty(model, log_tau), from, tolerance = start_tolerance)
  }
  mode <- mode_at(subsample, start)
  for (i in seq_len(if (model$n_sds) 6 else 0)) {
    before <- log_tau
    surrogate <- new_surrogate(model, mode$mean, mode$without_penalty)
    log_tau <- pmax(surrogate_mode(surrogate, model, log_tau)$mode, before - 3)
    mode <- mode_at(subsample, mode$mean)
    progress$tick("finding the mode", i / 6)
    if (max(abs(log_tau - before)) < 0.1) break
  }
  if (isTRUE(subsample$rows < model$rows)) mode <- mode_at(model, mode$mean)
  list(mean = mode$mean, cov = covariance_of(mode$chol_precision), log_tau = log_tau)
}

# The same by Gaussians throughout, from the pilot on: smoothing sds move only where the bound on
# log p(y, log_tau) rises, so that no fit is worse than the sub-model it starts from.
climb_inner <- function(model, progress) {
  log_tau <- rep(pilot_log_tau, model$n_sds)
  known <- model$pilot$log_tau
  log_tau[seq_along(known)] <- known
  mean <- if (is.null(model$pilot)) model$start else model$pilot$mean
  at <- function(log_tau, from) {
    inner_at(model, log_tau, from, progress, tolerance = start_tolerance)
  }
  state <- at(log_tau, list(mean = mean, cov = narrow_start(model, mean, log_tau)))
  level <- function(state) state$elbo + log_sd_prior(model, matrix(state$log_tau, 1))
  for (i in seq_len(10)) {
    surrogate <- new_surrogate(model, state$mean, state$at)
    goal <- surrogate_mode(surrogate, model, state$log_tau)$mode
    move <- pmin(pmax(goal - state$log_tau, -3), 1)
    better <- NULL
    for (size in 0.5^(0:3)) {
      trial <- at(state$log_tau + size * move, state)
      if (level(trial) > level(state)) {
        better <- trial
        break
      }
    }
    progress$tick("finding the mode", i / 10)
    if (is.null(better)) break
    moved <- max(abs(better$log_tau - state$log_tau))
    state <- better
    if (moved < 0.1) break
  }
  state
}

# Covariance to start a variational fit with: from the expected curvature of the priors and of one
# row's worth of data.
narrow_start <- function(model, mean, log_tau) {
  precision <- add_diagonal(
    -loglik_and_priors(model, mean, 2L)$hessian, penalty(model, log_tau)
  )
  covariance_of(ascent_chol(precision, model$means))
}

# The fit at fixed smoothing sds `log_tau` (one a smooth), from N(start$mean, start$cov) on.
inner_at <- function(model, log_tau, start, progress, tolerance) {
  ridge <- penalty(model, log_tau)
  expect <- function(mean, cov) {
    at <- expect_loglik_and_priors(model, mean, cov)
    at$without_penalty <- at[c("value", "gradient", "hessian")]
    at$value <- at$value + expected_smooth_prior(model, mean, cov, log_tau)
    at$gradient <- at$gradient - ridge * mean
    at$hessian <- add_diagonal(at$hessian, -ridge)
    at
  }
  fit <- gaussian_vi(expect, start$mean, start$cov,
    limits = vi_limits(tolerance = tolerance), safe = model$start,
    keep = function(mean, cov) progress$keep(list(mean = mean, cov = cov, log_tau = log_tau))
  )
  fit$at <- fit$at$without_penalty
  fit$log_tau <- log_tau
  fit
}

# A Gaussian for coefficients and log smoothing sds together to start from: list(mean, cov).
joint_start <- function(model, progress) {
  inner <- fit_inner(model, progress)
  cov <- diag(0.1, model$dim + model$n_sds)
  b <- seq_len(model$dim)
  cov[b, b] <- inner$cov
  list(mean = c(inner$mean, inner$log_tau), cov = cov)
}
