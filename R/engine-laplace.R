# Laplace: Gaussian around the mode of the log smoothing sds with coefficients integrated out, and
# around the mode of the coefficients given those sds. (The joint mode of both does not exist:
# the density grows without bound as an sd and its coefficients go to zero together.)

engine_laplace <- function(model, draws, control, progress) {
  if (model$n_sds == 0) {
    mode <- newton_mode(model, penalty(model, numeric()), tolerance = 1e-12)
    cov <- chol2inv(mode$chol_precision)
    drawn <- joint_gaussian_draws(model, mode$mean, cov, draws, progress)
  } else {
    inner <- fit_inner(model, progress)
    ridge <- penalty(model, inner$log_tau)
    mode <- newton_mode(model, ridge, inner$mean, tolerance = 1e-12)
    drawn <- laplace_draws(model, mode, inner$log_tau, draws, progress)
  }
  surrogate <- new_surrogate(model, mode$mean, mode$without_penalty)
  info <- list(
    converged = mode$converged, iterations = mode$iterations,
    fresh = judge_cubature(model, surrogate_points(model, surrogate, drawn$log_tau))
  )
  judged_result(drawn, c(info, monte_carlo_elbo(drawn$lp - drawn$lq)))
}

# list(beta, log_tau, lp, lq) around the mode of the smoothing sds, searched from `log_tau` on.
laplace_draws <- function(model, mode, log_tau, draws, progress) {
  surrogate <- new_surrogate(model, mode$mean, mode$without_penalty)
  at <- surrogate_mode(surrogate, model, log_tau)
  chol_cov <- chol(cap_covariance(at$precision))
  z <- matched_noise(draws, model$n_sds)
  log_tau <- sweep(z %*% chol_cov, 2, at$mode, "+")
  noise <- matched_noise(draws, model$dim, model$core$shape$head)
  given <- surrogate_draws(surrogate, log_tau, noise)
  list(
    beta = given$beta, log_tau = log_tau,
    lp = log_joint_draws(model, given$beta, log_tau, progress),
    lq = gaussian_log_density(z, chol_cov) + given$log_density
  )
}
