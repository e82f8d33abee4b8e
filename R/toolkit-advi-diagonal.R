# The mean-field family by default: mean and sds, two vectors, and nothing larger than the draws.
# The ELBO over a fixed set of draws (Giordano, Ingram and Broderick 2024) is maximised by L-BFGS.
# One iteration is one step of a phase:
#   climb   towards the mode (toolkit-advi-climb.R), one evaluation a step
#   few     steps over few draws, from the mode or, where that is no place to start, from the start
#   polish  steps over all draws
#   check   Monte Carlo error from fresh draws, which then join
#   average steps over draws of their own (toolkit-advi-diagonal-average.R), where that error is too
#           large and parameters are few; of many, `polish` again
#
# Draws come in antithetic pairs mean +- sd z; `noise` holds the z of a pair a column.

few_pairs <- 8L

start_diagonal <- function(target, setup) {
  sd <- if (is.null(setup$start_sigma)) rep(0.1, target$dim) else setup$start_sigma
  state <- list(
    iteration = 0, losses = numeric(), done = FALSE, phase = "climb", mean = setup$start,
    sd = sd, climb = start_climb(target, setup$start)
  )
  known <- if (is.null(setup$start_sigma) && identical(setup$start, target$start)) {
    gaussian_start(target, new_progress(FALSE))
  }
  if (is.null(known) && is_finite_at(state$climb$at)) {
    return(state)
  }
  if (!is.null(known)) {
    state$mean <- known$mean
    # conditional sds: those of the optimum, for a target like the start
    state$sd <- 1 / sqrt(diag(solve_spd(crossprod(robust_chol(known$cov, least = 0)))))
  }
  state$climb <- NULL
  state$noise <- stratified_pairs(few_pairs, target$dim)
  enter_diagonal(shrink_diagonal(target, state), "few")
}

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

# Smaller sds until the ELBO is finite.
shrink_diagonal <- function(target, state) {
  for (i in 1:20) {
    at <- diagonal_objective(target, diagonal_unit(state), numeric(2 * target$dim), state$noise)
    if (is_finite_at(at)) {
      return(state)
    }
    state$sd <- state$sd / sqrt(10)
  }
  stop_covary("start", "The ELBO is not finite at the start; give other `start` values.",
    fields = list(arg = "start")
  )
}

step_diagonal <- function(target, setup, state, most) {
  state <- switch(state$phase,
    climb = step_climb(target, setup, state),
    few = leave_pairs(target, setup, step_pairs(target, state, 1e-4)),
    polish = leave_pairs(target, setup, step_pairs(target, state, near_enough[["meanfield"]])),
    check = step_check_diagonal(target, setup, state),
    average = step_average_diagonal(target, setup, state)
  )
  state$losses <- append_losses(state, state[["loss"]])
  state$iteration <- state$iteration + 1
  state
}

# Until the top is reached the loss is that of a Gaussian with the sds of the start.
step_climb <- function(target, setup, state) {
  state$climb <- climb(target, state$climb)
  state$loss <- climb_loss(state)
  if (state$climb$ended) leave_climb(target, setup, state) else state
}

climb_loss <- function(state) {
  state$climb$at$f - sum(log(state$sd)) - 0.5 * length(state$sd) * log(2 * pi)
}

# The better of the top and the start.
leave_climb <- function(target, setup, state) {
  climbed <- state$climb
  state$climb <- NULL
  state$noise <- stratified_pairs(few_pairs, target$dim)
  top <- if (climbed$reached) {
    list(mean = climbed$theta, sd = climb_sds(target, climbed), memory = climbed$memory)
  }
  few <- seq_len(if (is.null(state$rows)) few_pairs else 2)
  state$believed <- is_better_top(
    target, top, state[c("mean", "sd")], state$noise[, few, drop = FALSE]
  )
  if (state$believed) {
    state[c("mean", "sd")] <- top[c("mean", "sd")]
    return(enter_diagonal(state, "few", top$memory))
  }
  enter_diagonal(shrink_diagonal(target, state), "few")
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
  state$calm <- state$slow <- FALSE
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

# Squared distance, in sds, at which steps over fixed draws end. Where the ELBO is flat along a
# valley, they promise little long before they are near.
near_enough <- c(meanfield = 1e-6, fullrank = 2.5e-7)

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
  moved <- if (isTRUE(sum(promised) > least) && !(close && isTRUE(state$calm))) {
    line_search(objective, state$par, direction, at, -sum(promised))
  }
  state$loss <- at$f
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
  state
}

leave_pairs <- function(target, setup, state) {
  if (!state$left) {
    return(state)
  }
  if (state$phase == "polish") {
    return(enter_diagonal(state, "check"))
  }
  state$noise <- stratified_pairs(first_pairs(setup), target$dim)
  # what few draws say of many coordinates is noise
  if (target$dim > 4 * few_pairs) state["bfgs"] <- list(state$seed)
  state <- enter_diagonal(state, "polish")
  state$value <- diagonal_objective(target, state$unit, state$par, state$noise)
  # draws that lie outside the support
  if (is_finite_at(state$value)) state else enter_diagonal(shrink_diagonal(target, state), "polish")
}

# Half of the draws that the full-rank family would take, as long as they are few.
first_pairs <- function(setup) {
  m <- setup$control$fixed_draws
  if (is.null(m)) m <- min(max(64, 4 * setup$family$dim + 12), 256)
  as.integer(ceiling(m / 2))
}

# Shares of the tolerance: the error before fresh draws join, of which they take away a third. The
# full-rank family knows where curvature changes much (`hard`), and does not join there.
join_within <- c(meanfield = 0.6, lowrank = 0.6, fullrank = 0.75)

# As many fresh draws as there are: what they would change is the Monte Carlo error. Of that, as
# much is changed as is not their own noise.
step_check_diagonal <- function(target, setup, state) {
  n <- ncol(state$noise)
  fresh <- replicate_noise(n, target$dim)
  enough <- join_within[["meanfield"]] * setup$control$tolerance
  error <- diagonal_error(target, state$mean, state$sd, fresh, enough, values = FALSE)
  before <- if (is.null(state$error)) Inf else state$error
  state$error <- error$rms
  # Inf: the family reaches beyond the support, and more draws would say so
  state$done <- is_last_check(setup, error$rms, before, 2 * n)
  state$noise <- cbind(state$noise, do.call(cbind, fresh))
  if (!state$done && !is_averaged(state, before)) {
    return(enter_diagonal(state, "polish"))
  }
  if (error$rms < 0.1) {
    state$mean <- state$mean + error$share[["mean"]] * state$sd * error$step
    state$sd <- state$sd * exp(error$share[["scale"]] * error$scale)
  }
  if (state$done) state else start_average_diagonal(target, state)
}

# Enough draws, or as many as there may be, of which m are used; a large error that twice the draws
# do not mend is not of Monte Carlo, and no more of them would.
is_last_check <- function(setup, error, before, m) {
  control <- setup$control
  enough <- join_within[[setup$family$name]] * control$tolerance
  error <= enough || 2 * m > control$most_draws || !is.finite(error) ||
    (error > 0.2 && is.finite(before) && error > 0.75 * before)
}

moments_diagonal <- function(setup, state) {
  list(mean = state$mean, sd = state$sd, parameters = c(state$mean, inverse_softplus(state$sd)))
}

diagonal_scheme <- list(
  start = start_diagonal, step = step_diagonal, moments = moments_diagonal,
  draws = function(state) 2L * ncol(state$noise)
)
