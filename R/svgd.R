# SVGD: particles moved by svgd.c, in chunks.

#' Stein variational gradient descent
#'
#' Moves particles along the Stein direction with an RBF kernel whose width is the median heuristic.
#' By default the particles start wide and the run is annealed: the temperature falls from `heat` to
#' `temperature` over the first half, so that particles find all modes. The Stein force says nearly nothing
#' about how much mass each of several distant modes has; with up to three free numbers, particles are therefore
#' redistributed three times in the second half (`rebalance`): by the density of the target times the volume that each
#' particle stands for (from its nearest neighbours), a step of birth and death (Lu, Lu and Nolen 2019).
#'
#' @inheritParams advi
#' @param particles Number of particles.
#' @param iterations Number of steps.
#' @param temperature Final temperature of the target: `log p / temperature`.
#' @param rebalance Redistribute particles between modes; default: with up to three free numbers and
#'   unless the temperature is changed by the user.
#' @param heat Temperature at the start, at least `temperature`.
#' @param jitter Standard deviation of the starting particles around the start; default: 1.
#' @param bandwidth Fixed `h` of the kernel `exp(-d^2 / (2 h))`; `NULL`: median heuristic.
#' @param optimizer One of the [optimizers]; default [adam()] with a rate that falls during the run.
#' @return A `covary_approximation` whose draws are the particles.
#' @references Liu and Wang (2016) <arXiv:1608.04471>; D'Angelo and Fortuin (2021) <arXiv:2101.09815> for annealing;
#'   Lu, Lu and Nolen (2019) <arXiv:1905.09863>.
#' @examples
#' fit <- svgd(normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1)), iterations = 500)
#' mean(as.matrix(fit) < 0.1)
#' @export
svgd <- function(target, particles = 100, iterations = 2000, temperature = 1, heat = NULL, jitter = 1, bandwidth = NULL,
                 optimizer = NULL, batch_size = NULL, start = NULL, rebalance = NULL, callbacks = list(), refresh = NULL) {
  target <- check_density(target)
  particles <- check_count(particles, "particles", 2)
  iterations <- check_count(iterations, "iterations")
  positive(temperature, "temperature")
  heat <- if (is.null(heat)) max(20, temperature) else check_number(heat, "heat", temperature)
  check_number(jitter, "jitter", 0, Inf, open = TRUE)
  if (!is.null(bandwidth)) positive(bandwidth, "bandwidth")
  if (!is.null(optimizer)) check_class(optimizer, "covary_optimizer", "optimizer", "adam(), adagrad_window() ...")
  batch_size <- check_batch(batch_size, target)
  rebalance <- if (is.null(rebalance)) target$dim <= 3 && particles >= 20 else check_flag(rebalance, "rebalance")
  centre <- read_start(start, target)
  approx <- new_approximation(target, "svgd", "particles")
  approx$setup <- list(particles = particles, temperature = temperature, heat = heat, bandwidth = if (is.null(bandwidth)) 0 else bandwidth,
    optimizer = optimizer, batch_size = batch_size, planned = iterations,
    rebalance = if (rebalance) 10 * ceiling(iterations * c(0.5, 0.6, 0.7) / 10))
  approx$callbacks <- as_callbacks(callbacks)
  x <- matrix(stats::rnorm(particles * target$dim, centre, jitter), target$dim)
  rule <- if (is.null(optimizer)) adam() else optimizer
  approx$state <- list(iteration = 0, losses = numeric(), x = x, memory = numeric(length(x) * optimizer_slots(rule)), queue = NULL)
  run_svgd(approx, iterations, refresh)
}

# Temperature at iteration i of a planned run; later iterations stay at the last one.
svgd_temperature <- function(setup, i) {
  share <- pmin(2 * (i - 1) / setup$planned, 1)
  setup$temperature * (setup$heat / setup$temperature)^(1 - share)
}

# The default rate falls in the second half, so that particles come to rest.
svgd_rate <- function(setup, i) 0.05 * 0.01^(max(2 * i / setup$planned - 1, 0) * (i <= setup$planned) + (i > setup$planned))

run_svgd <- function(approx, iterations, refresh) {
  run_blocks(approx, iterations, refresh, "moving particles", step = function(approx, most) step_svgd(approx$target, approx$setup, approx$state, most),
    view = svgd_view, finish = finish_svgd)
}

svgd_view <- function(approx) {
  approx$draws <- t(approx$state$x)
  approx$parameters <- as.vector(approx$state$x)
  approx$history <- approx$state$losses[seq_len(approx$state$iteration)]
  approx
}

# Steps of ten iterations share a learning rate; pieces never cross a chunk of rows.
step_svgd <- function(target, setup, state, most) {
  if (is.null(state$queue) || state$queue$used == chunk) {
    rows <- if (setup$batch_size > 0) sample.int(target$rows, setup$batch_size * chunk, replace = TRUE)
    state$queue <- list(rows = rows, used = 0L)
  }
  i <- state$iteration
  k <- min(most, chunk - state$queue$used, 10 - i %% 10)
  rule <- if (is.null(setup$optimizer)) adam(svgd_rate(setup, 10 * (i %/% 10) + 1)) else setup$optimizer
  settings <- list(particles = setup$particles, bandwidth = setup$bandwidth, batch_size = setup$batch_size,
    batch_scale = if (setup$batch_size > 0) target$rows / setup$batch_size else 1, optimizer = rule$code)
  at <- state$queue$used
  rows <- if (setup$batch_size > 0) state$queue$rows[at * setup$batch_size + seq_len(k * setup$batch_size)]
  out <- guard_target(.Call(C_svgd, target, settings, i + 1, svgd_temperature(setup, i + seq_len(k)), rows, state$x, state$memory))
  if (out$done < k) {
    stop_covary("nan", "The direction of the particles became NaN or infinite at iteration ", i + out$done + 1, ". Try other starting values or a smaller learning rate.",
      fields = list(iteration = i + out$done + 1, parameters = target$names[rowSums(!is.finite(matrix(out$x, target$dim))) > 0]))
  }
  state$losses <- append_losses(state, out$size)
  state$x <- matrix(out$x, target$dim)
  state$memory <- out$state
  state$iteration <- i + k
  state$queue$used <- at + k
  if (state$iteration %in% setup$rebalance) state <- rebalance_particles(target, setup, state)
  state
}

# Weights p(x)^(1/T) * volume, volume from the distance to the k-th neighbour: a sum over particles is then an
# integral, so modes get particles by their mass. Copies are spread over their volume.
rebalance_particles <- function(target, setup, state) {
  n <- setup$particles
  k <- max(2, round(sqrt(n) / 2))
  x <- t(state$x)
  radius <- apply(as.matrix(stats::dist(x)), 1, function(r) sort(r)[k + 1])
  lw <- density_at(target, x)$value / svgd_temperature(setup, state$iteration) + target$dim * log(pmax(radius, 1e-300))
  w <- exp(lw - max(lw))
  rows <- resample(w / sum(w), n)
  copies <- duplicated(rows)
  new <- x[rows, , drop = FALSE]
  spread <- radius[rows[copies]] / (2 * k)
  new[copies, ] <- new[copies, , drop = FALSE] + spread * stats::rnorm(sum(copies) * target$dim)
  state$x <- t(new)
  state$memory[] <- 0
  state
}

# At rest, the Stein direction in units of the spread of the particles is small.
finish_svgd <- function(approx) {
  approx <- svgd_view(approx)
  spread <- apply(approx$draws, 2, stats::sd)
  tail <- approx$history[max(1, length(approx$history) - 99):length(approx$history)]
  h <- approx$setup
  cooled <- svgd_temperature(h, approx$state$iteration) <= h$temperature * 1.001
  # phi has units of a score; a particle at rest feels forces far below the 1 / spread of the target's own
  force <- mean(tail) * sqrt(mean(spread^2))
  noise <- if (h$batch_size > 0) 1 else 0.1
  approx$info <- list(iterations = approx$state$iteration, force = force, temperature = svgd_temperature(h, approx$state$iteration),
    stopped = approx$info$stopped, interrupted = approx$info$interrupted, converged = cooled && isTRUE(force < noise) && !approx$info$interrupted)
  approx$lp <- density_at(approx$target, approx$draws)$value
  if (!is.null(approx$info$stopped)) inform_covary("stopped", approx$info$stopped, ".")
  if (approx$info$interrupted) warn_covary("interrupted", "The run was interrupted at iteration ", approx$info$iterations, "; refine() continues it.")
  else if (!approx$info$converged) {
    warn_covary("not_converged", "The particles have not come to rest after ", approx$info$iterations, " iterations (force ", format(force, digits = 2),
      if (!cooled) ", still above the final temperature", "). Use refine() or more iterations.", fields = list(force = force))
  }
  approx
}
