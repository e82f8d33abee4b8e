# Gradients of log densities in R that come without one: complex steps or central differences. Both
# take a log density, function(theta, rows, scale), and return its gradient, function(theta, rows,
# scale, here) with dim numbers; `here` is the log density at theta, NULL where it is not known.

complex_gradient <- function(value) {
  h <- 1e-30
  function(theta, rows = NULL, scale = 1, here = NULL) {
    vapply(seq_along(theta), function(j) {
      z <- as.complex(theta)
      z[j] <- z[j] + complex(imaginary = h)
      Im(value(z, rows, scale)) / h
    }, 0)
  }
}

central_gradient <- function(value) {
  function(theta, rows = NULL, scale = 1, here = NULL) {
    if (is.null(here)) here <- value(theta, rows, scale)
    vapply(seq_along(theta), function(j) {
      central_slope(function(x) value(replace(theta, j, x), rows, scale), theta[j], here)
    }, 0)
  }
}

# The slope at x of f, a function of one number, that is `here` at x. The first step fits numbers of
# the size of one or of x. Where f is much narrower, such a step reaches over its flanks; the bend
# shows it, and steps are shortened until they are below some .03 sds. Where no step helps (f jumps
# at x) the first one counts.
central_slope <- function(f, x, here) {
  around <- function(step) {
    up <- x + step
    down <- x - step
    list(up = up, down = down, above = f(up), below = f(down))
  }
  step <- 6e-6 * max(abs(x), 1)
  shortest <- max(1e-10 * abs(x), 1e-17)
  first <- at <- around(step)
  while (is_bent(at, here) && step > shortest) {
    step <- step / 10
    at <- around(step)
  }
  if (is_bent(at, here)) at <- first
  if (is.finite(at$above) == is.finite(at$below)) {
    (at$above - at$below) / (at$up - at$down)
  } else if (is.finite(at$above)) {
    # at the edge of the support one side is all there is
    (at$above - here) / (at$up - x)
  } else {
    (here - at$below) / (x - at$down)
  }
}

# Is f(x + h) - 2 f(x) + f(x - h), which is -(h / sd)^2 for the log density of a normal, beyond that
# of a step of .03 sds and beyond rounding?
is_bent <- function(at, here) {
  bend <- abs(at$above - 2 * here + at$below)
  is.finite(bend) && bend > 1e-3 + 1e-13 * abs(here)
}

# "complex" or "central". Complex steps are exact where they work, but abs(), pmax() or comparisons
# can make them silently wrong, so they are only used when they agree with central differences at
# two points.
choose_derivative <- function(user, target) {
  value <- log_joint(user, target)
  rows <- if (user$rows > 0) seq_len(min(user$rows, 50L))
  points <- list(
    target$start + 0.11 * cos(seq_len(target$dim)),
    target$start - 0.07 * sin(seq_len(target$dim) + 1)
  )
  agrees <- vapply(points, function(theta) {
    here <- check_real(value(theta, rows), target, theta)
    by_complex <- attempt(suppressWarnings(complex_gradient(value)(theta, rows)))
    by_central <- central_gradient(value)(theta, rows, here = here)
    !is.null(by_complex) && all(is.finite(by_complex)) &&
      isTRUE(max(abs(by_complex - by_central)) <= 1e-5 * (1 + max(abs(by_central))))
  }, TRUE)
  if (all(agrees)) "complex" else "central"
}

# What a derivative, "complex" or "central", costs and is worth.
inform_derivative <- function(derivative, dim) {
  evaluations <- if (derivative == "complex") dim else 2 * dim
  inform_covary(
    "gradient", "No gradient was given: using ",
    switch(derivative,
      complex = "complex steps (exact)",
      central = "central differences (about 1e-9 relative error)"
    ),
    ", ", evaluations, if (evaluations == 1) " evaluation" else " evaluations",
    " of the log density each."
  )
}
