# Smoothing sds beside the coefficients: penalties, their priors, and the whole log posterior.

# Penalty part at fixed t = log tau: diagonal of its precision, zero where unpenalised.
penalty <- function(target, t) {
  out <- numeric(target$dim)
  group <- target$model$group
  out[group > 0] <- exp(-2 * t[group])
  out
}

# log N(b | 0, tau^2) for draws beta (S x d) and t (S x smooths); the shape of t follows beta.
log_smooth_prior <- function(target, beta, t) {
  out <- numeric(nrow(beta))
  for (g in seq_len(target$n_sds)) {
    on <- which(target$model$group == g)
    out <- out - length(on) * (0.5 * log(2 * pi) + t[, g]) - 0.5 * exp(-2 * t[, g]) *
      rowSums(beta[, on, drop = FALSE]^2)
  }
  out
}

log_sd_prior <- function(target, t) {
  out <- numeric(nrow(t))
  for (g in seq_len(target$n_sds)) out <- out + one_sd_prior(target, g, t[, g])
  out
}

one_sd_prior <- function(target, g, t) {
  .Call(C_prior, target$model$sd_family[g], target$model$sd_prior[, g], t, NULL)[1, ]
}

# The whole log posterior of theta = (beta, t) and its expectations under a Gaussian.
target_joint_expect <- function(target, mean, cov) {
  b <- seq_len(target$dim)
  out <- .Call(C_smooths_expect, target$model, mean, cov)
  base <- target_base_expect(target, mean[b], cov[b, b, drop = FALSE])
  out$value <- out$value + base$value
  out$gradient[b] <- out$gradient[b] + base$gradient
  out$hessian[b, b] <- out$hessian[b, b] + base$hessian
  out
}
