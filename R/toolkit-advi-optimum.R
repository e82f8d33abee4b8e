# The optimum of a family as seen from one of its members: the likelihood is taken as the quadratic
# that its expected gradient and Hessian give there, the prior of smooths as it is, in closed form.
# No pass over the data.
#
# A Newton step alone would miss how far there is to go: along the log sd of a smooth that is hardly
# needed, fixed-point steps of the ELBO are ever smaller parts of the way that is left.

# `expected`: value, gradient and Hessian of the whole target under N(mean, crossprod(chol_cov)).
# `low`: factors of a low-rank member near by, where they are known. list(mean, chol_cov; low-rank:
# low)
refit_family <- function(target, family, mean, chol_cov, expected, low = NULL) {
  cov <- crossprod(chol_cov)
  if (!has_smooths(target)) {
    return(newton_member(family, mean, expected, low))
  }
  own <- smooths_expect(target, mean, cov)
  hessian <- expected$hessian - own$hessian
  gradient <- expected$gradient - own$gradient
  expect <- function(m, c) {
    at <- smooths_expect(target, m, c)
    move <- m - mean
    pull <- as.vector(hessian %*% move)
    list(
      value = at$value + sum(move * (gradient + 0.5 * pull)) + 0.5 * sum(hessian * c),
      gradient = at$gradient + gradient + pull,
      hessian = at$hessian + hessian
    )
  }
  if (family$name == "lowrank") {
    return(refit_low_rank(expect, family, mean, chol_cov, low))
  }
  fit <- gaussian_vi(expect, mean, cov, family$name == "meanfield",
    limits = vi_limits(300L, 1e-4)
  )
  list(mean = fit$mean, chol_cov = chol(fit$cov))
}

# One Newton step: exact where the target is quadratic.
newton_member <- function(family, mean, expected, low = NULL) {
  precision <- crossprod(robust_chol(-expected$hessian))
  cov <- solve_spd(precision)
  mean <- mean + as.vector(cov %*% expected$gradient)
  # the member nearest to N(mean, cov), in the direction of the ELBO
  if (family$name == "lowrank") {
    low <- low_rank_nearest(precision, sqrt(diag(cov)), family$rank, low)
    return(list(mean = mean, chol_cov = chol(low_rank_cov(low)), low = low))
  }
  list(mean = mean, chol_cov = if (family$name == "fullrank") {
    chol(cov)
  } else {
    diag(1 / sqrt(diag(precision)), nrow(cov))
  })
}

# L-BFGS over mean, log s and B of S^2 + B B'; mean and scales in units of the member it starts
# from.
refit_low_rank <- function(expect, family, mean, chol_cov, low = NULL) {
  d <- length(mean)
  sd <- sqrt(colSums(chol_cov^2))
  start <- if (is.null(low)) {
    low_rank_start(crossprod(chol_cov) / outer(sd, sd), family$rank)
  } else {
    list(s = low$s / sd, b = low$b / sd)
  }
  at_b <- -seq_len(2 * d)
  member <- function(par) {
    s <- exp(par[d + seq_len(d)])
    b <- matrix(par[at_b], d)
    list(
      s = s, b = b, mean = mean + as.vector(par[seq_len(d)] %*% chol_cov),
      cov = (diag(s^2, d) + tcrossprod(b)) * outer(sd, sd)
    )
  }
  value <- function(par) {
    at <- member(par)
    out <- expect(at$mean, at$cov)$value + gaussian_entropy(at$cov)
    if (is.finite(out)) -out else 1e300
  }
  gradient <- function(par) {
    at <- member(par)
    expected <- expect(at$mean, at$cov)
    slope <- expected$hessian * outer(sd, sd) + solve_spd(at$cov / outer(sd, sd))
    -c(chol_cov %*% expected$gradient, at$s^2 * diag(slope), slope %*% at$b)
  }
  best <- stats::optim(c(numeric(d), log(start$s), start$b), value, gradient,
    method = "L-BFGS-B",
    control = list(maxit = 1000, lmm = 20, factr = 1e5)
  )
  at <- member(best$par)
  list(mean = at$mean, chol_cov = chol(at$cov), low = list(s = sd * at$s, b = sd * at$b))
}

# Differences of means in units of `sd`, and of log sds. Where the curvature says less than the
# family, as along the log sd of a smooth that is hardly needed, the sd of the family counts.
member_distance <- function(at, to, sd) {
  own <- sqrt(colSums(to$chol_cov^2))
  mean <- (to$mean - at$mean) / pmax(sd, own)
  scale <- log(own) - 0.5 * log(colSums(at$chol_cov^2))
  rms <- sqrt(mean(c(mean^2, scale^2)))
  list(rms = if (is.finite(rms)) rms else Inf, mean = mean, scale = scale)
}
