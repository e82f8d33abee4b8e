# The end of a mean-field fit of few parameters by steps over draws of their own, as
# toolkit-advi-average.R has it for the full-rank family: each takes one gradient a draw, where
# L-BFGS over as many fixed draws takes two evaluations a draw at each of its steps.
#
# With A = sd E[-H] sd and g at mean +- sd z, a step of size a moves the mean by a sd A^-1 sd E[g]
# and log sds by a (1 + sd E[g z]) / 2. Errors are counted in sds of the posterior, of which those
# of the family are a part.

# A d x d matrix takes 2 d gradients or more: of so many parameters fewer than the draws of a few
# steps.
most_averaged <- 50L

average_pairs <- 32L

# Where steps over the draws so far have not come near, averages would not either
is_averaged <- function(state, before) {
  length(state$mean) <= most_averaged && state$error <= min(0.3, 1.5 * before)
}

start_average_diagonal <- function(target, state) {
  d <- target$dim
  state$phase <- "average"
  seen <- sample.int(ncol(state$noise), curvature_pairs(d))
  moves <- state$sd * state$noise[, seen, drop = FALSE]
  near <- difference_curvature(
    target, cbind(state$mean + moves, state$mean - moves), state$sd, 1e-3
  )
  inverse <- inverse_curvature(near)
  state$average <- list(
    pairs = average_pairs, seen = 2 * ncol(state$noise), errors = matrix(0, 2 * d, 0),
    inverse = inverse, unit = sqrt(pmax(1, diag(inverse)))
  )
  state
}

step_average_diagonal <- function(target, setup, state) {
  average <- state$average
  z <- stratified_pairs(average$pairs, target$dim)
  seen <- look_along(target, state$mean, state$sd, z, FALSE)
  shift <- as.vector(average$inverse %*% seen$mean)
  scale <- seen$log_sd / 2
  if (!all(is.finite(c(shift, scale)))) {
    state$done <- TRUE
    return(state)
  }
  m <- 2 * average$pairs
  average$seen <- average$seen + m
  size <- m / average$seen
  average$errors <- cbind(average$errors, c(shift / average$unit, scale))
  state$mean <- state$mean + size * state$sd * shift
  state$sd <- state$sd * exp(pmin(pmax(size * scale, -0.5), 0.5))
  state$average <- average
  judge_average(setup, state)
}
