# The end of a full-rank fit by steps over draws of their own: natural-gradient steps from fresh
# draws, gradients alone, whose sizes make the iterate an average over all draws so far. A step
# takes one evaluation a draw, where L-BFGS over as many fixed draws takes two a draw at each of its
# steps.
#
# With L the lower factor of the covariance and A = I + E[L' g z'], symmetric, a step of size a is
#   mean + a L E[L' g],  L (I + a A) L'
# Errors are counted in the same units: L' E[g] and half of the diagonal of A.

start_average <- function(setup, state) {
  state$phase <- "average"
  n <- max(average_pairs, setup$family$dim)
  state$average <- list(
    pairs = n, seen = min(n, ncol(state$noise)), errors = matrix(0, 2 * setup$family$dim, 0)
  )
  state
}

step_average <- function(target, setup, state) {
  d <- setup$family$dim
  average <- state$average
  z <- paired(stratified_pairs(average$pairs, d))
  chol_cov <- chol(state$cov)
  g <- chol_cov %*% gradient_at(target, state$mean + crossprod(chol_cov, z))
  if (!all(is.finite(g))) {
    state$done <- TRUE
    return(state)
  }
  m <- ncol(z)
  shift <- rowMeans(g)
  stretch <- tcrossprod(g, z) / m
  stretch <- diag(d) + (stretch + t(stretch)) / 2
  average$seen <- average$seen + m
  size <- m / average$seen
  average$errors <- cbind(average$errors, c(shift, diag(stretch) / 2))
  state$mean <- state$mean + size * as.vector(shift %*% chol_cov)
  # no variance changes by more than a half at once
  own <- eigen(stretch, symmetric = TRUE)
  by <- own$vectors %*% (sqrt(1 + pmin(pmax(size * own$values, -0.5), 1)) * t(own$vectors))
  state$cov <- crossprod(by %*% chol_cov)
  state$precision <- solve_spd(state$cov)
  state$average <- average
  judge_average(setup, state)
}

# The noise of a step is seen from one to the next; what the mean of the last half is beyond its
# own noise has not been averaged out yet.
judge_average <- function(setup, state) {
  errors <- state$average$errors
  k <- ncol(errors)
  if (k < if (isTRUE(state$hard)) 5 else 4) {
    return(state)
  }
  variance <- rowMeans((errors[, -1] - errors[, -k])^2) / 2
  late <- errors[, (k %/% 2 + 1):k]
  left <- mean(rowMeans(late)^2 - variance / ncol(late))
  m <- 2 * state$average$pairs
  state$error <- sqrt(mean(variance) * m / state$average$seen + max(0, left))
  state$done <- state$error <= 0.35 * setup$control$tolerance ||
    state$average$seen + m > setup$control$most_draws
  state
}
