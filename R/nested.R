# The default engine: smoothing sds outside, coefficients inside, importance smoothing at both
# levels. Every engine returns list(beta (S x d), t (S x smooths), lp, lq, info), in standardised units.

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
  weigh_nested(target, nested_proposal(surrogate, sds), draws, info, control, progress)
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

# Gaussian for the coefficients at fixed smoothing sds; without t, the sds are set by
# alternating with the mode of their surrogate posterior.
fit_inner <- function(target, progress, t = NULL, start = NULL) {
  rough <- 1e-2 # a tenth of a posterior sd: the variational fit goes on from there
  tolerance <- if (is.null(t) && target$n_sds) rough else 1e-5
  if (is.null(t)) {
    t <- rep(-1, target$n_sds)
    rung <- lower_rung(target)
    mode <- newton_mode(rung, penalty(target, t), tolerance = rough)
    for (i in seq_len(if (target$n_sds) 6 else 0)) {
      before <- t
      t <- surrogate_mode(new_surrogate(target, mode$mean, mode$base), target, t)$mode
      t <- pmax(t, before - 3)
      mode <- newton_mode(rung, penalty(target, t), mode$mean, tolerance = rough)
      progress$tick("finding the mode", i / 6)
      if (max(abs(t - before)) < 0.1) break
    }
    if (isTRUE(rung$rows < target$rows)) mode <- newton_mode(target, penalty(target, t), mode$mean, tolerance = rough)
    start <- list(mean = mode$mean, cov = spd_inverse(mode$root))
  }
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
  fit <- gaussian_vi(expect, start$mean, start$cov, tolerance = tolerance, safe = target$start,
    keep = function(mean, cov) progress$keep(list(mean = mean, cov = cov, t = t)))
  fit$at <- fit$at$base # without the penalty
  fit$t <- t
  fit
}
