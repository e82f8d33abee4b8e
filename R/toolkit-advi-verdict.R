# The certificate of a Gaussian fit: one Newton step of the ELBO, over fresh draws and all rows or
# in closed form, says how far the mean and the scales are from the optimum of the family. For
# models with smooths it is the way to the optimum as seen from there (toolkit-advi-refit.R).
#
# With E[g], E[H] the expected gradient and Hessian of the target under the approximation N(mean,
# root root'):
#   full-rank   mean is off by root' E[g], log sds by (1 + diag(root' E[H] root)) / 2
#   mean-field  mean by E[-H]^-1 E[g], in units of the diagonal of E[-H]^-1; log sds by the same
#   halves low-rank    by comparison with the member nearest to that step: where a specific variance
#   is at zero, as at the optimum
#               of many a factor model, the curvature along it says nothing

newton_error <- function(family, mean, root, expected) {
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
    shift <- as.vector(crossprod(root, expected$gradient))
  }
  scale <- (1 + colSums(root * (h %*% root))) / 2
  list(rms = sqrt(mean(c(shift^2, scale^2))), mean = shift, scale = scale, at = expected)
}

# Expectations over draws mean + root z, a column of z a draw; the Hessian by Stein's identity, E[g
# z'] root^-1. Draws are taken with the gradient of a Gaussian target of precision Q beside them,
# whose expectations are known: where Q is near E[-H], little noise is left.
stein_expect <- function(target, mean, root, z, precision = chol2inv(t(root))) {
  at <- density_at(target, t(mean + root %*% z), gradient = TRUE)
  g <- at$gradient
  h <- if (all(is.finite(g))) {
    move <- root %*% z
    g <- g + precision %*% move
    gz <- tcrossprod(g, z) / ncol(z)
    # E[g z'] root^-1, made symmetric
    h <- t(backsolve(t(root), t(gz), upper.tri = TRUE, transpose = FALSE))
    (h + t(h)) / 2 - precision
  } else {
    matrix(NaN, length(mean), length(mean))
  }
  list(value = mean(at$value), gradient = rowMeans(g), hessian = h)
}

# list(error: root mean square, mean_error, scale_error: by free number, worst: its name, elbo:
# where it has a closed form)
certify <- function(approx) {
  error <- member_error(
    approx$target, approx$setup$family, approx[c("mean", "root")],
    approx$state$precision, approx$state$low
  )
  names <- approx$target$names
  size <- sqrt((error$mean^2 + error$scale^2) / 2)
  list(
    error = error$rms, mean_error = stats::setNames(error$mean, names),
    scale_error = stats::setNames(error$scale, names),
    worst = names[which.max(size)], elbo = if (has_expectations(approx$target)) {
      error$at$value +
        gaussian_entropy(tcrossprod(approx$root))
    }
  )
}

# `low`: factors of the low-rank member, where they are known. list(rms, mean, scale: errors, at:
# expectations, to: the optimum of the family as seen from here, where it was needed)
member_error <- function(target, family, at, precision = NULL, low = NULL) {
  expected_error(target, family, at$mean, at$root, member_expect(target, at, precision), low)
}

expected_error <- function(target, family, mean, root, expected, low = NULL) {
  if (!has_smooths(target) && family$name != "lowrank") {
    return(newton_error(family$name, mean, root, expected))
  }
  d <- target$dim
  none <- list(rms = Inf, mean = rep(Inf, d), scale = rep(Inf, d), at = expected)
  if (any(!is.finite(expected$hessian)) || any(!is.finite(expected$gradient))) {
    return(none)
  }
  to <- attempt(refit_family(target, family, mean, root, expected, low))
  if (is.null(to)) {
    return(none)
  }
  at <- list(mean = mean, root = root)
  c(
    member_distance(at, to, sqrt(diag(chol2inv(robust_chol(-expected$hessian))))),
    list(at = expected, to = to)
  )
}

# In closed form, or over moment-matched draws, so many that quadratic parts have no noise; over
# very many rows fewer.
member_expect <- function(target, at, precision = NULL) {
  if (has_expectations(target)) {
    return(density_expect(target, at$mean, tcrossprod(at$root)))
  }
  m <- max(4 * target$dim + 12, 100)
  if (target$rows * m > 4e6) m <- 32
  if (is.null(precision)) precision <- chol2inv(t(at$root))
  stein_expect(target, at$mean, at$root, new_noise(m, target$dim), precision)
}
