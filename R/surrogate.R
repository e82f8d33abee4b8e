# The smoothing level of the nested engine: base(beta) is replaced by a Gaussian in beta, so that
# beta can be integrated out for any smoothing sds (mathematics vignette, eq. 11-13).

# From the expected (or exact) gradient and Hessian of base at `mean`: exp(b'beta - beta'A beta / 2),
# unpenalised coefficients eliminated.
new_surrogate <- function(target, mean, at) {
  # Without its penalty the likelihood need not be concave; the integral over beta has to exist.
  a <- crossprod(robust_chol(-at$hessian, least = 1e-8))
  b <- at$gradient + as.vector(a %*% mean)
  group <- target$model$group
  u <- which(group == 0)
  p <- which(group > 0)
  root <- robust_chol(a[u, u, drop = FALSE])
  cross <- backsolve(root, a[u, p, drop = FALSE], transpose = TRUE)
  lead <- backsolve(root, b[u], transpose = TRUE)
  list(a = a, b = b, u = u, p = p, root = root, cross = cross, lead = lead, group = group[p],
    a_p = a[p, p, drop = FALSE] - crossprod(cross), b_p = b[p] - as.vector(crossprod(cross, lead)),
    # log integral over the unpenalised coefficients
    constant = 0.5 * sum(lead^2) - sum(log(diag(root))) + 0.5 * length(u) * log(2 * pi))
}

# log p(t) under the surrogate, up to nothing: t is S x smooths.
surrogate_log_density <- function(s, target, t) {
  s$constant + .Call(C_surrogate_marginal, s$a_p, s$b_p, s$group, t(t), FALSE)$value + log_sd_prior(target, t)
}

surrogate_gradient <- function(s, target, t) {
  marginal <- .Call(C_surrogate_marginal, s$a_p, s$b_p, s$group, t(t), TRUE)
  prior <- vapply(seq_len(target$n_sds), function(g) {
    .Call(C_prior, target$model$sd_family[g], target$model$sd_prior[, g], t[, g], NULL)[2, ]
  }, numeric(nrow(t)))
  t(marginal$gradient) + matrix(prior, nrow(t))
}

surrogate_mode <- function(s, target, start) {
  value <- function(t) {
    f <- surrogate_log_density(s, target, matrix(t, 1))
    if (is.finite(f)) -f else 1e300
  }
  slope <- function(t) -as.vector(surrogate_gradient(s, target, matrix(t, 1)))
  fit <- stats::nlminb(start, value, slope, lower = -15, upper = 15, control = list(rel.tol = 1e-8))
  list(mode = fit$par, precision = difference_hessian(s, target, fit$par))
}

difference_hessian <- function(s, target, t, step = 1e-3) {
  n <- length(t)
  points <- rbind(diag(step, n), -diag(step, n)) + rep(t, each = 2 * n)
  g <- surrogate_gradient(s, target, points)
  h <- -(g[seq_len(n), , drop = FALSE] - g[n + seq_len(n), , drop = FALSE]) / (2 * step)
  (h + t(h)) / 2
}

# beta (S x d) given t (S x smooths); z: S x d noise.
surrogate_draws <- function(s, t, z) {
  beta <- matrix(0, nrow(t), length(s$b))
  penalised <- .Call(C_surrogate_draws, s$a_p, s$b_p, s$group, t(t), t(z[, s$p, drop = FALSE]))
  beta[, s$p] <- t(penalised)
  if (length(s$u)) {
    rest <- s$lead - s$cross %*% penalised + t(z[, s$u, drop = FALSE])
    beta[, s$u] <- t(backsolve(s$root, rest))
  }
  beta
}

# b'beta - beta'A beta / 2 for every row
surrogate_value <- function(s, beta) as.vector(beta %*% s$b) - 0.5 * rowSums((beta %*% s$a) * beta)
