# L-BFGS (Nocedal and Wright 2006, algorithms 7.4 and 3.5), for minimising.

# H g, where H starts from a given positive definite map.
lbfgs_direction <- function(g, memory, precondition = NULL) {
  k <- length(memory$s)
  alpha <- numeric(k)
  rho <- numeric(k)
  for (i in rev(seq_len(k))) {
    rho[i] <- 1 / sum(memory$s[[i]] * memory$y[[i]])
    alpha[i] <- rho[i] * sum(memory$s[[i]] * g)
    g <- g - alpha[i] * memory$y[[i]]
  }
  if (!is.null(precondition)) {
    g <- precondition(g)
  } else if (k > 0) g <- g / (rho[k] * sum(memory$y[[k]]^2))
  for (i in seq_len(k)) g <- g + memory$s[[i]] * (alpha[i] - rho[i] * sum(memory$y[[i]] * g))
  g
}

lbfgs_update <- function(memory, s, y, most = 10) {
  if (!isTRUE(sum(s * y) > 1e-10 * sqrt(sum(s^2) * sum(y^2)))) {
    return(memory)
  }
  memory$s <- c(memory$s, list(s))
  memory$y <- c(memory$y, list(y))
  if (length(memory$s) > most) {
    memory$s <- memory$s[-1]
    memory$y <- memory$y[-1]
  }
  memory
}

# Weak Wolfe conditions by bisection; list(par, at) or NULL where nothing is gained. Where the
# objective gives no value (f: NULL), slopes at both ends say what was gained between them, and `at`
# is marked as `guessed`.
line_search <- function(objective, par, direction, at, slope, first = 1) {
  low <- 0
  high <- Inf
  size <- first
  best <- NULL
  for (i in 1:30) {
    trial <- par + size * direction
    new <- objective(trial)
    if (is.null(new$f)) {
      new$f <- at$f + size * (slope + sum(new$g * direction)) / 2
      new$guessed <- TRUE
    }
    ok <- is.finite(new$f) && all(is.finite(new$g))
    if (!ok || new$f > at$f + 1e-4 * size * slope) {
      high <- size
    } else {
      if (is.null(best) || new$f < best$at$f) best <- list(par = trial, at = new)
      if (sum(new$g * direction) >= 0.9 * slope) break
      low <- size
    }
    size <- if (is.finite(high)) (low + high) / 2 else 2 * size
    if (high < 1e-12) break
  }
  if (!is.null(best) && best$at$f < at$f) best
}

# The point after at most `steps$most` steps that gain at least `steps$gain` each.
lbfgs_climb <- function(objective, par, precondition, steps) {
  at <- objective(par)
  memory <- list(s = list(), y = list())
  for (i in seq_len(steps$most)) {
    direction <- -lbfgs_direction(at$g, memory, precondition)
    found <- line_search(objective, par, direction, at, sum(at$g * direction))
    if (is.null(found)) break
    memory <- lbfgs_update(memory, found$par - par, found$at$g - at$g)
    gain <- at$f - found$at$f
    par <- found$par
    at <- found$at
    if (gain < steps$gain) break
  }
  par
}
