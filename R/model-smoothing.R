# Smoothing sds beside the coefficients: penalties, their priors, and the whole log posterior.

# Penalty part at fixed log_tau: diagonal of its precision, zero where unpenalised.
penalty <- function(model, log_tau) {
  out <- numeric(model$dim)
  group <- model$core$group
  out[group > 0] <- exp(-2 * log_tau[group])
  out
}

# The expectation of log N(b | 0, tau^2) under N(mean, cov), at one log_tau.
expected_smooth_prior <- function(model, mean, cov, log_tau) {
  group <- model$core$group
  constant <- -0.5 * sum(log(2 * pi) + 2 * log_tau[group[group > 0]])
  constant - 0.5 * sum(penalty(model, log_tau) * (mean^2 + diagonal(cov)))
}

# log N(b | 0, tau^2) for draws beta (S x d) and log_tau (S x smooths).
log_smooth_prior <- function(model, beta, log_tau) {
  out <- numeric(nrow(beta))
  for (g in seq_len(model$n_sds)) {
    on <- which(model$core$group == g)
    out <- out - length(on) * (0.5 * log(2 * pi) + log_tau[, g]) - 0.5 * exp(-2 * log_tau[, g]) *
      rowSums(beta[, on, drop = FALSE]^2)
  }
  out
}

log_sd_prior <- function(model, log_tau) {
  out <- numeric(nrow(log_tau))
  for (g in seq_len(model$n_sds)) out <- out + one_sd_prior(model, g, log_tau[, g])
  out
}

one_sd_prior <- function(model, g, log_tau) {
  .Call(C_prior, model$core$sd_family[g], model$core$sd_prior[, g], log_tau, NULL)[1, ]
}

# The whole log posterior of theta = (beta, log_tau) and its expectations under a Gaussian.
expect_log_joint <- function(model, mean, cov) {
  b <- seq_len(model$dim)
  out <- .Call(C_smooths_expect, model$core, mean, cov)
  part <- expect_loglik_and_priors(model, mean[b], cov[b, b, drop = FALSE], strided)
  out$value <- out$value + part$value
  out$gradient[b] <- out$gradient[b] + part$gradient
  out$hessian[b, b] <- out$hessian[b, b] + part$hessian
  out
}

# Log posterior at draws: likelihood, priors of coefficients, of smooths and of their sds.
log_joint_draws <- function(model, beta, log_tau, progress = NULL) {
  loglik_and_priors_draws(model, beta, progress) + log_smooth_prior(model, beta, log_tau) +
    log_sd_prior(model, log_tau)
}

# The part of it that is prior: of coefficients, smooths and their sds.
log_prior_draws <- function(model, beta, log_tau) {
  .Call(C_loglik_and_priors_draws, without_likelihood(model)$core, beta) +
    log_smooth_prior(model, beta, log_tau) + log_sd_prior(model, log_tau)
}
