# The end of a mean-field fit of few parameters by steps over draws of their own, as
# toolkit-advi-average.R has it for the full-rank family.
#
# Where a gradient leads is what L-BFGS has learned of the ELBO, which starts from A^-1 for means, A
# = sd E[-H] sd, and from 1/2 for log sds. Errors are counted in sds of the posterior, of which
# those of the family are a part.

# A d x d matrix takes 2 d gradients or more: of so many parameters fewer than the draws of a few
# steps.
most_averaged <- 50L

# Where steps over the draws so far have not come near, averages would not either
is_averaged <- function(state, before) {
  length(state$mean) <= most_averaged && state$error <= min(0.3, 1.5 * before)
}

start_average_diagonal <- function(target, state) {
  d <- target$dim
  state <- enter_diagonal(state, "average")
  seen <- sample.int(ncol(state$noise), curvature_pairs(d))
  moves <- state$sd * state$noise[, seen, drop = FALSE]
  near <- difference_curvature(
    target, cbind(state$mean + moves, state$mean - moves), state$sd, 1e-3
  )
  inverse <- inverse_curvature(near)
  state$average <- list(
    pairs = average_pairs(d), seen = 2 * ncol(state$noise), errors = matrix(0, 2 * d, 0),
    inverse = inverse, unit = sqrt(pmax(1, diag(inverse)))
  )
  state
}

step_average_diagonal <- function(target, setup, state) {
  average <- state$average
  own <- seq_along(state$mean)
  z <- stratified_pairs(average$pairs, target$dim)
  g <- diagonal_objective(target, state$unit, state$par, z, FALSE)$g
  if (!all(is.finite(g))) {
    state$done <- TRUE
    return(state)
  }
  move <- -lbfgs_direction(g, state$bfgs, function(g) c(average$inverse %*% g[own], g[-own] / 2))
  m <- 2 * average$pairs
  average$seen <- average$seen + m
  average$errors <- cbind(average$errors, move / c(average$unit, rep(1, target$dim)))
  size <- m / average$seen
  state$par <- state$par + move * min(size, most_move / max(abs(move)))
  state[c("mean", "sd")] <- diagonal_at(state$unit, state$par)
  state$average <- average
  judge_average(setup, state)
}
