# The mean-field family by minibatches, for densities in R. What it takes to find an optimum is
# cheap on some of the rows; what the other rows change is a gradient. One iteration is one step of
# a phase:
#   climb   the mode of a random subsample, whose likelihood counts N / n fold
#   passes  steps over all rows: the gradient at the mean from one pass, its expectation from the
#           difference that draws make on minibatches, the curvature from the subsample and from
#           passes before
#   few     the same from expectations over the subsample, where its mode is no place to start
#
# The expected gradient is written E[g] = g(mean) + E[g - g(mean)]: g(mean) over all rows is a
# control variate, and of the difference, which minibatches estimate, little is left where the
# posterior is near a Gaussian. Log sds move by the averages of half of 1 + sd E[g z] over
# minibatches and draws. Both go on until their own standard errors are small.

start_subsample <- function(target, setup) {
  n <- setup$control$pilot_rows
  if (is.null(n)) n <- max(2000, 20 * target$dim, 4 * setup$batch_size)
  rows <- sort(sample.int(target$rows, min(n, ceiling(target$rows / 2))))
  state <- start_diagonal(subsample_density(target, rows, target$rows / length(rows)), setup)
  # its mode is about dim / 2 * target$rows / n nats from that of all rows
  if (!is.null(state$climb)) state$climb$enough <- 1e-3 * target$dim * target$rows / length(rows)
  state$rows <- rows
  state$error <- Inf
  state$memory <- list(s = list(), y = list())
  state
}

subsample_of <- function(target, state) {
  subsample_density(target, state$rows, target$rows / length(state$rows))
}

step_subsample <- function(target, setup, state, most) {
  state <- switch(state$phase,
    climb = climb_subsample(target, state),
    few = leave_few_subsample(target, step_pairs(subsample_of(target, state), state, 1e-4)),
    passes = step_passes(target, setup, state)
  )
  state$losses <- append_losses(state, state[["loss"]])
  state$iteration <- state$iteration + 1
  state
}

climb_subsample <- function(target, state) {
  sub <- subsample_of(target, state)
  state$climb <- climb(sub, state$climb)
  state$loss <- climb_loss(state)
  if (!state$climb$ended) {
    return(state)
  }
  state <- leave_climb(sub, NULL, state)
  # a top that is believed is left by passes; few draws are for where it is not
  if (state$believed) start_passes(target, state) else state
}

leave_few_subsample <- function(target, state) {
  if (state$left) start_passes(target, state) else state
}

start_passes <- function(target, state) {
  state$phase <- "passes"
  state$round <- 0
  state
}

# One pass over all rows and a step of L-BFGS, which starts from the curvature of the subsample and
# learns what that of all rows is. Steps that do not shrink say that the subsample is too small: it
# doubles.
step_passes <- function(target, setup, state) {
  tolerance <- setup$control$tolerance
  state$round <- state$round + 1
  before <- state$error
  # expectations can wait until the mean is near
  wanted <- max(0.6 * tolerance, 0.3 * min(before, 0.7))
  state <- expect_minibatches(target, setup, state, wanted)
  full <- gradient_at(target, matrix(state$mean))[, 1]
  state <- learn_pass(state, full)
  sub <- subsample_of(target, state)
  curve <- difference_curvature(sub, matrix(state$mean), state$sd, 1e-2)
  slope <- full + state$bend
  step <- lbfgs_direction(slope, state$memory, function(v) {
    state$sd * solve_curvature(curve, state$sd * v, enough = 0.1)
  }) / state$sd
  step <- step * min(1, 20 / max(abs(step)))
  state$mean <- state$mean + state$sd * step
  state$error <- sqrt(mean(step^2))
  state$loss <- state[["loss"]] - 0.5 * sum(state$sd * step * slope)
  state$done <- wanted == 0.6 * tolerance && state$error < 0.5 * tolerance &&
    state$scale_error < 0.8 * tolerance
  stuck <- state$round > 2 && state$error > max(0.5 * before, 4 * wanted)
  if (stuck) double_subsample(target, state) else state
}

# The change of the gradient from pass to pass
learn_pass <- function(state, full) {
  last <- state$pass
  if (!is.null(last)) {
    state$memory <- lbfgs_update(state$memory, state$mean - last$mean, last$full - full, 20)
  }
  state$pass <- list(mean = state$mean, full = full)
  state
}

double_subsample <- function(target, state) {
  n <- min(target$rows, 2 * length(state$rows))
  state$rows <- sort(sample.int(target$rows, n))
  state
}

# E[g - g(mean)] (`bend`) and steps of the log sds, from antithetic pairs, each on rows of its own,
# until their standard errors are below `wanted` (root mean square). What rounds before found at
# nearly the same mean and sds counts as much.
expect_minibatches <- function(target, setup, state, wanted) {
  near <- state$error < 0.1 && isTRUE(state$scale_error < 0.1)
  total <- if (near) state$total else list(bend = no_sums(target$dim), log_sd = no_sums(target$dim))
  most <- total$log_sd$n + most_minibatches
  settled <- FALSE
  repeat {
    total <- add_pairs(total, target, setup, state, with_bend = !settled)
    noise <- sqrt(mean(sums_variance(total$log_sd)))
    # in sds of the posterior, which are larger, its noise is too
    settled <- sqrt(mean(state$sd^2 * sums_variance(total$bend))) < 0.5 * wanted
    if (settled && noise < wanted || total$log_sd$n >= most) break
  }
  state$bend <- total$bend$sum / total$bend$n
  move <- pmin(pmax(total$log_sd$sum / total$log_sd$n, -0.7), 0.7)
  state$sd <- state$sd * exp(move)
  # steps as they would have been from the sds there are now
  total$log_sd <- shift_sums(total$log_sd, -move)
  state$total <- total
  state$scale_error <- sqrt(noise^2 + max(0, mean(move^2) - noise^2))
  state
}

# Sums of vectors and of their squares, and the variance of the mean that they say
no_sums <- function(d) list(n = 0, sum = numeric(d), square = numeric(d))

add_sums <- function(sums, x) {
  list(n = sums$n + 1, sum = sums$sum + x, square = sums$square + x^2)
}

shift_sums <- function(sums, by) {
  square <- sums$square + 2 * by * sums$sum + sums$n * by^2
  list(n = sums$n, sum = sums$sum + sums$n * by, square = square)
}

sums_variance <- function(sums) {
  (sums$square / sums$n - (sums$sum / sums$n)^2) / (sums$n - 1)
}

# Pairs a block
minibatch_pairs <- 16L

add_pairs <- function(total, target, setup, state, n = minibatch_pairs, with_bend = TRUE) {
  z <- stratified_pairs(n, target$dim)
  scale <- target$rows / setup$batch_size
  for (j in seq_len(n)) {
    rows <- minibatch_rows(target$rows, setup$batch_size)
    move <- state$sd * z[, j]
    g <- gradient_at(target, state$mean + cbind(move, -move, if (with_bend) 0), rows, scale)
    if (with_bend) total$bend <- add_sums(total$bend, (g[, 1] + g[, 2]) / 2 - g[, 3])
    # z^2 for 1, its mean over a block, takes away what the density between has in common
    log_sd <- (z[, j]^2 + state$sd * (g[, 1] - g[, 2]) / 2 * z[, j]) / 2
    total$log_sd <- add_sums(total$log_sd, log_sd)
  }
  total
}

# Pairs a round, at most
most_minibatches <- 2048L

subsample_scheme <- list(
  start = start_subsample, step = step_subsample, moments = moments_diagonal,
  draws = function(state) NULL
)
