# The certificate of a Gaussian fit: one Newton step of the ELBO, over fresh draws and all rows or
# in closed form, says how far the mean and the scales are from the optimum of the family. For
# models with smooths it is the move to the optimum as seen from there (toolkit-advi-optimum.R).
#
# With E[g], E[H] the expected gradient and Hessian of the target under the approximation N(mean,
# L L'), L = t(chol_cov):
#   full-rank   mean is off by L' E[g], log sds by (1 + diag(L' E[H] L)) / 2
#   mean-field  mean by E[-H]^-1 E[g], in units of the diagonal of E[-H]^-1; log sds
#               by the same halves
#   low-rank    by comparison with the member nearest to that step: where a specific variance is
#   zero,
#               as at the optimum of many a factor model, the curvature along it says nothing

newton_error <- function(family, mean, chol_cov, expected) {
  d <- length(mean)
  h <- expected$hessian
  if (any(!is.finite(expected$gradient)) || any(!is.finite(h))) {
    return(list(rms = Inf, mean = rep(Inf, d), scale = rep(Inf, d)))
  }
  if (family == "meanfield") {
    cov <- chol2inv(robust_chol(-h))
    # in sds of the posterior, of which those of the family are a part
    shift <- as.vector(cov %*% expected$gradient) / sqrt(diag(cov))
  } else {
    shift <- as.vector(chol_cov %*% expected$gradient)
  }
  scale <- (1 + rowSums(chol_cov * (chol_cov %*% h))) / 2
  list(rms = sqrt(mean(c(shift^2, scale^2))), mean = shift, scale = scale, at = expected)
}

# list(error: root mean square, mean_error, scale_error: by free number, worst: its name, elbo:
# where it has a closed form)
certify <- function(approx) {
  error <- member_error(
    approx$target, approx$setup$family, approx[c("mean", "chol_cov")],
    approx$state$precision, approx$state$low
  )
  names <- approx$target$names
  size <- sqrt((error$mean^2 + error$scale^2) / 2)
  list(
    error = error$rms, mean_error = stats::setNames(error$mean, names),
    scale_error = stats::setNames(error$scale, names),
    worst = names[which.max(size)], elbo = if (has_expectations(approx$target)) {
      error$at$value +
        gaussian_entropy(crossprod(approx$chol_cov))
    }
  )
}

# `low`: factors of the low-rank member, where they are known. list(rms, mean, scale: errors, at:
# expectations, to: the optimum of the family as seen from here, where it was needed)
member_error <- function(target, family, at, precision = NULL, low = NULL) {
  expected_error(target, family, at$mean, at$chol_cov, member_expect(target, at, precision), low)
}

expected_error <- function(target, family, mean, chol_cov, expected, low = NULL) {
  if (!has_smooths(target) && family$name != "lowrank") {
    return(newton_error(family$name, mean, chol_cov, expected))
  }
  d <- target$dim
  none <- list(rms = Inf, mean = rep(Inf, d), scale = rep(Inf, d), at = expected)
  if (any(!is.finite(expected$hessian)) || any(!is.finite(expected$gradient))) {
    return(none)
  }
  to <- attempt(refit_family(target, family, mean, chol_cov, expected, low))
  if (is.null(to)) {
    return(none)
  }
  at <- list(mean = mean, chol_cov = chol_cov)
  c(
    member_distance(at, to, sqrt(diag(chol2inv(robust_chol(-expected$hessian))))),
    list(at = expected, to = to)
  )
}

finish_advi <- function(approx, scheme) {
  approx <- advi_view(approx, scheme)
  info <- approx$info
  approx$state$snapshot <- NULL
  verdict <- certify(approx)
  approx$info <- c(
    verdict[c("error", "mean_error", "scale_error", "worst")],
    list(
      iterations = approx$state$iteration, stopped = info$stopped,
      interrupted = info$interrupted,
      fixed_draws = ncol(approx$state$noise), step = approx$state$phase
    )
  )
  approx <- add_gaussian_draws(approx, approx$setup$draws)
  if (!is.null(verdict$elbo)) {
    approx$info$elbo <- verdict$elbo
    approx$info$elbo_mcse <- 0
  }
  approx$info$settled <- isTRUE(verdict$error <= approx$setup$control$tolerance)
  suspect <- approx$setup$suspect ||
    suspect_gradient(
      approx$target, approx$mean, sqrt(colSums(approx$chol_cov^2)), "end",
      approx$setup$batch_size
    )
  approx$info$converged <- approx$info$settled && !info$interrupted && !suspect &&
    fits_support(approx$info)
  if (!is.null(info$stopped)) inform_covary("stopped", info$stopped, ".")
  warn_support(approx)
  warn_advi(approx)
  approx
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
