# The smoothing level of the nested engine: base(beta) is replaced by a Gaussian in beta, so that
# beta can be integrated out for any smoothing sds (mathematics vignette, eq. 11-13).

# From the expected (or exact) gradient and Hessian of base at `mean`: exp(b'beta - beta'A beta /
# 2), unpenalised coefficients eliminated.
new_surrogate <- function(target, mean, at) {
  a <- concave_part(-at$hessian, target$means)
  b <- at$gradient + as.vector(a %*% mean)
  group <- target$model$group
  u <- which(group == 0)
  p <- which(group > 0)
  root <- robust_chol(a[u, u, drop = FALSE])
  cross <- backsolve(root, a[u, p, drop = FALSE], transpose = TRUE)
  lead <- backsolve(root, b[u], transpose = TRUE)
  list(
    a = a, b = b, u = u, p = p, root = root, cross = cross, lead = lead, group = group[p],
    a_p = a[p, p, drop = FALSE] - crossprod(cross), b_p = b[p] - as.vector(crossprod(cross, lead)),
    # log integral over the unpenalised coefficients
    constant = 0.5 * sum(lead^2) - sum(log(diag(root))) + 0.5 * length(u) * log(2 * pi)
  )
}

# Without its penalty the likelihood need not be concave, but the integral over beta has to exist.
# Where the curvature h is not safely positive it goes on without the blocks between means and the
# rest, whose expectation is zero, and at last with eigenvalues that say no more than a default
# prior does.
concave_part <- function(h, means) {
  if (is_safe(attempt(cholesky(h)))) {
    return(h)
  }
  if (!is.null(means)) h[means, !means] <- h[!means, means] <- 0
  robust_factor(h, least = hidden_precision)$matrix
}

# log p(t) under the surrogate, up to nothing: t is S x smooths.
surrogate_log_density <- function(s, target, t) {
  s$constant + .Call(C_surrogate_marginal, s$a_p, s$b_p, s$group, t(t), 0L, 2L)$value +
    log_sd_prior(target, t)
}

# list(value, gradient, hessian) of log p(t) at one t
surrogate_derivatives <- function(s, target, t) {
  at <- .Call(C_surrogate_marginal, s$a_p, s$b_p, s$group, cbind(t), 2L, 2L)
  prior <- vapply(seq_len(target$n_sds), function(g) {
    .Call(C_prior, target$model$sd_family[g], target$model$sd_prior[, g], t[g], NULL)[, 1]
  }, numeric(3))
  list(
    value = s$constant + at$value + sum(prior[1, ]), gradient = at$gradient[, 1] + prior[2, ],
    hessian = matrix(at$hessian, length(t)) + diag(prior[3, ], length(t))
  )
}

# Newton's method in a trust region.
surrogate_mode <- function(s, target, start) {
  at <- NULL
  here <- function(t) {
    if (!identical(t, at$t)) at <<- c(list(t = t), surrogate_derivatives(s, target, t))
    at
  }
  value <- function(t) {
    f <- here(t)$value
    if (is.finite(f)) -f else 1e300
  }
  fit <- stats::nlminb(start, value, function(t) -here(t)$gradient, function(t) -here(t)$hessian,
    lower = -15, upper = 15, control = list(rel.tol = 1e-8)
  )
  list(mode = fit$par, precision = -here(fit$par)$hessian)
}

# list(beta (S x d), log_density of beta given t) for t (S x smooths) and z: S x d noise.
surrogate_draws <- function(s, t, z) {
  out <- .Call(C_surrogate_draws, s$a_p, s$b_p, s$group, s$p, t(t), z, 2L)
  if (length(s$u)) {
    rest <- z[, s$u, drop = FALSE]
    out$log_density <- out$log_density + sum(log(diag(s$root))) -
      0.5 * (length(s$u) * log(2 * pi) + rowSums(rest^2))
    cross <- matrix(0, length(s$u), ncol(z))
    cross[, s$p] <- s$cross
    rest <- s$lead + t(rest) - tcrossprod(cross, out$beta)
    out$beta[, s$u] <- t(backsolve(s$root, rest))
  }
  out
}
