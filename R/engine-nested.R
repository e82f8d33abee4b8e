# The default engine: smoothing sds outside, coefficients inside, importance smoothing at both
# levels. Every engine returns list(beta (S x d), t (S x smooths), lp, lq, info), in standardised
# units.

engine_nested <- function(target, draws, control, progress) {
  inner <- fit_inner(target, progress)
  if (target$n_sds == 0) {
    info <- c(fit_info(inner), list(elbo = inner$elbo, elbo_mcse = 0))
    return(weigh_gaussian(target, inner, draws, info, control, progress))
  }
  surrogate <- new_surrogate(target, inner$mean, inner$at)
  sds <- sample_sds(surrogate, target, draws, inner)
  # The surrogate is best where the posterior of the sds has its mass: build it there.
  inner <- fit_inner(target, progress, t = colSums(sds$points * sds$weights), start = inner)
  surrogate <- new_surrogate(target, inner$mean, inner$at)
  sds <- sample_sds(surrogate, target, draws, inner, proposal = sds)
  info <- c(fit_info(inner), list(khat = c(smoothing = sds$khat)))
  weigh_nested(target, surrogate, sds, draws, info, control, progress)
}

fit_info <- function(inner) inner[c("converged", "iterations", "trace")]

# Turns noise z (n x d) into list(beta, t, lq).
nested_proposal <- function(surrogate, sds) {
  function(z) {
    at <- resample(sds$weights, nrow(z))
    t <- sds$points[at, , drop = FALSE]
    given <- surrogate_draws(surrogate, t, z)
    list(beta = given$beta, t = t, lq = sds$log_p[at] - sds$log_mean + given$log_density)
  }
}

# Gaussian for the coefficients at fixed smoothing sds `t`; without them they are found first.
fit_inner <- function(target, progress, t = NULL, start = NULL) {
  if (!is.null(t)) {
    return(inner_at(target, t, start$mean, start$cov, progress, tolerance = 1e-5))
  }
  if (is_small(target)) {
    return(climb_inner(target, progress))
  }
  start <- newton_inner(target, progress)
  inner_at(target, start$t, start$mean, start$cov, progress, tolerance = if (target$n_sds) {
    rough_tolerance
  } else {
    1e-5
  })
}

# A hundredth of a squared posterior sd, a tenth of an sd: better steps follow.
rough_tolerance <- 1e-2

# Few rows a coefficient: the mode of the coefficients may be a spike, their Gaussian is not.
is_small <- function(target) target$scales$n < 20 * target$dim && target$n_sds > 0

# By alternating between the mode of the coefficients and the mode of their smoothing sds under the
# surrogate: quick where rows are many.
newton_inner <- function(target, progress) {
  t <- rep(-1, target$n_sds)
  rung <- lower_rung(target)
  start <- if (is.null(target$pilot)) target$start else target$pilot$mean
  mode <- newton_mode(rung, penalty(target, t), start, tolerance = rough_tolerance)
  for (i in seq_len(if (target$n_sds) 6 else 0)) {
    before <- t
    t <- surrogate_mode(new_surrogate(target, mode$mean, mode$base), target, t)$mode
    t <- pmax(t, before - 3)
    mode <- newton_mode(rung, penalty(target, t), mode$mean, tolerance = rough_tolerance)
    progress$tick("finding the mode", i / 6)
    if (max(abs(t - before)) < 0.1) break
  }
  if (isTRUE(rung$rows < target$rows)) {
    mode <- newton_mode(target, penalty(target, t), mode$mean,
      tolerance = rough_tolerance
    )
  }
  list(mean = mode$mean, cov = chol2inv(mode$root), t = t)
}

# The same by Gaussians throughout, from the pilot on: smoothing sds move only where the bound on
# log p(y, t) rises, so that no fit is worse than the sub-model it starts from.
climb_inner <- function(target, progress) {
  t <- rep(pilot_log_tau, target$n_sds)
  known <- target$pilot$t
  t[seq_along(known)] <- known
  start <- if (is.null(target$pilot)) target$start else target$pilot$mean
  at <- function(t, from) {
    inner_at(target, t, from$mean, from$cov, progress,
      tolerance = rough_tolerance
    )
  }
  state <- at(t, list(mean = start, cov = narrow_start(target, start, t)))
  level <- function(state) state$elbo + log_sd_prior(target, matrix(state$t, 1))
  for (i in seq_len(10)) {
    goal <- surrogate_mode(new_surrogate(target, state$mean, state$at), target, state$t)$mode
    move <- pmin(pmax(goal - state$t, -3), 1)
    better <- NULL
    for (size in 0.5^(0:3)) {
      trial <- at(state$t + size * move, state)
      if (level(trial) > level(state)) {
        better <- trial
        break
      }
    }
    progress$tick("finding the mode", i / 10)
    if (is.null(better)) break
    moved <- max(abs(better$t - state$t))
    state <- better
    if (moved < 0.1) break
  }
  state
}

# Covariance to start a variational fit with: from the expected curvature of the priors and of one
# row's worth of data.
narrow_start <- function(target, mean, t) {
  precision <- diag(penalty(target, t), target$dim) - target_base(target, mean, 2L)$hessian
  chol2inv(ascent_chol(precision, target$means))
}

inner_at <- function(target, t, mean, cov, progress, tolerance) {
  ridge <- penalty(target, t)
  constant <- -0.5 * sum(log(2 * pi) + 2 * t[target$model$group[target$model$group > 0]])
  expect <- function(mean, cov) {
    at <- target_base_expect(target, mean, cov)
    at$base <- at[c("value", "gradient", "hessian")]
    at$value <- at$value + constant - 0.5 * sum(ridge * (mean^2 + diag(cov)))
    at$gradient <- at$gradient - ridge * mean
    diagonal <- seq.int(1, length(at$hessian), length(mean) + 1)
    at$hessian[diagonal] <- at$hessian[diagonal] - ridge
    at
  }
  fit <- gaussian_vi(expect, mean, cov,
    tolerance = tolerance, safe = target$start,
    keep = function(mean, cov) progress$keep(list(mean = mean, cov = cov, t = t))
  )
  fit$at <- fit$at$base # without the penalty
  fit$t <- t
  fit
}
