# Draws from the prior alone.

engine_prior <- function(model, draws, control, progress) {
  core <- model$core
  log_tau <- matrix(0, draws, model$n_sds)
  for (g in seq_len(model$n_sds)) {
    log_tau[, g] <- log(draw_prior(core$sd_family[g], core$sd_prior[, g], draws))
  }
  beta <- matrix(0, draws, model$dim)
  for (j in seq_len(model$dim)) {
    group <- core$group[j]
    if (group > 0) {
      beta[, j] <- stats::rnorm(draws) * exp(log_tau[, group])
    } else if (core$family[j] > 0) {
      beta[, j] <- draw_prior(core$family[j], core$prior[, j], draws)
    }
  }
  for (block in core$joint) beta[, block$at] <- draw_joint_prior(block, draws)
  density <- log_smooth_prior(model, beta, log_tau) + log_sd_prior(model, log_tau) +
    log_coefficient_prior(model, beta)
  info <- list(converged = TRUE, khat = numeric(), elbo = NA_real_)
  new_engine_result(beta, log_tau, density, density, info)
}

# Log prior of the unpenalised coefficients, a number a draw (row of beta).
log_coefficient_prior <- function(model, beta) {
  .Call(C_loglik_and_priors_draws, without_likelihood(model)$core, beta)
}
