# The smoothing level of the nested engine: the log likelihood and the priors of the unpenalised
# coefficients (loglik_and_priors()) are replaced by a quadratic in beta, so that beta can be
# integrated out for any smoothing sds (mathematics vignette, eq. 11-13).

# From the expected (or exact) gradient and Hessian of loglik_and_priors() at `mean`:
# exp(b'beta - beta'A beta / 2). The unpenalised coefficients u are eliminated: with R'R = A[u, u],
#   chol_precision = R, cross = R'^-1 A[u, p], lead = R'^-1 b[u],
#   a_p = A[p, p] - cross' cross, b_p = b[p] - cross' lead.
# Where A has the shape of an arrow it stays as it is (engine-surrogate-arrow.R).
new_surrogate <- function(model, mean, at) {
  a <- concave_part(-at$hessian, model$means)
  b <- at$gradient + symmetric_times(a, mean)
  group <- model$core$group
  make <- if (inherits(a, "covary_arrow")) new_arrow_surrogate else new_dense_surrogate
  make(a, b, group)
}

new_dense_surrogate <- function(a, b, group) {
  u <- which(group == 0)
  p <- which(group > 0)
  chol_precision <- robust_chol(a[u, u, drop = FALSE])
  cross <- backsolve(chol_precision, a[u, p, drop = FALSE], transpose = TRUE)
  lead <- backsolve(chol_precision, b[u], transpose = TRUE)
  structure(class = c("covary_dense_surrogate", "covary_surrogate"), list(
    a = a, b = b, u = u, p = p, chol_precision = chol_precision, cross = cross, lead = lead,
    group = group[p],
    a_p = a[p, p, drop = FALSE] - crossprod(cross), b_p = b[p] - as.vector(crossprod(cross, lead)),
    # log integral over the unpenalised coefficients
    constant = 0.5 * sum(lead^2) - sum(log(diag(chol_precision))) + 0.5 * length(u) * log(2 * pi)
  ))
}

# The same without a shape
as_dense_surrogate <- function(s) UseMethod("as_dense_surrogate")

#' @export
as_dense_surrogate.covary_dense_surrogate <- function(s) s

# Log integrals over the coefficients at log_tau (smooths x points), but for s$constant: list(value,
# gradient, hessian), the latter two where order is 2, of one point.
surrogate_marginals <- function(s, log_tau, order) UseMethod("surrogate_marginals")

#' @export
surrogate_marginals.covary_dense_surrogate <- function(s, log_tau, order) {
  .Call(C_surrogate_marginal, s$a_p, s$b_p, s$group, log_tau, order, 2L)
}

# Multiplications that a factor of the coefficients takes, about.
surrogate_cost <- function(s) UseMethod("surrogate_cost")

#' @export
surrogate_cost.covary_dense_surrogate <- function(s) length(s$b_p)^3 / 3 + 1


# Without its penalty the likelihood need not be concave, but the integral over beta has to exist.
# Where the curvature h is not safely positive it goes on without the blocks between means and the
# rest, whose expectation is zero, and at last with eigenvalues that say no more than a default
# prior does.
concave_part <- function(h, means) UseMethod("concave_part")

#' @export
concave_part.default <- function(h, means) {
  if (is_well_conditioned(chol_or_null(h))) {
    return(h)
  }
  robust_factor(without_cross_blocks(h, means), least = hidden_precision)$precision
}

# log p(log_tau, y) under the surrogate, up to a constant that does not depend on log_tau; log_tau
# is S x smooths.
surrogate_log_density <- function(s, model, log_tau) {
  s$constant + surrogate_marginals(s, t(log_tau), 0L)$value + log_sd_prior(model, log_tau)
}

# list(value, gradient, hessian) of surrogate_log_density() at one log_tau
surrogate_derivatives <- function(s, model, log_tau) {
  at <- surrogate_marginals(s, cbind(log_tau), 2L)
  prior <- sd_prior_derivatives(model, log_tau)
  list(
    value = s$constant + at$value + sum(prior[1, ]), gradient = as.vector(at$gradient) + prior[2, ],
    hessian = matrix(at$hessian, length(log_tau)) + diag(prior[3, ], length(log_tau))
  )
}

# A step towards the mode by Fisher scoring. With B = I + D A D (eq. 12), V = B^-1 and m = V D b the
# gradient by log_tau_g is the sum of V_ii + m_i^2 - 1 over the coefficients of g, and the expected
# information of g and h twice the sum of the squares of I - V over theirs.
scoring_step <- function(s, model, log_tau) UseMethod("scoring_step")

#' @export
scoring_step.covary_dense_surrogate <- function(s, model, log_tau) {
  scale <- exp(log_tau[s$group])
  n <- length(scale)
  cov <- solve_spd(diag(n) + s$a_p * tcrossprod(scale))
  mean <- as.vector(cov %*% (scale * s$b_p))
  by_sd <- function(x) rowsum(x, factor(s$group, seq_len(model$n_sds)))
  information <- 2 * by_sd(t(by_sd((diag(n) - cov)^2)))
  prior <- sd_prior_derivatives(model, log_tau)
  gradient <- as.vector(by_sd(diag(cov) + mean^2 - 1)) + prior[2, ]
  # Where the data say nothing of a sd, a step of at most about one
  curvature <- information + diag(pmax(-prior[3, ], 0) + 0.5, model$n_sds)
  solve_chol(cholesky(curvature), gradient)
}

# Log prior densities of the log smoothing sds and their derivatives, 3 x smooths.
sd_prior_derivatives <- function(model, log_tau) {
  vapply(seq_len(model$n_sds), function(g) {
    .Call(C_prior, model$core$sd_family[g], model$core$sd_prior[, g], log_tau[g], NULL)[, 1]
  }, numeric(3))
}

# Mode of the log smoothing sds, by Newton's method in a trust region. list(mode, precision)
surrogate_mode <- function(s, model, start) {
  at <- NULL
  here <- function(log_tau) {
    if (!identical(log_tau, at$log_tau)) {
      at <<- c(list(log_tau = log_tau), surrogate_derivatives(s, model, log_tau))
    }
    at
  }
  value <- function(log_tau) {
    f <- here(log_tau)$value
    if (is.finite(f)) -f else 1e300
  }
  fit <- stats::nlminb(start, value,
    gradient = function(log_tau) -here(log_tau)$gradient,
    hessian = function(log_tau) -here(log_tau)$hessian,
    lower = -15, upper = 15, control = list(rel.tol = 1e-8)
  )
  list(mode = fit$par, precision = -here(fit$par)$hessian)
}

# list(beta (S x d), log_density of beta given log_tau) for log_tau (S x smooths) and z: S x d
# noise.
surrogate_draws <- function(s, log_tau, z) UseMethod("surrogate_draws")

#' @export
surrogate_draws.covary_dense_surrogate <- function(s, log_tau, z) {
  out <- .Call(C_surrogate_draws, s$a_p, s$b_p, s$group, s$p, t(log_tau), z, 2L)
  if (length(s$u)) {
    rest <- z[, s$u, drop = FALSE]
    out$log_density <- out$log_density + sum(log(diag(s$chol_precision))) -
      0.5 * (length(s$u) * log(2 * pi) + rowSums(rest^2))
    cross <- matrix(0, length(s$u), ncol(z))
    cross[, s$p] <- s$cross
    rest <- s$lead + t(rest) - tcrossprod(cross, out$beta)
    out$beta[, s$u] <- t(backsolve(s$chol_precision, rest))
  }
  out
}
