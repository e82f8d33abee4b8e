# The engines of the toolkit on the regression model of covary(). Arguments and result as
# engine_nested().

engine_advi <- function(target, draws, control, progress) {
  settings <- control$advi
  density <- regression_density(target)
  fit <- muffle_verdict(advi(density, settings$family, settings$iterations, settings$optimizer,
    settings$batch_size,
    start_sigma = settings$start_sigma, callbacks = settings$callbacks, draws = draws,
    control = settings$control, refresh = FALSE
  ))
  engine_result(target, fit, list(approximation = if (length(fit$callbacks)) fit))
}

engine_svgd <- function(target, draws, control, progress) {
  density <- regression_density(target)
  start <- joint_start(target, progress)
  whole <- sweep(matched_noise(max(control$svgd$particles, 20), target$dim + target$n_sds) %*%
    chol(start$cov), 2, start$mean, "+")
  whole <- whole[seq_len(control$svgd$particles), , drop = FALSE]
  fit <- muffle_verdict(do.call(
    svgd,
    c(list(precondition_density(density, start)), svgd_arguments(control$svgd))
  ))
  fit$draws <- sweep(fit$draws %*% chol(start$cov), 2, start$mean, "+")
  fit$draws <- fit$draws[rep_len(seq_len(nrow(fit$draws)), draws), , drop = FALSE]
  fit$lp <- rep_len(fit$lp, draws) - log_det_root(start$cov)
  fit$target <- density
  fit$history <- numeric()
  engine_result(
    target, fit,
    list(note = paste(control$svgd$particles, "particles, repeated to the number of draws"))
  )
}

svgd_arguments <- function(x) {
  list(
    particles = x$particles, iterations = x$iterations, heat = 1,
    jitter = 1, refresh = FALSE
  )
}

log_det_root <- function(cov) sum(log(diag(chol(cov))))

# The density of w, theta = mean + chol(cov)' w: round, so one kernel width suits all directions.
precondition_density <- function(density, at) {
  root <- t(chol(at$cov))
  constant <- log_det_root(at$cov)
  blocks <- lapply(seq_len(density$dim), function(j) transform_identity())
  names(blocks) <- density$names
  evaluate <- function(theta, order, ...) {
    out <- .Call(C_target, density, at$mean + root %*% theta, NULL, 1, order > 0)
    c(out$value + constant, if (order > 0) crossprod(root, out$gradient))
  }
  new_density("r", list(), blocks, evaluate = evaluate, label = "a preconditioned density")
}

engine_pathfinder <- function(target, draws, control, progress) {
  density <- regression_density(target)
  # The joint density of coefficients and sds has no maximum: paths start near the posterior, from a
  # rough fit.
  start <- joint_start(target, progress)
  fit <- muffle_verdict(pathfinder(precondition_density(density, start),
    paths = control$pathfinder$paths, draws = draws, jitter = 1,
    iterations = control$pathfinder$iterations
  ))
  fit$draws <- sweep(fit$draws %*% chol(start$cov), 2, start$mean, "+")
  fit$lp <- fit$lp - log_det_root(start$cov)
  fit$lq <- fit$lq - log_det_root(start$cov)
  fit$info$iterations <- fit$info$evaluations
  # khat, not movement, is the verdict of Pathfinder
  fit$info$converged <- TRUE
  engine_result(target, fit, list())
}

engine_nuts <- function(target, draws, control, progress) {
  settings <- control$nuts
  fit <- nuts(regression_density(target), settings$chains, settings$warmup,
    ceiling(draws / settings$chains),
    control = settings$control, refresh = FALSE
  )
  info <- fit$info
  keep <- seq_len(draws)
  fit$draws <- fit$draws[keep, , drop = FALSE]
  fit$lp <- fit$lp[keep]
  engine_result(
    target, fit,
    list(
      rhat = max(info$rhat), ess = min(info$ess), divergences = info$divergences,
      evaluations = info$evaluations
    )
  )
}

# Verdicts reach the user once, from warn_quality().
muffle_verdict <- function(expr) {
  withCallingHandlers(expr,
    covary_warning_not_converged = function(w) {
      tryInvokeRestart("muffleWarning")
    },
    covary_warning_khat = function(w) tryInvokeRestart("muffleWarning"),
    covary_warning_support = function(w) tryInvokeRestart("muffleWarning")
  )
}

engine_result <- function(target, fit, more) {
  b <- seq_len(target$dim)
  info <- fit$info
  nothing <- rep(NA_real_, nrow(fit$draws))
  list(
    beta = fit$draws[, b, drop = FALSE],
    t = fit$draws[, target$dim + seq_len(target$n_sds), drop = FALSE],
    lp = if (is.null(fit$lp)) nothing else fit$lp, lq = if (is.null(fit$lq)) nothing else fit$lq,
    info = c(list(
      khat = if (is.null(info$khat)) numeric() else c(joint = info$khat),
      converged = info$converged, iterations = info$iterations,
      trace = if (is.null(fit$history)) NULL else -fit$history, elbo = if (is.null(info$elbo)) {
        NA_real_
      } else {
        info$elbo
      }, elbo_mcse = info$elbo_mcse,
      log_evidence = info$log_evidence, interrupted = info$interrupted
    ), more)
  )
}
