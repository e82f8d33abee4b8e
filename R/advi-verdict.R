# The certificate of a Gaussian fit: one Newton step of the ELBO over fresh draws and all rows says how far
# the mean and the scales are from the optimum of the family.
#
# In units of the approximation, theta = mean + root w, and with u = root' grad log p + w (sticking the landing:
# u = 0 for every draw where the approximation is exact):
#   full-rank   mean is off by E[u], log sds by E[u w] / 2
#   mean-field  mean by E[-Hessian]^-1 E[u], in units of the diagonal of E[-Hessian]^-1; log sds by the same half moments

newton_error <- function(target, family, mean, root, z) {
  d <- length(mean)
  at <- density_at(target, t(mean + root %*% z), gradient = TRUE)
  g <- at$gradient
  if (any(!is.finite(g))) return(list(rms = Inf, mean = rep(Inf, d), scale = rep(Inf, d)))
  u <- crossprod(root, g) + z
  shift <- rowMeans(u)
  scale <- rowMeans(u * z) / 2
  expected <- NULL
  if (family != "fullrank") {
    if (family == "meanfield" && ncol(z) > 4 * d + 10) {
      h <- crossprod(root, tcrossprod(g, z)) / ncol(z)
      h <- (h + t(h)) / 2
      r <- robust_chol(-h)
      cov <- chol2inv(r)
      # in sds of the posterior, of which those of the family are a part
      shift <- as.vector(cov %*% shift) / sqrt(diag(cov))
      inverse <- diag(1 / diag(root), d)
      expected <- list(hessian = inverse %*% h %*% inverse)
    }
  }
  if (is.null(expected)) {
    inverse <- backsolve(t(root), diag(d))
    h <- crossprod(root, tcrossprod(g, z)) / ncol(z)
    expected <- list(hessian = inverse %*% ((h + t(h)) / 2) %*% t(inverse))
    # low-rank: its optimum has E[-Hessian]_ii = precision_ii
    if (family == "lowrank") scale <- (1 + diag(expected$hessian) / rowSums(inverse^2)) / 2
  }
  list(rms = sqrt(mean(c(shift^2, scale^2))), mean = shift, scale = scale, at = expected)
}

# list(error: root mean square, mean_error, scale_error: by free number, worst: its name)
certify <- function(approx, heavy = approx$target$rows > 20000 || identical(approx$setup$engine, "natural")) {
  target <- approx$target
  d <- target$dim
  if (isTRUE(approx$state$exact) && isTRUE(approx$state$done)) {
    zero <- stats::setNames(numeric(d), target$names)
    return(list(error = 0, mean_error = zero, scale_error = zero))
  }
  z <- new_noise(if (heavy) 32 else max(4 * d + 12, 100), d)
  error <- if (heavy && approx$family == "meanfield") heavy_error(approx, z)
    else newton_error(target, approx$family, approx$mean, approx$root, z)
  size <- sqrt((error$mean^2 + error$scale^2) / 2)
  list(error = if (is.finite(error$rms)) error$rms else Inf, mean_error = stats::setNames(error$mean, target$names),
    scale_error = stats::setNames(error$scale, target$names), worst = target$names[which.max(size)])
}

# Mean-field over many rows: the metric of the run in place of an expected Hessian.
heavy_error <- function(approx, z) {
  metric <- if (identical(approx$setup$engine, "natural")) approx$state$metric
  out <- newton_error(approx$target, "meanfield", approx$mean, approx$root, z)
  if (is.null(metric) || any(!is.finite(out$mean))) return(out)
  out$mean <- as.vector(metric %*% (out$mean / diag(approx$root))) / sqrt(diag(metric))
  out$rms <- sqrt(mean(c(out$mean^2, out$scale^2)))
  out
}
