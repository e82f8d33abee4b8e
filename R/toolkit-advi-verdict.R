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
    return(unknown_error(d))
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
  none <- c(unknown_error(d), list(at = expected))
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
