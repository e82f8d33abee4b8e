# The cheap way to where a Gaussian belongs: a search for the mode of the density by L-BFGS, one
# evaluation a step, before any expectation is taken. A mode is only a place to start from: what
# advi() wants is where the ELBO is largest, and some targets have no joint mode, or one far from
# their mass (sds of groups). So the place is believed only if the search ended at a top
# (`reached`), and only if the ELBO there, over few draws, is above that of the start.
#
# A state is list(theta, at: list(f: negative log density, g: its gradient), memory: of L-BFGS,
# alpha: inverse curvatures by coordinate, enough: gain of a step that is next to nothing, steps,
# ended, reached).

most_climb <- 1000

# Where the density has no top, steps bring as much as those before for ever, and need many trials
# where it becomes ever narrower. Both are looked at after so many steps; twice in a row, and the
# search is given up.
climb_window <- 10

start_climb <- function(target, theta) {
  list(
    # what is left of many coordinates is little of each
    enough = 1e-5 * max(1, length(theta) / 1000),
    theta = theta, at = climb_objective(target, theta), memory = list(s = list(), y = list()),
    alpha = rep(1, length(theta)), steps = 0, calm = 0, marks = numeric(), tries = 0, strikes = 0,
    ended = FALSE, reached = FALSE
  )
}

climb_objective <- function(target, theta) {
  at <- density_at(target, matrix(theta, 1), gradient = TRUE)
  list(f = -at$value, g = -as.vector(at$gradient))
}

is_finite_at <- function(at) is.finite(at$f) && all(is.finite(at$g))

# One step. Two steps in a row that promise and bring next to nothing end the search at the top.
climb <- function(target, state) {
  state$steps <- state$steps + 1
  if (!is_finite_at(state$at) || state$steps > most_climb) {
    state$ended <- TRUE
    return(state)
  }
  direction <- -lbfgs_direction(state$at$g, state$memory, function(v) state$alpha * v)
  fresh <- length(state$memory$s) == 0
  if (fresh) direction <- direction / max(1, sqrt(sum(state$at$g^2)))
  promised <- -sum(direction * state$at$g)
  if (promised < 1e-12 * (1 + abs(state$at$f))) {
    state$ended <- state$reached <- TRUE
    return(state)
  }
  moved <- line_search(function(x) {
    state$tries <<- state$tries + 1
    climb_objective(target, x)
  }, state$theta, direction, state$at, -promised)
  if (is.null(moved)) {
    return(stop_climb(state, fresh, promised))
  }
  state <- learn_climb(state, moved)
  gain <- state$at$f - moved$at$f
  state[c("theta", "at")] <- list(moved$par, moved$at)
  calm <- !fresh && gain < state$enough && promised < state$enough
  state$calm <- if (calm) state$calm + 1 else 0
  state$ended <- state$reached <- state$calm == 2
  if (state$steps %% climb_window == 0) mark_climb(state) else state
}

mark_climb <- function(state) {
  state$marks <- utils::tail(c(state$marks, state$at$f), 3)
  gains <- -diff(state$marks)
  steady <- length(gains) == 2 && gains[2] > 0.1 && gains[2] > 0.9 * gains[1]
  state$strikes <- if (steady || state$tries > 3.5 * climb_window) state$strikes + 1 else 0
  state$tries <- 0
  state$ended <- state$ended || state$strikes == 2
  state
}

# Nothing is gained along the direction: what was learned is forgotten, once.
stop_climb <- function(state, fresh, promised) {
  if (fresh || promised < 1e-6 * (1 + abs(state$at$f))) {
    state$ended <- TRUE
    state$reached <- promised < 1e-2
  } else {
    state$memory <- list(s = list(), y = list())
    state$alpha[] <- 1
  }
  state
}

learn_climb <- function(state, moved) {
  s <- moved$par - state$theta
  y <- moved$at$g - state$at$g
  if (isTRUE(sum(s * y) > 1e-12 * sum(y^2))) {
    state$alpha <- if (length(state$memory$s) == 0) {
      rep(sum(s * y) / sum(y^2), length(s))
    } else {
      diagonal_update(state$alpha, s, y)
    }
    state$memory <- lbfgs_update(state$memory, s, y, 20)
  }
  state
}

# Sds of the coordinates given the others: curvature along random directions, of differences that
# reach a tenth of an sd, starting from what the search has learned of it. The other coordinates
# make noise in what one shows, most where its sd is taken too small; so rounds follow each other,
# the last of them along those coordinates alone whose noise is not well below the curvature.
climb_sds <- function(target, state) {
  sd <- sqrt(pmin(pmax(state$alpha, 1e-16), 1e8))
  d <- length(sd)
  doubtful <- rep(TRUE, d)
  for (n in c(4, 4, 8, 8, 8)) {
    signs <- matrix(sample(c(-1, 1), d * n, TRUE), d) * doubtful
    g <- gradient_at(target, state$theta + 0.1 * sd * signs)
    each <- -signs * (g + state$at$g) / (0.1 * sd)
    curvature <- rowMeans(each)
    noise <- sqrt(rowMeans((each - curvature)^2) / (n - 1))
    # no curvature: the sd is far too small, or the density flat
    fine <- is.finite(curvature) & curvature > 0.01 / sd^2
    sd[doubtful & fine] <- 1 / sqrt(curvature[doubtful & fine])
    sd[doubtful & !fine] <- 3 * sd[doubtful & !fine]
    if (n == 8) doubtful <- doubtful & !(fine & noise < 0.5 * curvature)
    if (!any(doubtful)) break
  }
  sd
}

# Is the top, list(mean, and how it spreads) or NULL, a better place than the start? By the ELBO
# over pairs of draws.
is_better_top <- function(target, top, start, noise) {
  value <- function(at) {
    mean(density_at(target, gaussian_draws(at, t(paired(noise))))$value) + spread_log_det(at)
  }
  !is.null(top) && isTRUE(value(top) > max(value(start), -Inf, na.rm = TRUE))
}
