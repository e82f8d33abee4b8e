# The low-rank family for targets without closed forms: covariance S^2 + B B' with S diagonal and B
# of d x r. Nothing is larger than the draws, d + r numbers each. One iteration is one step of a
# phase:
#   climb   towards the mode (toolkit-advi-climb.R), one evaluation a step
#   few     where the mode is no place to start: the mean-field family over few draws; then factors
#           from the directions of least curvature
#   polish  L-BFGS on mean, log s and B over all draws
#   check   Monte Carlo error from fresh draws; too large: those join, and `polish` again
#
# The z of antithetic pairs are columns of `noise`, those of S in the first d rows. The rows of B
# are orthogonal to all others, so that the gradient by B of a quadratic has no noise.

start_factors <- function(target, setup) start_diagonal(target, setup)

step_factors <- function(target, setup, state, most) {
  state <- switch(state$phase,
    climb = step_climb(target, setup, state),
    few = step_few_factors(target, setup, state),
    polish = step_polish_factors(target, setup, state),
    check = step_check_factors(target, setup, state)
  )
  state$losses <- append_losses(state, state[["loss"]])
  state$iteration <- state$iteration + 1
  state
}

step_few_factors <- function(target, setup, state) {
  if (!isTRUE(state$believed)) {
    state <- step_pairs(target, state, 1e-4)
    if (!state$left) {
      return(state)
    }
  }
  theta <- if (isTRUE(state$believed)) {
    matrix(state$mean)
  } else {
    state$mean + state$sd * paired(state$noise[, 1:2, drop = FALSE])
  }
  state$noise <- factor_noise(factor_pairs(setup), setup$family)
  state[c("s", "b")] <- find_factors(target, theta, state$sd, setup$family$rank)
  state["bfgs"] <- list(NULL)
  enter_polish_factors(target, setup, shrink_factors(target, state))
}

# As many pairs as the mean-field family takes, and enough for the directions of B
factor_pairs <- function(setup) max(first_pairs(setup), 2L * setup$family$rank)

factor_noise <- function(n, family) {
  n <- max(n, family$rank + 8L)
  b <- stratified_pairs(n, family$rank)
  rbind(stratified_pairs(n, family$dim, beside = t(b) / sqrt(n)), b)
}

# list(s, b): about the member that is nearest to a Gaussian with the curvature -H at theta,
# averaged over its columns. With the conditional sds C and the eigenvectors U of C (-H) C whose
# eigenvalues l are least, B = C U sqrt(1 / l - 1), and s^2 is what is left.
find_factors <- function(target, theta, sd, rank) {
  low <- least_eigen(difference_curvature(target, theta, sd, 0.1), rank)
  l <- pmin(pmax(low$values, 1e-4), 0.99)
  own <- pmax(1 - as.vector(low$vectors^2 %*% (1 - l)), 0.05)
  list(s = sd * sqrt(own), b = sd * low$vectors * rep(sqrt(1 / l - 1), each = length(sd)))
}

# Smaller scales until the ELBO and its gradient are finite.
shrink_factors <- function(target, state) {
  for (i in 1:20) {
    at <- factors_elbo(target, state, state$noise)
    if (all(vapply(at, function(v) all(is.finite(v)), TRUE))) {
      return(state)
    }
    state$s <- state$s / sqrt(10)
    state$b <- state$b / sqrt(10)
  }
  stop_covary("start", "The ELBO is not finite at the start; give other `start` values.",
    fields = list(arg = "start")
  )
}

# Steps are taken in units of the sds that a phase begins with.
enter_polish_factors <- function(target, setup, state) {
  state$phase <- "polish"
  unit <- list(mean = state$mean, sd = sqrt(state$s^2 + rowSums(state$b^2)))
  d <- length(unit$mean)
  if (is.null(state$bfgs)) {
    state$bfgs <- list(s = list(), y = list())
  } else {
    by <- c(state$unit$sd / unit$sd, rep(1, d), rep(state$unit$sd / unit$sd, ncol(state$b)))
    state$bfgs <- list(
      s = lapply(state$bfgs$s, function(s) s * by), y = lapply(state$bfgs$y, function(y) y / by)
    )
  }
  state$unit <- unit
  state$par <- c(numeric(d), log(state$s / unit$sd), state$b / unit$sd)
  state$calm <- FALSE
  state$value <- NULL
  state
}

step_polish_factors <- function(target, setup, state) {
  objective <- function(par) factors_objective(target, state$unit, par, state$noise)
  if (is.null(state$value)) {
    state$value <- objective(state$par)
    if (!is_finite_at(state$value)) {
      return(enter_polish_factors(target, setup, shrink_factors(target, state)))
    }
  }
  at <- state$value
  direction <- -lbfgs_direction(at$g, state$bfgs, factors_metric(state$unit, state$par))
  direction <- direction * min(1, 2 / max(abs(direction)))
  slope <- sum(direction * at$g)
  small <- 1e-6 * min(length(state$par), 2000)
  close <- -slope < small
  moved <- if (!(close && state$calm)) {
    line_search(objective, state$par, direction, at, slope)
  }
  state$loss <- at$f
  if (is.null(moved)) {
    state$phase <- "check"
    return(state)
  }
  most <- factors_memory(length(state$par))
  state$bfgs <- lbfgs_update(state$bfgs, moved$par - state$par, moved$at$g - at$g, most)
  state[c("par", "value", "loss")] <- list(moved$par, moved$at, moved$at$f)
  state[c("mean", "s", "b")] <- factors_at(state$unit, state$par)
  state$calm <- close && at$f - moved$at$f < small
  state
}

# Pairs of steps and gradients that L-BFGS keeps, of n numbers each: 20, or 160 MB
factors_memory <- function(n) max(3, min(20, floor(1e7 / n)))

step_check_factors <- function(target, setup, state) {
  better <- if (is.null(state$sought)) seek_factors(target, setup, state)
  if (!is.null(better)) {
    return(better)
  }
  state$sought <- TRUE
  n <- ncol(state$noise)
  fresh <- lapply(seq_len(replicates), function(i) factor_noise(n %/% replicates, setup$family))
  error <- factors_error(target, state, fresh)
  before <- if (is.null(state$error)) Inf else state$error
  state$error <- error$rms
  state$done <- is_last_check(setup, error$rms, before, 2 * n)
  if (state$done) {
    return(state)
  }
  state$noise <- cbind(state$noise, do.call(cbind, fresh))
  enter_polish_factors(target, setup, state)
}

# A direction that B lacks has no gradient: factors are sought anew from the curvature at the
# answer, and taken where the ELBO is larger. The state, or NULL.
seek_factors <- function(target, setup, state) {
  z <- state$noise[, 1]
  move <- as.vector(factor_moves(state, matrix(z)))
  sd <- state$s / sqrt(1 - factors_share(state))
  new <- state
  new[c("s", "b")] <- find_factors(
    target, cbind(state$mean + move, state$mean - move), sd, setup$family$rank
  )
  gain <- factors_elbo(target, new, new$noise)$value + state$value$f
  if (!isTRUE(gain > 0.01)) {
    return()
  }
  new["bfgs"] <- list(NULL)
  new$sought <- TRUE
  enter_polish_factors(target, setup, new)
}

moments_factors <- function(setup, state) {
  if (is.null(state$b)) {
    at <- moments_diagonal(setup, state)
    factors <- list(s = at$sd, b = matrix(0, setup$family$dim, setup$family$rank))
  } else {
    factors <- list(s = state$s, b = state$b)
  }
  list(
    mean = state$mean, factors = factors,
    parameters = c(state$mean, inverse_softplus(factors$s), factors$b)
  )
}

factors_scheme <- list(
  start = start_factors, step = step_factors, moments = moments_factors,
  draws = function(state) 2L * ncol(state$noise)
)
