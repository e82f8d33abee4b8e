# Minibatches by default: averaged natural-gradient steps (advi_natural.c), from a fit to a
# subsample. Averages run over the last half, or more, of the iterations: at iterations 200, 400,
# 800, ... a new window begins, and the answer is the mean over the present and the last window. At
# these points the certificate decides whether to go on.

start_natural <- function(target, setup) {
  d <- target$dim
  at <- pilot_fit(target, setup)
  diagonal <- setup$family$name == "meanfield"
  chol_cov <- if (diagonal) diag(sqrt(diag(at$cov)), d) else chol(at$cov)
  precision <- if (diagonal) crossprod(robust_chol(-at$at$hessian)) else at$precision
  list(
    iteration = 0, losses = numeric(), done = FALSE, mean = at$mean, chol_cov = chol_cov,
    metric = solve_spd(precision), precision = precision,
    queue = NULL, origin = at$mean, mean_sum = numeric(d),
    scale_sum = numeric(if (diagonal) d else d * d), count = 0, before = NULL,
    boundary = 200, bad = 0
  )
}

# Low-rank: iterations are those of the full-rank family, and the answer is the nearest member of
# the low-rank one. Where the curvature hardly changes over the posterior, that is its optimum; the
# certificate says how nearly.
natural_family <- function(family) {
  if (family$name == "lowrank") {
    new_variational_family("fullrank", family$dim)
  } else {
    family
  }
}

# The family fitted to a random subsample whose likelihood counts N / n fold.
pilot_fit <- function(target, setup) {
  n <- setup$control$pilot_rows
  if (is.null(n)) n <- max(5000, 20 * target$dim)
  n <- min(n, ceiling(target$rows / 2))
  rows <- sort(sample.int(target$rows, n))
  sub <- subsample_density(target, rows, target$rows / n)
  pilot <- setup
  pilot$family <- natural_family(setup$family)
  pilot$control$tolerance <- 0.2
  state <- start_fixed(sub, pilot)
  # the natural-gradient phase is enough for a start; minibatches do the rest
  for (i in 1:(if (has_smooths(target)) 10 else if (state$exact) 60 else 2000)) {
    if (state$done || !state$phase %in% c("climb", "few", "newton")) break
    state <- step_fixed(sub, pilot, state, 1)
  }
  if (!has_smooths(target)) {
    return(state)
  }
  to <- refit_family(sub, pilot$family, state$mean, chol(state$cov), state$at)
  state$mean <- to$mean
  state$cov <- crossprod(to$chol_cov)
  state$precision <- solve_spd(state$cov)
  state$at <- density_expect(sub, state$mean, state$cov)
  state
}

# Step sizes. Without snapshot a minibatch gradient has variance N / batch in posterior units; with
# snapshot little is left. The scale of the full-rank family is a product of noisy factors, stable
# only if rate * dim * variance stays well below one.
natural_settings <- function(target, setup, state) {
  scale <- target$rows / setup$batch_size
  noise <- 1 + if (has_snapshots(target)) min(scale, 4) else scale
  width <- if (setup$family$name == "meanfield") 1 else target$dim
  rate <- min(0.05, 0.2 / sqrt(noise))
  list(
    family = natural_family(setup$family), batch_size = setup$batch_size,
    batch_scale = scale, rate = rate,
    scale_rate = min(rate, 0.5 / (width * noise)), offset = 200, power = 0.6, most = 0.5,
    metric = state$metric, precision = state$precision
  )
}

step_natural <- function(target, setup, state, most) {
  state["answer"] <- list(NULL)
  width <- target$dim
  # Taken anew when a saved fit goes on, for it is as large as the data.
  if (is.null(state$snapshot)) {
    state$snapshot <- take_snapshot(target, state$origin)
    if (!is.null(state$snapshot)) count_reads(target, 2, NULL)
  }
  target <- with_snapshot(target, state$snapshot)
  if (is.null(state$queue) || state$queue$used == iterations_per_call) {
    state$queue <- draw_queue(setup, target, width)
  }
  k <- as.integer(min(most, iterations_per_call - state$queue$used))
  part <- take_queue(state$queue, k, width, setup$batch_size)
  count_reads(target, 2 * k, part$rows[seq_len(setup$batch_size)])
  out <- guard_target(.Call(
    C_natural, target, natural_settings(target, setup, state),
    state$iteration + 1, k, part$noise, part$rows,
    c(state[c("mean", "mean_sum", "scale_sum")], list(chol_cov = t(state$chol_cov)))
  ))
  state$bad <- state$bad + out$bad
  check_bad(target, setup, state, state$iteration + k)
  state$losses <- append_losses(state, out$loss)
  for (n in c("mean", "mean_sum", "scale_sum")) state[[n]] <- out[[n]]
  state$chol_cov <- t(matrix(out$chol_cov, width))
  state$count <- state$count + k - out$bad
  state$iteration <- state$iteration + k
  state$queue$used <- state$queue$used + k
  if (state$iteration == state$boundary) next_window(target, setup, state) else state
}

next_window <- function(target, setup, state) {
  state$origin <- average_natural(setup, state)$mean
  state$snapshot <- NULL
  state$before <- state[c("mean_sum", "scale_sum", "count")]
  state$mean_sum[] <- 0
  state$scale_sum[] <- 0
  state$count <- 0
  state$boundary <- 2 * state$boundary
  if (state$iteration >= 1600) judge_window(target, setup, state) else state
}

# The verdict on the average of two windows, in up to four passes over all rows:
#   1. The error of the average. Within tolerance: done, the average is the answer.
#   2. Else, where expectations have a closed form, the optimum of the family as seen from the
#   average
#      (toolkit-advi-optimum.R) takes its place and is judged the same way;
#   3. so does the optimum as seen from that one, and once more.
#   4. If none is within tolerance, iterations go on from the last, and the averages start anew.
judge_window <- function(target, setup, state) {
  at <- moments_natural(setup, state)
  for (pass in 1:4) {
    error <- member_error(target, setup$family, dense_moments(at), state$precision)
    state$done <- error$rms <= 0.8 * setup$control$tolerance
    if (state$done || !has_expectations(target) || !is.finite(error$rms) || pass == 4) break
    at <- if (is.null(error$to)) newton_member(setup$family, at$mean, error$at) else error$to
    state$answer <- at
  }
  if (!state$done && !is.null(state$answer)) {
    state[c("origin", "mean")] <- at[c("mean", "mean")]
    if (setup$family$name != "lowrank") state$chol_cov <- at$chol_cov
    state["before"] <- list(NULL)
  }
  state
}

average_natural <- function(setup, state) {
  d <- setup$family$dim
  n <- state$count + if (is.null(state$before)) 0 else state$before$count
  if (n == 0) {
    return(list(mean = state$mean, chol_cov = state$chol_cov))
  }
  mean <- (state$mean_sum + if (is.null(state$before)) 0 else state$before$mean_sum) / n
  scale <- (state$scale_sum + if (is.null(state$before)) 0 else state$before$scale_sum) / n
  list(mean = mean, chol_cov = if (setup$family$name == "meanfield") {
    diag(exp(scale), d)
  } else {
    t(matrix(scale, d))
  })
}

moments_natural <- function(setup, state) {
  at <- if (is.null(state$answer)) average_natural(setup, state) else state$answer
  parameters <- c(at$mean, lower_triangle(t(at$chol_cov)))
  if (setup$family$name == "meanfield") {
    at <- list(mean = at$mean, sd = diag(at$chol_cov))
  } else if (setup$family$name == "lowrank") {
    if (is.null(at$low)) {
      sd <- sqrt(colSums(at$chol_cov^2))
      at$low <- low_rank_nearest(chol2inv(at$chol_cov), sd, setup$family$rank)
    }
    at <- list(mean = at$mean, factors = sound_factors(at$low))
  }
  c(at[c("mean", intersect(names(at), spread_fields))], list(parameters = parameters))
}

natural_scheme <- list(
  start = start_natural, step = step_natural, moments = moments_natural,
  draws = function(state) NULL
)
