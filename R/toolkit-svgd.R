# SVGD: particles moved by svgd.c.

#' Stein variational gradient descent
#'
#' Moves particles along the Stein direction with an RBF kernel whose width is the median heuristic,
#' to which a linear kernel is added.
#'
#' By default the particles start wide and the run is annealed: the temperature falls from `heat` to
#' `temperature` over the first half, so that particles find all modes. The Stein force says nearly
#' nothing about how much mass each of several distant modes has; with up to three free numbers,
#' particles are therefore redistributed three times in the second half (`rebalance`), by importance
#' sampling from a kernel density of the particles (Cappe et al. 2004).
#'
#' An RBF kernel alone gives spreads that are too small, the more so the more dimensions: with 100
#' particles on a normal density, 3 % too small in two dimensions, 35 % in 10 and 57 % in 20. The
#' linear kernel makes means and covariances of normal densities right in any dimension (Liu and
#' Wang 2018; here within 1 %); it needs more than twice as many particles as dimensions. Skewed
#' densities in many dimensions stay difficult (20 to 30 % too wide in 10 dimensions with 100
#' particles): compare with [nuts()].
#'
#' @inheritParams advi
#' @param particles Number of particles.
#' @param iterations Number of steps.
#' @param temperature Final temperature of the target: `log p / temperature`.
#' @param rebalance Redistribute particles between modes; default: with up to three free numbers and
#'   20 particles or more.
#' @param heat Temperature at the start, at least `temperature`.
#' @param jitter Standard deviation of the starting particles around the start; default: 1.
#' @param kernel `"moments"`: RBF and linear kernel; `"rbf"`: the RBF kernel alone, as in Liu and
#'   Wang (2016). Default: the first if there are more than twice as many particles as free numbers.
#' @param bandwidth Fixed `h` of the kernel `exp(-d^2 / (2 h))`; `NULL`: median heuristic.
#' @param optimizer One of the [optimizers]; default [adam()] with a rate that falls during the run.
#' @return A `covary_approximation` whose draws are the particles. `diagnostics()` has `force`, the
#'   force the particles still feel, and `stein`, the largest errors of Stein's identities for
#'   linear and quadratic functions (0 is exact; a fit with a linear error beyond 0.2, some 10 % of
#'   a spread, does not count as converged).
#' @references Liu and Wang (2016) <arXiv:1608.04471>; D'Angelo and Fortuin (2021)
#'   <arXiv:2101.09815> for annealing; Liu and Wang (2018) <arXiv:1810.11693> for the linear kernel;
#'   Cappe, Guillin, Marin and Robert (2004) \doi{10.1198/106186004X12803} for the redistribution.
#' @examples
#' fit <- svgd(normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1)), iterations = 500)
#' mean(as.matrix(fit) < 0.1)
#' @export
svgd <- function(
  target, particles = 100, iterations = 2000, temperature = 1, heat = NULL,
  jitter = 1, kernel = NULL, bandwidth = NULL,
  optimizer = NULL, batch_size = NULL, start = NULL, rebalance = NULL,
  callbacks = list(), refresh = NULL
) {
  target <- check_density(target)
  particles <- check_count(particles, "particles", 2)
  iterations <- check_count(iterations, "iterations")
  positive(temperature, "temperature")
  if (is.null(heat)) heat <- max(20, temperature)
  check_number(heat, "heat", temperature, 1e300)
  check_number(jitter, "jitter", 0, Inf, open = TRUE)
  kernel <- if (is.null(kernel)) {
    c("rbf", "moments")[1 + (particles > 2 * target$dim)]
  } else {
    check_choice(kernel, c("moments", "rbf"), "kernel")
  }
  if (!is.null(bandwidth)) positive(bandwidth, "bandwidth")
  if (!is.null(optimizer)) check_optimizer(optimizer)
  batch_size <- check_batch(batch_size, target)
  rebalance <- if (is.null(rebalance)) {
    target$dim <= 3 && particles >= 20
  } else {
    check_flag(rebalance, "rebalance")
  }
  approx <- new_approximation(target, "svgd", "particles")
  approx$setup <- list(
    particles = particles, temperature = temperature, heat = heat,
    moments = kernel == "moments", bandwidth = if (is.null(bandwidth)) 0 else bandwidth,
    optimizer = optimizer, batch_size = batch_size, planned = iterations,
    rebalance = if (rebalance) 10 * ceiling(iterations * c(0.5, 0.6, 0.7) / 10)
  )
  approx$callbacks <- as_callbacks(callbacks)
  run_svgd(start_svgd(approx, read_start(start, target), jitter), iterations, refresh)
}

# The approximation with its particles before the first iteration, around the free numbers `centre`.
start_svgd <- function(approx, centre, jitter) {
  target <- approx$target
  setup <- approx$setup
  approx$setup$suspect <- suspect_gradient(
    target, centre, 0.1 * jitter, "start", setup$batch_size
  )
  x <- start_particles(target, setup$particles, centre, jitter, setup$batch_size)
  rule <- if (is.null(setup$optimizer)) adam() else setup$optimizer
  approx$state <- list(
    iteration = 0, losses = numeric(), x = x,
    memory = numeric(length(x) * optimizer_slots(rule)), queue = NULL
  )
  approx
}

# Particles (dim x particles) around the start; those outside the support are drawn again.
start_particles <- function(target, particles, centre, jitter, batch_size) {
  d <- target$dim
  rows <- spread_rows(target, batch_size)
  scale <- if (is.null(rows)) 1 else target$rows / length(rows)
  x <- matrix(stats::rnorm(particles * d, centre, jitter), d)
  for (i in 1:100) {
    out <- which(!is.finite(density_at(target, t(x), rows = rows, scale = scale)$value))
    if (length(out) == 0) {
      return(x)
    }
    x[, out] <- stats::rnorm(length(out) * d, centre, jitter)
  }
  stop_covary("start",
    "Particles must start where the log density is finite; in 100 tries around the start ",
    length(out), " of ", particles, " never did. Give other `start` values or a smaller `jitter`.",
    fields = list(arg = "start")
  )
}

# Temperature at iteration i of a planned run; later iterations stay at the last one.
svgd_temperature <- function(setup, i) {
  share <- pmin(2 * (i - 1) / setup$planned, 1)
  setup$temperature * (setup$heat / setup$temperature)^(1 - share)
}

# The default rate falls in the second half, so that particles come to rest.
svgd_rate <- function(setup, i) {
  0.05 * 0.01^(max(2 * i / setup$planned - 1, 0) * (i <= setup$planned) + (i > setup$planned))
}

# At most `iterations` more of a fit, old or new.
run_svgd <- function(approx, iterations, refresh) {
  run_iterations(approx, iterations, refresh, "moving particles",
    step = function(approx, most) {
      step_svgd(approx$target, approx$setup, approx$state, most)
    },
    view = svgd_view, finish = finish_svgd
  )
}

# The approximation with the particles as its draws, as callbacks see it.
svgd_view <- function(approx) {
  approx$draws <- t(approx$state$x)
  approx$parameters <- as.vector(approx$state$x)
  approx$history <- approx$state$losses[seq_len(approx$state$iteration)]
  approx
}

# The state after at most `most` iterations. Those up to a multiple of ten share a learning rate; a
# call ends where the drawn rows do.
step_svgd <- function(target, setup, state, most) {
  state$queue <- fill_row_queue(state$queue, target, setup)
  i <- state$iteration
  at <- state$queue$used
  k <- min(most, iterations_per_call - at, 10 - i %% 10)
  rule <- setup$optimizer
  if (is.null(rule)) rule <- adam(svgd_rate(setup, 10 * (i %/% 10) + 1))
  settings <- list(
    particles = setup$particles, bandwidth = setup$bandwidth,
    moments = setup$moments, batch_size = setup$batch_size,
    batch_scale = if (setup$batch_size > 0) target$rows / setup$batch_size else 1,
    optimizer = rule$rule
  )
  rows <- if (setup$batch_size > 0) {
    state$queue$rows[at * setup$batch_size + seq_len(k * setup$batch_size)]
  }
  out <- guard_target(.Call(
    C_svgd, target, settings, i + 1,
    svgd_temperature(setup, i + seq_len(k)), rows, state$x, state$memory
  ))
  if (out$done < k) stop_lost_particles(target, i + out$done + 1, out$x)
  state$losses <- append_losses(state, out$size)
  state$x <- matrix(out$x, target$dim)
  state$memory <- out$memory
  state$iteration <- i + k
  state$queue$used <- at + k
  if (state$iteration %in% setup$rebalance) state <- rebalance_particles(target, setup, state)
  state
}

# list(rows of minibatches for iterations_per_call iterations or NULL, used: iterations whose rows
# are taken), drawn anew where all are taken.
fill_row_queue <- function(queue, target, setup) {
  if (!is.null(queue) && queue$used < iterations_per_call) {
    return(queue)
  }
  rows <- if (setup$batch_size > 0) {
    sample.int(target$rows, setup$batch_size * iterations_per_call, replace = TRUE)
  }
  list(rows = rows, used = 0L)
}

# x: the particles, some of them not finite.
stop_lost_particles <- function(target, iteration, x) {
  lost <- rowSums(!is.finite(matrix(x, target$dim))) > 0
  stop_covary("nan", "The direction of the particles became NaN or infinite at iteration ",
    iteration, ". Try other starting values or a smaller learning rate.",
    fields = list(iteration = iteration, parameters = target$names[lost])
  )
}

# Importance sampling from a kernel density of the particles: modes get particles by their mass.
# Each particle is the centre of a normal with the covariance of its nearest neighbours, so the
# density of the proposals is known. Where the proposals are too few, particles stay.
rebalance_particles <- function(target, setup, state) {
  n <- setup$particles
  proposals <- propose_particles(t(state$x))
  temperature <- svgd_temperature(setup, state$iteration)
  lw <- density_at(target, proposals$x)$value / temperature - log(proposals$density)
  if (!any(is.finite(lw))) {
    return(state)
  }
  w <- exp(lw - max(lw[is.finite(lw)]))
  w[!is.finite(w)] <- 0
  # with fewer effective proposals than particles, copies would stand for the target
  if (sum(w)^2 < n * sum(w^2)) {
    return(state)
  }
  # in the order of the first number, systematic resampling leaves least to chance
  along <- order(proposals$x[, 1])
  state$x <- t(proposals$x[along[resample(w[along] / sum(w), n)], , drop = FALSE])
  state$memory[] <- 0
  state
}

# Some 5000 draws around particles x (n x dim), as many of each: list(x (draws x dim), density
# (draws): of their mixture, up to a constant).
propose_particles <- function(x) {
  n <- nrow(x)
  factors <- neighbour_factors(x)
  owner <- rep(seq_len(n), length.out = n * ceiling(5000 / n))
  new <- matrix(stats::rnorm(length(owner) * ncol(x)), ncol = ncol(x))
  for (i in seq_len(n)) {
    own <- owner == i
    new[own, ] <- sweep(new[own, , drop = FALSE] %*% factors[[i]], 2, x[i, ], "+")
  }
  density <- numeric(length(owner))
  for (i in seq_len(n)) {
    z <- backsolve(factors[[i]], t(new) - x[i, ], transpose = TRUE)
    density <- density + exp(-0.5 * colSums(z^2)) / prod(diag(factors[[i]]))
  }
  list(x = new, density = density)
}

# For each particle, a row of x (n x dim), the upper Cholesky factor of the covariance of its
# nearest neighbours.
neighbour_factors <- function(x) {
  near <- min(max(ncol(x) + 2, round(sqrt(nrow(x)))), nrow(x) - 1)
  ridge <- diag(1e-10 * mean(apply(x, 2, stats::var)) + 1e-300, ncol(x))
  apply(as.matrix(stats::dist(x)), 1,
    function(r) chol(stats::cov(x[order(r)[seq_len(near + 1)], , drop = FALSE]) + ridge),
    simplify = FALSE
  )
}
