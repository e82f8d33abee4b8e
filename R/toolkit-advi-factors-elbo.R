# The ELBO of a low-rank Gaussian over antithetic pairs of draws, mean +- (s z_1 + B z_2), and its
# error. With W = B / s and M = I + W'W,
#   log det (S^2 + B B') / 2 = sum(log s) + log det M / 2,
#   (S^2 + B B')^-1 B = W M^-1 / s
# so that everything takes O(d r) memory, and time for a draw.

# Parameters in units: par = (shift of the mean, log s, B)
factors_at <- function(unit, par) {
  d <- length(unit$mean)
  own <- seq_len(d)
  list(
    mean = unit$mean + unit$sd * par[own], s = unit$sd * exp(par[d + own]),
    b = unit$sd * matrix(par[-seq_len(2 * d)], d)
  )
}

factors_objective <- function(target, unit, par, noise) {
  out <- factors_elbo(target, factors_at(unit, par), noise)
  list(f = -out$value, g = -c(unit$sd * out$mean, out$log_s, unit$sd * out$b))
}

# list(value, gradients by mean, log s and B). Draws are taken in blocks, for memory.
factors_elbo <- function(target, at, noise, values = TRUE) {
  d <- length(at$mean)
  own <- seq_len(d)
  n <- ncol(noise)
  block <- max(1, floor(1e6 / d))
  value <- 0
  by_mean <- by_s <- numeric(d)
  by_b <- matrix(0, d, ncol(at$b))
  for (first in seq(1, n, block)) {
    z <- noise[, seq(first, min(n, first + block - 1)), drop = FALSE]
    moves <- factor_moves(at, z)
    k <- ncol(z)
    theta <- cbind(at$mean + moves, at$mean - moves)
    g <- if (values) {
      seen <- density_at(target, t(theta), gradient = TRUE)
      value <- value + sum(seen$value)
      seen$gradient
    } else {
      gradient_at(target, theta)
    }
    up <- g[, seq_len(k), drop = FALSE]
    down <- g[, k + seq_len(k), drop = FALSE]
    by_mean <- by_mean + rowSums(up) + rowSums(down)
    by_s <- by_s + rowSums((up - down) * z[own, , drop = FALSE])
    by_b <- by_b + tcrossprod(up - down, z[-own, , drop = FALSE])
  }
  list(
    value = value / (2 * n) + spread_log_det(list(factors = at)) + 0.5 * d * (1 + log(2 * pi)),
    mean = by_mean / (2 * n), log_s = at$s * by_s / (2 * n) + 1 - factors_share(at),
    b = by_b / (2 * n) + over_inner(at) / at$s
  )
}

# Moves by noise, a column each
factor_moves <- function(at, z) {
  own <- seq_along(at$s)
  at$s * z[own, , drop = FALSE] + at$b %*% z[-own, , drop = FALSE]
}

# W M^-1
over_inner <- function(at) {
  w <- at$b / at$s
  w %*% chol2inv(capacitance_factor(w))
}

# What B takes from the conditional variances: the precision of a coordinate is (1 - share) / s^2.
factors_share <- function(at) rowSums(over_inner(at) * at$b) / at$s

# About the inverse curvature of the negative ELBO: the covariance for the mean, 1 / 2 for log s,
# and for B the inverse metric of Fisher in the coordinates of W = U C V': across the columns of U
# c^2 / (1 + c^2), within them (c_i^2 + c_j^2) / ((1 + c_i^2) (1 + c_j^2)), each kept off zero.
factors_metric <- function(unit, par) {
  at <- factors_at(unit, par)
  s <- at$s / unit$sd
  b <- at$b / unit$sd
  own <- seq_along(s)
  w <- svd(b / s)
  c2 <- w$d^2
  across <- 1 / (c2 / (1 + c2) + 0.1)
  within <- outer(1 + c2, 1 + c2) / (outer(c2, c2, "+") + 0.1)
  function(g) {
    mean <- g[own]
    by_w <- (s * matrix(g[-seq_len(2 * length(s))], length(s))) %*% w$v
    inner <- crossprod(w$u, by_w)
    outside <- (by_w - w$u %*% inner) * rep(across, each = length(s))
    c(
      s^2 * mean + as.vector(b %*% crossprod(b, mean)), g[length(s) + own] / 2,
      s * tcrossprod(outside + w$u %*% (inner * within), w$v)
    )
  }
}

# list(rms, mean, scale: errors of means and log sds by free number, in sds of the family), from
# fresh pairs in replicates. The mean is off by (-E[H])^-1 E[g]; log s and B by what the metric of
# the polish makes of their gradients.
factors_error <- function(target, state, noise, values = TRUE) {
  d <- length(state$mean)
  sd <- sqrt(state$s^2 + rowSums(state$b^2))
  seen <- lapply(noise, function(z) factors_elbo(target, state, z, values))
  finite <- function(s) all(is.finite(c(s$mean, s$log_s, s$b, s$value)))
  if (!all(vapply(seen, finite, TRUE))) {
    return(unknown_error(d))
  }
  # in conditional sds, about one over the root of the curvature
  near <- state$s
  z <- noise[[1]][, seq_len(min(ncol(noise[[1]]), curvature_pairs(d))), drop = FALSE]
  moves <- factor_moves(state, z)
  theta <- cbind(state$mean + moves, state$mean - moves)
  curve <- difference_curvature(target, theta, near, 1e-3)
  shift <- vapply(seen, function(s) solve_curvature(curve, near * s$mean) * near / sd, numeric(d))
  unit <- list(mean = state$mean, sd = sd)
  metric <- factors_metric(unit, c(numeric(d), log(state$s / sd), state$b / sd))
  memory <- if (is.null(state$bfgs)) list(s = list(), y = list()) else state$bfgs
  scale <- vapply(seen, function(s) {
    step <- lbfgs_direction(c(0 * sd, s$log_s, sd * s$b), memory, metric)
    by_b <- matrix(step[-seq_len(2 * d)], d)
    (state$s / sd)^2 * step[d + seq_len(d)] + rowSums(state$b / sd * by_b)
  }, numeric(d))
  summarise_errors(matrix(shift, d), matrix(scale, d))
}
