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
# see it is added (`error`). `values`: look_at().
stein_expect <- function(
  target, mean, chol_cov, z, precision = chol2inv(chol_cov), replicates = NULL, values = TRUE
) {
  moves <- crossprod(chol_cov, z)
  at <- look_at(target, mean + moves, values)
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
  out <- list(value = if (!is.null(at$value)) mean(at$value), gradient = rowMeans(g), hessian = h)
  if (!is.null(replicates)) out$error <- whitened_error(chol_cov %*% at$gradient, z, replicates)
  out
}

# Under N(mean, cov), near the member of `state`. A value that is not finite says that a draw lies
# where the target is not defined; steps stop short of there. `values`: look_at().
expect_at <- function(target, state, mean, cov, values = TRUE) {
  if (state$exact) {
    count_reads(target, 1, NULL)
    return(density_expect(target, mean, cov))
  }
  chol_cov <- attempt(cholesky(cov))
  if (is.null(chol_cov)) {
    return(list(value = NaN, gradient = mean * NaN, hessian = cov * NaN))
  }
  at <- stein_expect(target, mean, chol_cov, state$noise, values = values)
  if (is.null(at$value)) {
    at$value <- value_between(state, mean, cov, at)
    at$guessed <- TRUE
  }
  if (!is_known(at)) at$value <- NaN
  at
}

# E[log p] under N(mean, cov) from its slopes there and at the member of `state`, whose value is
# known: E[gradient] in the mean, E[Hessian] / 2 in the covariance.
value_between <- function(state, mean, cov, at) {
  state$at$value + 0.5 * sum((state$at$gradient + at$gradient) * (mean - state$mean)) +
    0.25 * sum((state$at$hessian + at$hessian) * (cov - state$cov))
}

# A step that promises so little goes no further than .14 sds of each number, where slopes say what
# is gained as well as values would.
is_short <- function(promised, par) promised < 0.01 * length(par)

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
