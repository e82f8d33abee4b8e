# The full-rank family in coordinates y where the approximation that a phase began with is standard:
# theta = centre + unit y, y = shift + L z; par = (shift, log diagonal of L, L below it).

enter_frame <- function(state) {
  d <- length(state$mean)
  state$centre <- state$mean
  state$unit <- t(chol(state$cov))
  state$par <- numeric(2 * d + d * (d - 1) / 2)
  state$bfgs <- list(s = list(), y = list())
  state$value <- NULL
  state
}

# list(shift, lower: L)
frame_at <- function(par, d) {
  lower <- diag(exp(par[d + seq_len(d)]), d)
  lower[lower.tri(lower)] <- par[-seq_len(2 * d)]
  list(shift = par[seq_len(d)], lower = lower)
}

# The same with what L-BFGS has learned, in the coordinates where the approximation of now is
# standard: L = A L' with A the factor of now, and so for gradients by L, G' = A' G.
recentre_frame <- function(state) {
  d <- length(state$centre)
  own <- seq_len(d)
  now <- frame_at(state$par, d)
  scales <- diag(now$lower)
  below <- lower.tri(now$lower)
  matrix_of <- function(v, diagonal) {
    out <- diag(diagonal, d)
    out[below] <- v[-seq_len(2 * d)]
    out
  }
  numbers <- function(shift, lower) c(shift, diag(lower), lower[below])
  state$bfgs <- list(
    s = lapply(state$bfgs$s, function(s) {
      lower <- matrix_of(s, s[d + own] * scales)
      numbers(forwardsolve(now$lower, s[own]), forwardsolve(now$lower, lower))
    }),
    y = lapply(state$bfgs$y, function(y) {
      lower <- matrix_of(y, y[d + own] / scales)
      numbers(crossprod(now$lower, y[own]), crossprod(now$lower, lower))
    })
  )
  state$centre <- state$centre + as.vector(state$unit %*% now$shift)
  state$unit <- state$unit %*% now$lower
  state$par <- numeric(length(state$par))
  state$value <- NULL
  state
}

# From a gradient by L-BFGS; to begin with, curvature is 1 by the shift and by L, 2 by its log
# diagonal.
frame_direction <- function(state, g) {
  scales <- length(state$centre) + seq_along(state$centre)
  lbfgs_direction(g, state$bfgs, function(v) {
    v[scales] <- v[scales] / 2
    v
  })
}

# f: minus the ELBO over the draws z, without constants, or NULL (`values`: look_at()); g: its
# gradient
frame_objective <- function(target, state, par, values, z = state$noise) {
  at <- frame_at(par, target$dim)
  seen <- look_at(target, state$centre + state$unit %*% (at$shift + at$lower %*% z), values)
  g <- crossprod(state$unit, seen$gradient)
  by_lower <- tcrossprod(g, z) / ncol(z)
  scales <- diag(at$lower)
  list(
    f = if (!is.null(seen$value)) -mean(seen$value) - sum(log(scales)),
    g = -c(rowMeans(g), 1 + diag(by_lower) * scales, by_lower[lower.tri(by_lower)])
  )
}

frame_moments <- function(state) {
  at <- frame_at(state$par, length(state$centre))
  list(
    mean = state$centre + as.vector(state$unit %*% at$shift),
    cov = tcrossprod(state$unit %*% at$lower)
  )
}

# With the determinant of the change of units
frame_elbo <- function(state) {
  -state$value$f + sum(log(diag(state$unit))) + 0.5 * length(state$centre) * (1 + log(2 * pi))
}
