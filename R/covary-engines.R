# The engines of the regression model by name, and the Gaussian ones. All have the arguments and the
# result of engine_nested().

engines <- function() {
  list(
    nested = engine_nested, fullrank = engine_fullrank, meanfield = engine_meanfield,
    laplace = engine_laplace, prior = engine_prior,
    advi = engine_advi, svgd = engine_svgd, pathfinder = engine_pathfinder, nuts = engine_nuts
  )
}

engine_fullrank <- function(target, draws, control, progress) {
  engine_gaussian(target, draws, progress, diagonal = FALSE)
}

engine_meanfield <- function(target, draws, control, progress) {
  engine_gaussian(target, draws, progress, diagonal = TRUE)
}

# One Gaussian for coefficients and log smoothing sds together; closed-form ELBO.
engine_gaussian <- function(target, draws, progress, diagonal) {
  start <- joint_start(target, progress)
  fit <- gaussian_vi(function(mean, cov) target_joint_expect(target, mean, cov), start$mean,
    start$cov, diagonal,
    max_iterations = 1000L, tolerance = if (target$n_sds) 1e-6 else 1e-7, keep = function(mean, cov) {
      progress$keep(list(mean = mean, cov = cov))
    }
  )
  out <- gaussian_draws(target, fit$mean, fit$cov, draws, progress)
  out$info <- list(
    khat = out$khat, converged = fit$converged, iterations = fit$iterations,
    trace = fit$trace,
    elbo = fit$elbo, elbo_mcse = 0, log_evidence = out$log_evidence
  )
  out
}

joint_start <- function(target, progress) {
  inner <- fit_inner(target, progress)
  n <- target$dim + target$n_sds
  cov <- diag(0.1, n)
  b <- seq_len(target$dim)
  cov[b, b] <- inner$cov
  list(mean = c(inner$mean, inner$t), cov = cov)
}

gaussian_log_density <- function(z, root) {
  -0.5 * rowSums(z^2) - sum(log(diag(root))) - 0.5 * ncol(z) * log(2 * pi)
}

# Draws of a joint Gaussian with khat of the exact posterior against it; not resampled.
gaussian_draws <- function(target, mean, cov, draws, progress) {
  root <- chol(cov)
  z <- matched_noise(draws, length(mean))
  theta <- sweep(z %*% root, 2, mean, "+")
  beta <- theta[, seq_len(target$dim), drop = FALSE]
  t <- theta[, target$dim + seq_len(target$n_sds), drop = FALSE]
  lq <- gaussian_log_density(z, root)
  lp <- target_base_draws(target, beta, progress) + log_smooth_prior(target, beta, t) +
    log_sd_prior(target, t)
  w <- psis(lp - lq)
  list(beta = beta, t = t, lp = lp, lq = lq, khat = c(joint = w$khat), log_evidence = w$log_mean)
}

# Laplace: Gaussian around the mode of the log smoothing sds with coefficients integrated out, and
# around the mode of the coefficients given those sds. (The joint mode of both does not exist:
# the density grows without bound as an sd and its coefficients go to zero together.)
engine_laplace <- function(target, draws, control, progress) {
  if (target$n_sds == 0) {
    inner <- newton_mode(target, penalty(target, numeric()), tolerance = 1e-12)
    out <- gaussian_draws(target, inner$mean, chol2inv(inner$root), draws, progress)
  } else {
    inner <- fit_inner(target, progress)
    t <- inner$t
    inner <- newton_mode(target, penalty(target, t), inner$mean, tolerance = 1e-12)
    surrogate <- new_surrogate(target, inner$mean, inner$base)
    at <- surrogate_mode(surrogate, target, t)
    root <- chol(cap_covariance(at$precision))
    z <- matched_noise(draws, target$n_sds)
    t <- sweep(z %*% root, 2, at$mode, "+")
    given <- surrogate_draws(surrogate, t, matched_noise(draws, target$dim))
    beta <- given$beta
    lq <- gaussian_log_density(z, root) + given$log_density
    lp <- target_base_draws(target, beta, progress) + log_smooth_prior(target, beta, t) +
      log_sd_prior(target, t)
    w <- psis(lp - lq)
    out <- list(
      beta = beta, t = t, lp = lp, lq = lq, khat = c(joint = w$khat),
      log_evidence = w$log_mean
    )
  }
  out$info <- c(
    list(
      khat = out$khat, converged = inner$converged, iterations = inner$iterations,
      log_evidence = out$log_evidence
    ),
    monte_carlo_elbo(out$lp - out$lq)
  )
  out
}

# Draws from the prior alone.
engine_prior <- function(target, draws, control, progress) {
  t <- matrix(0, draws, target$n_sds)
  for (g in seq_len(target$n_sds)) {
    t[, g] <- log(draw_prior(target$model$sd_family[g], target$model$sd_prior[, g], draws))
  }
  beta <- matrix(0, draws, target$dim)
  for (j in seq_len(target$dim)) {
    group <- target$model$group[j]
    if (group > 0) {
      beta[, j] <- stats::rnorm(draws) * exp(t[, group])
    } else if (target$model$family[j] > 0) {
      beta[, j] <- draw_prior(target$model$family[j], target$model$prior[, j], draws)
    }
  }
  for (block in target$model$joint) beta[, block$at] <- draw_joint_prior(block, draws)
  density <- log_smooth_prior(target, beta, t) + log_sd_prior(target, t) +
    log_coefficient_prior(target, beta)
  list(
    beta = beta, t = t, lp = density, lq = density,
    info = list(converged = TRUE, khat = numeric(), elbo = NA_real_)
  )
}

# Of the unpenalised coefficients, a row a draw.
log_coefficient_prior <- function(target, beta) {
  .Call(C_base_draws, without_likelihood(target)$model, beta)
}
