# The objective: ELBO = E[log p] + entropy under the approximation N(mean, cov), cov =
# crossprod(chol_cov), and its gradient and Hessian, from list(value, gradient, hessian) of E[log
# p]: in closed form where the target has it (density_expect()), else over draws by Stein's
# identity.

# d x m, with second moments (divisor m) exactly one where m allows.
new_noise <- function(m, d) {
  m <- m + m %% 2
  z <- t(matched_noise(m, d))
  if (m > 4 * d + 10) z * sqrt(m / (m - 1)) else z
}

# Expectations over draws mean + L z, L = t(chol_cov), a column of z a draw; the Hessian by Stein's
# identity, E[g z'] L^-1. Draws are taken with the gradient of a Gaussian target of precision Q
# beside them, whose expectations are known: where Q is near E[-H], little noise is left.
# `replicates`: those draws as replicate_noise() makes them; the error of the approximation as they
# see it is added (`error`).
stein_expect <- function(
  target, mean, chol_cov, z, precision = chol2inv(chol_cov), replicates = NULL
) {
  moves <- crossprod(chol_cov, z)
  at <- density_at(target, t(mean + moves), gradient = TRUE)
  g <- at$gradient
  h <- if (all(is.finite(g))) {
    g <- g + precision %*% moves
    gz <- tcrossprod(g, z) / ncol(z)
    # E[g z'] L^-1, made symmetric
    h <- t(backsolve(chol_cov, t(gz)))
    (h + t(h)) / 2 - precision
  } else {
    matrix(NaN, length(mean), length(mean))
  }
  out <- list(value = mean(at$value), gradient = rowMeans(g), hessian = h)
  if (!is.null(replicates)) out$error <- whitened_error(chol_cov %*% at$gradient, z, replicates)
  out
}

# A value that is not finite says that a draw lies where the target is not defined; steps stop
# short of there.
expect_at <- function(target, state, mean, cov) {
  if (state$exact) {
    count_reads(target, 1, NULL)
    return(density_expect(target, mean, cov))
  }
  chol_cov <- attempt(cholesky(cov))
  if (is.null(chol_cov)) {
    return(list(value = NaN, gradient = mean * NaN, hessian = cov * NaN))
  }
  at <- stein_expect(target, mean, chol_cov, state$noise)
  if (!is_known(at)) at$value <- NaN
  at
}

is_known <- function(at) {
  is.finite(at$value) && all(is.finite(at$gradient)) &&
    all(is.finite(at$hessian))
}

# In closed form, or over moment-matched draws, so many that quadratic parts have no noise; over
# very many rows fewer.
member_expect <- function(target, at, precision = NULL) {
  if (has_expectations(target)) {
    count_reads(target, 1, NULL)
    return(density_expect(target, at$mean, crossprod(at$chol_cov)))
  }
  m <- max(4 * target$dim + 12, 100)
  if (target$rows * m > 4e6) m <- 32
  if (is.null(precision)) precision <- chol2inv(at$chol_cov)
  stein_expect(target, at$mean, at$chol_cov, new_noise(m, target$dim), precision)
}
