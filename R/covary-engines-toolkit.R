# Adapters of the toolkit's algorithms to the regression model of covary(): engines, as
# engine-result.R defines them.

engine_advi <- function(model, draws, control, progress) {
  settings <- control$advi
  fit <- muffle_verdict(advi(
    regression_density(model), settings$family, settings$iterations, settings$optimizer,
    settings$batch_size,
    start_sigma = settings$start_sigma, callbacks = settings$callbacks, draws = draws,
    control = settings$control, refresh = FALSE
  ))
  toolkit_result(model, fit, list(approximation = if (length(fit$callbacks)) fit))
}

engine_svgd <- function(model, draws, control, progress) {
  settings <- control$svgd
  near <- joint_start(model, progress)
  # Noise that is not used: it keeps the random stream of earlier versions.
  matched_noise(max(settings$particles, 20), model$dim + model$n_sds)
  preconditioned <- precondition_density(regression_density(model), near)
  fit <- muffle_verdict(svgd(preconditioned,
    particles = settings$particles, iterations = settings$iterations, heat = 1, jitter = 1,
    refresh = FALSE
  ))
  fit <- from_preconditioned(fit, near)
  fit$draws <- fit$draws[rep_len(seq_len(nrow(fit$draws)), draws), , drop = FALSE]
  fit$lp <- rep_len(fit$lp, draws)
  fit$history <- numeric()
  note <- paste(settings$particles, "particles, repeated to the number of draws")
  toolkit_result(model, fit, list(note = note))
}

engine_pathfinder <- function(model, draws, control, progress) {
  settings <- control$pathfinder
  # The joint density of coefficients and sds has no maximum: paths start near the posterior.
  near <- joint_start(model, progress)
  preconditioned <- precondition_density(regression_density(model), near)
  fit <- muffle_verdict(pathfinder(preconditioned,
    paths = settings$paths, draws = draws, jitter = 1, iterations = settings$iterations
  ))
  fit <- from_preconditioned(fit, near)
  fit$info$iterations <- fit$info$evaluations
  # khat, not movement, is the verdict of Pathfinder
  fit$info$converged <- TRUE
  toolkit_result(model, fit, list())
}

engine_nuts <- function(model, draws, control, progress) {
  settings <- control$nuts
  fit <- nuts(regression_density(model), settings$chains, settings$warmup,
    ceiling(draws / settings$chains),
    control = settings$control, refresh = FALSE
  )
  info <- fit$info
  keep <- seq_len(draws)
  # Cut chains have different lengths: their draws are one.
  chains <- if (draws == nrow(fit$draws)) length(unique(fit$chain)) else 1
  fit$draws <- fit$draws[keep, , drop = FALSE]
  fit$lp <- fit$lp[keep]
  toolkit_result(
    model, fit,
    list(
      chains = chains, rhat = max(info$rhat), ess = min(info$ess), divergences = info$divergences,
      evaluations = info$evaluations
    )
  )
}

# The density of w where theta = mean + chol(cov)' w, `near` = list(mean, cov): of about unit scale
# in all directions, so that one kernel width and one step size suit them.
precondition_density <- function(density, near) {
  chol_cov <- chol(near$cov)
  constant <- sum(log(diag(chol_cov)))
  transforms <- lapply(seq_len(density$dim), function(j) transform_identity())
  names(transforms) <- density$names
  evaluate <- function(theta, order, ...) {
    out <- .Call(C_target, density, near$mean + crossprod(chol_cov, theta), NULL, 1, order > 0)
    c(out$value + constant, if (order > 0) chol_cov %*% out$gradient)
  }
  new_density("r", list(), transforms, evaluate = evaluate, label = "a preconditioned density")
}

# Draws of w, with their log densities, to those of theta.
from_preconditioned <- function(fit, near) {
  chol_cov <- chol(near$cov)
  constant <- sum(log(diag(chol_cov)))
  fit$draws <- sweep(fit$draws %*% chol_cov, 2, near$mean, "+")
  fit$lp <- fit$lp - constant
  if (!is.null(fit$lq)) fit$lq <- fit$lq - constant
  fit
}

# Verdicts reach the user once, from warn_quality().
muffle_verdict <- function(expr) {
  muffle <- function(w) tryInvokeRestart("muffleWarning")
  withCallingHandlers(expr,
    covary_warning_not_converged = muffle, covary_warning_khat = muffle,
    covary_warning_support = muffle
  )
}

# An approximation of the toolkit as an engine result; `more`: further fields of info.
toolkit_result <- function(model, fit, more) {
  drawn <- split_draws(model, fit$draws)
  info <- fit$info
  unknown <- rep(NA_real_, nrow(fit$draws))
  found <- list(
    khat = if (is.null(info$khat)) numeric() else c(joint = info$khat),
    converged = info$converged, iterations = info$iterations,
    trace = if (!is.null(fit$history)) -fit$history,
    elbo = if (is.null(info$elbo)) NA_real_ else info$elbo, elbo_mcse = info$elbo_mcse,
    log_evidence = info$log_evidence, interrupted = info$interrupted
  )
  new_engine_result(
    drawn$beta, drawn$log_tau, if (is.null(fit$lp)) unknown else fit$lp,
    if (is.null(fit$lq)) unknown else fit$lq, c(found, more)
  )
}
