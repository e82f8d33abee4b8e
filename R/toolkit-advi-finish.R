# The end of a run of advi(): certificate, draws, and what is said of them.

finish_advi <- function(approx, scheme) {
  approx <- advi_view(approx, scheme)
  info <- approx$info
  approx$state$snapshot <- NULL
  target <- approx$target
  approx$target <- with_meter(target)
  last <- approx$state$evaluations
  verdict <- certify(approx)
  approx$info <- c(
    verdict[c("error", "mean_error", "scale_error", "worst", "error_mcse")],
    list(
      iterations = approx$state$iteration, stopped = info$stopped,
      interrupted = info$interrupted,
      fixed_draws = scheme$draws(approx$state), step = approx$state$phase
    )
  )
  approx <- add_gaussian_draws(approx, approx$setup$draws, advi_weighed(approx), advi_noise(approx))
  if (!is.null(verdict$elbo)) {
    approx$info$elbo <- verdict$elbo
    approx$info$elbo_mcse <- 0
  }
  approx$info$settled <- isTRUE(verdict$error <= approx$setup$control$tolerance)
  suspect <- approx$setup$suspect ||
    suspect_gradient(
      approx$target, approx$mean, spread_sds(approx), "end", approx$setup$batch_size
    )
  # With one draw beyond the support the ELBO is -Inf, and no optimum.
  inside <- approx$info$outside + approx$info$undefined == 0
  approx$info$converged <- approx$info$settled && !info$interrupted && !suspect && inside
  approx$info <- c(approx$info, count_passes(target, last, approx$target$meter))
  approx$target <- target
  if (!is.null(info$stopped)) inform_covary("stopped", info$stopped, ".")
  warn_support(approx)
  warn_advi(approx)
  approx
}

# Densities in R of many parameters are dear, those of the core are not.
advi_weighed <- function(approx) {
  n <- approx$setup$draws
  dear <- approx$target$kind == "r" && approx$target$dim > 20
  weighed_draws(approx$target, n, if (dear) 1000 else n)
}

advi_noise <- function(approx) {
  if (approx$setup$control$parity == "pymc") matched_noise else blocked_noise
}

# Evaluations of density and gradient, each, of the run and in all; of targets with rows, the same
# in passes over them.
count_passes <- function(target, run, finish) {
  all <- c(run$evaluations + finish$evaluations, run$rows + finish$rows)
  out <- list(evaluations = all[1], evaluations_run = run$evaluations)
  if (target$rows > 0) out$passes <- all[2] / target$rows
  out
}

warn_advi <- function(approx) {
  info <- approx$info
  if (info$interrupted) {
    warn_covary(
      "interrupted", "The fit was interrupted at iteration ", info$iterations,
      "; refine() continues it."
    )
    return(invisible())
  }
  if (info$settled) {
    return(invisible())
  }
  worst <- info$worst
  warn_covary("not_converged", "Not converged after ", info$iterations,
    " iterations: means and log sds are about ",
    if (is.finite(info$error)) format(info$error, digits = 2) else "an unknown number of",
    " posterior sds (root mean square) from the optimum of the family",
    if (!is.null(worst)) paste0(", most for ", worst), "; wanted ", approx$setup$control$tolerance,
    ". Use refine(), more draws or another optimiser.",
    fields = list(error = info$error, parameter = worst)
  )
}

# list(error: root mean square, mean_error, scale_error: by free number, worst: its name, elbo:
# where it has a closed form)
certify <- function(approx) {
  target <- approx$target
  explicit <- inherits(approx$setup$optimizer, "covary_optimizer")
  error <- if (explicit && target$dim <= 500) {
    # takes as many random numbers as ever, so that the draws after it keep their bits
    member_error(target, approx$setup$family, dense_moments(approx), NULL, approx$factors)
  } else if (approx$family == "meanfield" && !has_expectations(target)) {
    certify_diagonal(approx)
  } else if (approx$family == "fullrank" && !has_expectations(target)) {
    certify_full(approx)
  } else if (approx$family == "lowrank" && !is.null(approx$factors) && !has_expectations(target)) {
    certify_factors(approx)
  } else {
    member_error(
      target, approx$setup$family, dense_moments(approx), approx$state$precision, approx$factors
    )
  }
  names <- target$names
  size <- sqrt((error$mean^2 + error$scale^2) / 2)
  list(
    error = error$rms, mean_error = stats::setNames(error$mean, names),
    scale_error = stats::setNames(error$scale, names), error_mcse = error$mcse,
    worst = names[which.max(size)], elbo = if (has_expectations(target)) {
      error$at$value + approx$target$dim * 0.5 * (1 + log(2 * pi)) + spread_log_det(approx)
    }
  )
}

# Pairs of draws whose gradients are the certificate: fewer where each reads many rows or is made of
# many densities, more where few parameters make them cheap. Many parameters say their own noise.
certificate_pairs <- function(target) {
  if (target$rows > 20000) {
    if (target$dim > 100) 4 else 8
  } else if (target$dim > 20 || has_dear_gradient(target)) 64 else 256
}

# `error_of`: a verdict from replicates of draws. Where only its own noise is above the tolerance,
# or what it sees along flat directions (`plain`: the error without), it is asked again with more
# draws.
certify_fresh <- function(approx, error_of) {
  target <- approx$target
  n <- certificate_pairs(target)
  tolerance <- approx$setup$control$tolerance
  for (i in 1:3) {
    error <- error_of(replicate_noise(n, target$dim))
    noisy <- isTRUE(error$rms > tolerance && min(error$beyond_noise, error$plain) <= tolerance)
    if (!noisy || !sees_valleys(target)) break
    n <- 2 * n
  }
  error
}

certify_full <- function(approx) {
  target <- approx$target
  certify_fresh(approx, function(noise) {
    # of many parameters only where steps have met curvature that changes
    if (is_small(target) || (isTRUE(approx$state$hard) && sees_valleys(target))) {
      return(full_error(target, approx$mean, approx$chol_cov, noise))
    }
    z <- paired(do.call(cbind, noise))
    g <- gradient_at(target, approx$mean + crossprod(approx$chol_cov, z))
    if (!all(is.finite(g))) {
      return(unknown_error(target$dim))
    }
    whitened_error(approx$chol_cov %*% g, z, noise)
  })
}

certify_diagonal <- function(approx) {
  target <- approx$target
  if (!is.null(approx$state$rows)) {
    return(certify_subsample(target, approx$setup, approx$state))
  }
  tolerance <- approx$setup$control$tolerance
  certify_fresh(approx, function(noise) {
    error <- diagonal_error(
      target, approx$mean, approx$sd, noise, tolerance,
      values = FALSE, valleys = sees_valleys(target)
    )
    if (is.null(error$slopes) || error$rms <= tolerance) {
      return(error)
    }
    shorten_diagonal(target, approx$mean, approx$sd, noise, error)
  })
}

certify_factors <- function(approx) {
  family <- approx$setup$family
  n <- certificate_pairs(approx$target) %/% replicates
  noise <- lapply(seq_len(replicates), function(i) factor_noise(n, family))
  state <- c(list(mean = approx$mean), sound_factors(approx$factors))
  state$bfgs <- approx$state$bfgs
  factors_error(approx$target, state, noise, values = FALSE)
}
