# One Gaussian for coefficients and log smoothing sds together; closed-form ELBO.

engine_fullrank <- function(model, draws, control, progress) {
  joint_gaussian(model, draws, progress, diagonal = FALSE)
}

engine_meanfield <- function(model, draws, control, progress) {
  joint_gaussian(model, draws, progress, diagonal = TRUE)
}

joint_gaussian <- function(model, draws, progress, diagonal) {
  start <- joint_start(model, progress)
  fit <- gaussian_vi(
    function(mean, cov) expect_log_joint(model, mean, cov), start$mean, start$cov, diagonal,
    vi_limits(1000L, if (model$n_sds) 1e-6 else 1e-7),
    keep = function(mean, cov) progress$keep(list(mean = mean, cov = cov))
  )
  drawn <- joint_gaussian_draws(model, fit$mean, fit$cov, draws, progress)
  info <- list(
    converged = fit$converged, iterations = fit$iterations, trace = fit$trace, elbo = fit$elbo,
    elbo_mcse = 0,
    fresh = judge_cubature(model, joint_points(model, fit$mean, fit$cov, drawn$log_tau))
  )
  judged_result(drawn, info)
}

# list(beta, log_tau, lp, lq) from N(mean, cov)
joint_gaussian_draws <- function(model, mean, cov, draws, progress) {
  chol_cov <- chol(cov)
  z <- matched_noise(draws, length(mean))
  drawn <- split_draws(model, sweep(z %*% chol_cov, 2, mean, "+"))
  lp <- log_joint_draws(model, drawn$beta, drawn$log_tau, progress)
  c(drawn, list(lp = lp, lq = gaussian_log_density(z, chol_cov)))
}

# Draws as they are, with khat and evidence by their weights against the posterior.
judged_result <- function(drawn, info) {
  w <- psis(drawn$lp - drawn$lq)
  info <- c(list(khat = c(joint = w$khat)), info, list(log_evidence = w$log_mean))
  new_engine_result(drawn$beta, drawn$log_tau, drawn$lp, drawn$lq, info)
}
