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
  state$log_sd_count <- 0
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
  wanted <- max(0.5 * tolerance, 0.3 * min(before, 0.7))
  state <- expect_minibatches(target, setup, state, wanted)
  full <- gradient_at(target, matrix(state$mean))[, 1]
  state <- learn_pass(state, full)
  curve <- subsample_curvature(subsample_of(target, state), state$mean, state$sd)
  slope <- full + state$bend
  step <- lbfgs_direction(slope, state$memory, function(v) {
    state$sd * solve_curvature(curve, state$sd * v, enough = 0.1)
  }) / state$sd
  step <- step * min(1, 20 / max(abs(step)))
  state$mean <- state$mean + state$sd * step
  state$error <- sqrt(mean(step^2))
  state$loss <- state[["loss"]] - 0.5 * sum(state$sd * step * slope)
  state$done <- wanted == 0.5 * tolerance && state$error < 0.5 * tolerance &&
    state$scale_error < 0.8 * tolerance
  if (state$round > 2 && state$error > 0.5 * before && !state$done) {
    double_subsample(target, state)
  } else {
    state
  }
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

# v -> A v at the mean, in units of sd
subsample_curvature <- function(sub, mean, sd) {
  here <- gradient_at(sub, matrix(mean))[, 1]
  list(dim = length(mean), times = function(v) {
    size <- 1e-2 / max(abs(v))
    sd * (here - gradient_at(sub, matrix(mean + sd * v * size))[, 1]) / size
  })
}

# E[g - g(mean)] (`bend`) and steps of the log sds, from antithetic pairs, each on rows of its own,
# until their standard errors are below `wanted` (root mean square). Log sds move after every block
# of pairs; all blocks at about the same sds count the same.
expect_minibatches <- function(target, setup, state, wanted) {
  d <- target$dim
  scale <- target$rows / setup$batch_size
  pairs <- 16L
  total <- list(
    n = 0, bend = numeric(d), bend2 = numeric(d), log_sd = numeric(d), log_sd2 = numeric(d)
  )
  repeat {
    z <- stratified_pairs(pairs, d)
    at <- lapply(seq_len(pairs), function(j) {
      rows <- minibatch_rows(target$rows, setup$batch_size)
      move <- state$sd * z[, j]
      g <- gradient_at(target, state$mean + cbind(move, -move, 0), rows, scale)
      list(
        bend = (g[, 1] + g[, 2]) / 2 - g[, 3],
        # z^2 for 1, its mean over a block, takes away what the density between has in common
        log_sd = (z[, j]^2 + state$sd * (g[, 1] - g[, 2]) / 2 * z[, j]) / 2
      )
    })
    bend <- vapply(at, `[[`, numeric(d), "bend")
    log_sd <- vapply(at, `[[`, numeric(d), "log_sd")
    total$n <- total$n + pairs
    total$bend <- total$bend + rowSums(matrix(bend, d))
    total$bend2 <- total$bend2 + rowSums(matrix(bend, d)^2)
    total$log_sd <- total$log_sd + rowSums(matrix(log_sd, d))
    total$log_sd2 <- total$log_sd2 + rowSums(matrix(log_sd, d)^2)
    n <- total$n
    noise <- (total$log_sd2 / n - (total$log_sd / n)^2) / (n - 1)
    blur <- state$sd^2 * (total$bend2 / n - (total$bend / n)^2) / (n - 1)
    if (sqrt(mean(noise)) < wanted && sqrt(mean(blur)) < wanted || n >= most_minibatches) break
  }
  state$bend <- total$bend / n
  move <- total$log_sd / n
  # what earlier rounds found at nearly these sds is worth keeping
  small <- sqrt(max(0, mean(move^2 - noise))) < 0.1
  kept <- if (small) state$log_sd_count else 0
  move <- pmin(pmax(move * n / (n + kept), -0.7), 0.7)
  state$log_sd_count <- kept + n
  state$sd <- state$sd * exp(move)
  state$scale_error <- sqrt(mean(noise) + max(0, mean(move^2 - noise)))
  state
}

# Pairs a round, at most
most_minibatches <- 2048L

subsample_scheme <- list(
  start = start_subsample, step = step_subsample, moments = moments_diagonal,
  draws = function(state) NULL
)
