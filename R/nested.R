# The default engine: smoothing sds outside, coefficients inside, importance smoothing at both
# levels. Every engine returns list(beta (S x d), t (S x smooths), lp, lq, info), in standardised units.

engine_nested <- function(target, draws, control, progress) {
  inner <- fit_inner(target, progress)
  if (target$n_sds == 0) {
    t <- matrix(0, draws, 0)
    root <- chol(inner$cov)
    z <- matched_noise(draws, target$dim)
    beta <- sweep(z %*% root, 2, inner$mean, "+")
    lq <- gaussian_log_density(z, root)
    elbo <- inner$elbo
    khat_sd <- NULL
    log_z <- 0
  } else {
    surrogate <- new_surrogate(target, inner$mean, inner$at)
    sds <- sample_sds(surrogate, target, draws, inner, control)
    # The surrogate is best where the posterior of the sds has its mass: build it there.
    inner <- fit_inner(target, progress, t = colSums(sds$points * sds$weights), start = inner)
    surrogate <- new_surrogate(target, inner$mean, inner$at)
    sds <- sample_sds(surrogate, target, draws, inner, control, proposal = sds)
    t <- sds$points[resample(sds$weights, draws), , drop = FALSE]
    beta <- surrogate_draws(surrogate, t, matched_noise(draws, target$dim))
    lq <- surrogate_value(surrogate, beta) + log_smooth_prior(target, beta, t) + log_sd_prior(target, t) - sds$log_mean
    khat_sd <- sds$khat
  }
  progress$keep(list(beta = beta, t = t))
  weigh_draws(target, beta, t, lq, inner, khat_sd, control, progress)
}

gaussian_log_density <- function(z, root) {
  -0.5 * rowSums(z^2) - sum(log(diag(root))) - 0.5 * ncol(z) * log(2 * pi)
}

# Importance weights of the draws against the exact posterior, and resampling by them.
weigh_draws <- function(target, beta, t, lq, inner, khat_sd, control, progress) {
  prior <- log_smooth_prior(target, beta, t) + log_sd_prior(target, t)
  n <- nrow(beta)
  info <- list(khat = c(smoothing = khat_sd), converged = inner$converged, iterations = inner$iterations, trace = inner$trace)
  probe <- skip_weights(target, beta, prior, lq, control, progress)
  if (!is.null(probe)) {
    info$khat <- c(info$khat, coefficients = NA_real_)
    info$note <- probe
    info$elbo <- if (target$n_sds == 0) inner$elbo else NA_real_
    return(list(beta = beta, t = t, lp = lq, lq = lq, info = info))
  }
  lp <- target_base_draws(target, beta, progress) + prior
  w <- psis(lp - lq)
  info$khat <- c(info$khat, coefficients = w$khat)
  info$log_evidence <- w$log_mean
  info$elbo <- if (target$n_sds == 0) inner$elbo else mean(lp - lq)
  info$elbo_mcse <- if (target$n_sds == 0) 0 else stats::sd(lp - lq) / sqrt(n)
  info$importance_ess <- 1 / sum(w$weights^2)
  rows <- sample(resample(w$weights, n))
  info$resampled <- TRUE
  list(beta = beta[rows, , drop = FALSE], t = t[rows, , drop = FALSE], lp = lp[rows], lq = lq[rows], info = info)
}

# The likelihood is Gaussian in the coefficients up to O(N^-1/2); where a probe of 200 draws shows
# that weights would not matter, the passes over many cells are spared.
skip_weights <- function(target, beta, prior, lq, control, progress) {
  if (control$importance == "never") return("importance weights switched off")
  if (control$importance == "always" || target$model$size[2] < 20000L) return(NULL)
  some <- seq_len(min(200, nrow(beta)))
  ratio <- target_base_draws(target, beta[some, , drop = FALSE], progress) + prior[some] - lq[some]
  spread <- stats::sd(ratio)
  if (is.finite(spread) && spread < 0.1) sprintf("log weights of 200 draws have sd %.3f; not needed", spread)
}

# Gaussian for the coefficients at fixed smoothing sds; without t, the sds are set by
# alternating with the mode of their surrogate posterior.
fit_inner <- function(target, progress, t = NULL, start = NULL) {
  mode <- NULL
  if (is.null(t)) {
    t <- rep(-1, target$n_sds)
    mode <- newton_mode(target, penalty(target, t))
    for (i in seq_len(if (target$n_sds) 6 else 0)) {
      before <- t
      t <- surrogate_mode(new_surrogate(target, mode$mean, mode$base), target, t)$mode
      t <- pmax(t, before - 3)
      mode <- newton_mode(target, penalty(target, t), mode$mean)
      progress$tick("finding the mode", i / 6)
      if (max(abs(t - before)) < 0.1) break
    }
    start <- list(mean = mode$mean, cov = chol2inv(mode$root))
  }
  ridge <- penalty(target, t)
  constant <- -0.5 * sum(log(2 * pi) + 2 * t[target$model$group[target$model$group > 0]])
  expect <- function(mean, cov) {
    at <- target_base_expect(target, mean, cov)
    at$base <- at[c("value", "gradient", "hessian")]
    at$value <- at$value + constant - 0.5 * sum(ridge * (mean^2 + diag(cov)))
    at$gradient <- at$gradient - ridge * mean
    at$hessian <- at$hessian - diag(ridge, length(mean))
    at
  }
  fit <- gaussian_vi(expect, start$mean, start$cov,
    keep = function(mean, cov) progress$keep(list(mean = mean, cov = cov, t = t)))
  fit$at <- fit$at$base
  fit$t <- t
  if (!is.null(mode)) fit$converged <- fit$converged && mode$converged
  fit
}
