# Mean-field steps over a fixed set of antithetic pairs of draws, mean +- sd z, by L-BFGS, in units
# of the Gaussian that a phase begins with: par = (shift of the mean, log of sds).

# Pairs on the way
few_pairs <- 8L

# ELBO over pairs, with its gradient by mean and log sd; `noise`: what other draws would change in
# the log sds, as a square in units of their curvature, 2. `values = FALSE`: the value may be NULL
# (look_at()). Draws are taken in blocks, for memory.
pairs_elbo <- function(target, mean, sd, noise, values) {
  d <- length(mean)
  n <- ncol(noise)
  block <- max(1, floor(1e6 / d))
  value <- 0
  by_mean <- by_scale <- square <- numeric(d)
  for (first in seq(1, n, block)) {
    z <- noise[, seq(first, min(n, first + block - 1)), drop = FALSE]
    moves <- sd * z
    k <- ncol(z)
    at <- look_at(target, cbind(mean + moves, mean - moves), values)
    up <- at$gradient[, seq_len(k), drop = FALSE]
    down <- at$gradient[, k + seq_len(k), drop = FALSE]
    value <- if (!is.null(at$value)) value + sum(at$value)
    by_mean <- by_mean + rowSums(up) + rowSums(down)
    each <- (up - down) * z
    by_scale <- by_scale + rowSums(each)
    square <- square + rowSums(each^2)
  }
  by_scale <- by_scale / (2 * n)
  list(
    value = if (!is.null(value)) value / (2 * n) + sum(log(sd)) + 0.5 * d * (1 + log(2 * pi)),
    mean = by_mean / (2 * n), log_sd = 1 + sd * by_scale,
    noise = sum(sd^2 * (square / (4 * n) - by_scale^2)) / (2 * n)
  )
}

# Steps are taken in units of the Gaussian that a phase begins with. `memory`: what L-BFGS knows of
# the density alone.
enter_diagonal <- function(state, phase, memory = NULL) {
  state$phase <- phase
  unit <- diagonal_unit(state)
  flat <- numeric(length(unit$mean))
  state$bfgs <- if (is.null(memory)) {
    rescale_memory(state$bfgs, state$unit, unit)
  } else {
    list(
      s = lapply(memory$s, function(s) c(s / unit$sd, flat)),
      y = lapply(memory$y, function(y) c(y * unit$sd, flat))
    )
  }
  state$seed <- if (phase == "few") {
    state$bfgs
  } else {
    rescale_memory(state$seed, state$unit, unit)
  }
  state$unit <- unit
  state$par <- numeric(2 * length(unit$mean))
  state$value <- NULL
  state$calm <- state$slow <- state$probed <- FALSE
  state
}

diagonal_unit <- function(state) state[c("mean", "sd")]

rescale_memory <- function(memory, old, new) {
  if (is.null(memory)) {
    return(list(s = list(), y = list()))
  }
  by <- c(old$sd / new$sd, rep(1, length(old$sd)))
  list(
    s = lapply(memory$s, function(s) s * by), y = lapply(memory$y, function(y) y / by)
  )
}

# par: (shift of the mean in units, log of sds in units)
diagonal_at <- function(unit, par) {
  own <- seq_along(unit$mean)
  list(mean = unit$mean + unit$sd * par[own], sd = unit$sd * exp(par[-own]))
}

diagonal_objective <- function(target, unit, par, noise, values = TRUE) {
  at <- diagonal_at(unit, par)
  out <- pairs_elbo(target, at$mean, at$sd, noise, values)
  list(
    f = if (!is.null(out$value)) -out$value, g = -c(unit$sd * out$mean, out$log_sd),
    noise = out$noise
  )
}

# Few draws are only for the way: two steps in a row that gain less end it.
few_gain <- 0.01

# Gains that are not worth a step, as a share of what other draws would change. Few draws are only
# for the way.
blur_share <- c(few = 0.5, polish = 0.05)

# A step of L-BFGS. The phase ends when what is left is small; its square, in sds, is about what a
# step promises. Log sds of more coordinates than pairs need not be nearer to the optimum over these
# draws than that is to the optimum.
step_pairs <- function(target, state, enough) {
  values <- TRUE
  objective <- function(par) diagonal_objective(target, state$unit, par, state$noise, values)
  if (is.null(state$value)) state$value <- objective(state$par)
  at <- state$value
  d <- target$dim
  own <- seq_len(d)
  direction <- -lbfgs_direction(at$g, state$bfgs, function(g) {
    # curvature by means is 1, by log sds 2 sd^2 E[-Hessian] = 2 (1 + gradient)
    c(g[own], g[-own] / (2 * pmin(pmax(1 + at$g[-own], 0.5), 5)))
  })
  direction <- direction * min(1, 2 / max(abs(direction)))
  promised <- -direction * at$g
  small <- enough * min(2 * d, 2000)
  blurred <- max(small, if (d > ncol(state$noise)) blur_share[[state$phase]] * at$noise)
  close <- sum(promised[own]) < small && sum(promised[-own]) < blurred
  values <- state$phase == "few" || !is_short(sum(promised), state$par)
  if (values && isTRUE(at$guessed)) at <- objective(state$par)
  least <- if (state$phase == "few") few_gain else 0.1 * small
  goes_on <- isTRUE(sum(promised) > least) && !(close && isTRUE(state$calm))
  state$loss <- at$f
  if (!goes_on && is_unprobed(target, state)) {
    return(probe_pairs(target, state))
  }
  moved <- if (goes_on) line_search(objective, state$par, direction, at, -sum(promised))
  state$left <- is.null(moved)
  if (state$left) {
    return(state)
  }
  state$bfgs <- lbfgs_update(state$bfgs, moved$par - state$par, moved$at$g - at$g, 20)
  state[c("par", "value")] <- list(moved$par, moved$at)
  state[c("mean", "sd")] <- diagonal_at(state$unit, state$par)
  state$loss <- moved$at$f
  gain <- at$f - moved$at$f
  state$left <- state$phase == "few" && gain < few_gain && isTRUE(state$slow)
  state$slow <- gain < few_gain
  state$calm <- close && gain < blurred
  if (gain > small) state$probed <- FALSE
  state
}

is_unprobed <- function(target, state) {
  state$phase == "polish" && !state$probed && !is_small(target) && sees_valleys(target)
}

probe_pairs <- function(target, state) {
  z <- state$noise[, seq_len(min(valley_pairs, ncol(state$noise))), drop = FALSE]
  unit <- diagonal_at(state$unit, state$par)
  gradient <- function(v) diagonal_objective(target, unit, v, z, FALSE)$g
  flat <- flat_directions(gradient, 2 * target$dim, gradient(numeric(2 * target$dim)))
  # in the units of the phase
  by <- c(unit$sd / state$unit$sd, rep(1, target$dim))
  state$bfgs <- remember_flat(state$bfgs, list(s = flat$s * by, y = flat$y / by))
  state$probed <- TRUE
  state$calm <- FALSE
  state
}
