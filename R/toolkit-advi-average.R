# The end of a full-rank fit by steps over draws of their own, in the coordinates of
# toolkit-advi-frame.R: gradients of the ELBO over fresh draws, taken to where they lead by what
# L-BFGS has learned of its curvature, in sizes that make the iterate an average over all draws so
# far. A step takes one evaluation a draw.

# Pairs of draws a step
average_pairs <- function(d) min(16L * d, 32L)

# Longest move of a number in one step
most_move <- 0.5

start_average <- function(setup, state) {
  state <- if (length(state$bfgs$s) > 0) recentre_frame(state) else enter_frame(state)
  state$phase <- "average"
  n <- max(average_pairs(setup$family$dim), setup$family$dim)
  state$average <- list(
    pairs = n, seen = min(n, ncol(state$noise)), errors = matrix(0, 2 * setup$family$dim, 0)
  )
  state
}

step_average <- function(target, setup, state) {
  d <- setup$family$dim
  average <- state$average
  z <- paired(stratified_pairs(average$pairs, d))
  g <- frame_objective(target, state, state$par, FALSE, z)$g
  if (!all(is.finite(g))) {
    state$done <- TRUE
    return(state)
  }
  move <- -frame_direction(state, g)
  lower <- frame_at(state$par, d)$lower
  m <- ncol(z)
  average$seen <- average$seen + m
  # errors of means and log sds, in sds
  average$errors <- cbind(
    average$errors, c(forwardsolve(lower, move[seq_len(d)]), move[d + seq_len(d)])
  )
  size <- m / average$seen
  state$par <- state$par + move * min(size, most_move / max(abs(move)))
  state[c("mean", "cov")] <- frame_moments(state)
  state$precision <- solve_spd(state$cov)
  state$average <- average
  judge_average(setup, state)
}

# The noise of a step is seen from one to the next; what the mean of the last half is beyond its
# own noise has not been averaged out yet.
judge_average <- function(setup, state) {
  errors <- state$average$errors
  k <- ncol(errors)
  if (k < 4) {
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
