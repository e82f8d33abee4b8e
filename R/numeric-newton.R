# Newton's method for the mode of a log density whose value, gradient and Hessian are at hand; the
# curvature may be indefinite. With value and gradient alone: numeric-lbfgs.R.

# The longest step of one parameter, in standardised units.
longest_step <- 10

# `evaluate(x)`: list(value, gradient, hessian, ...); `factor(-hessian)`: the upper Cholesky factor
# of a precision whose steps climb. Starts from zero where `start` has no finite value. Ends when
# the squared Newton decrement, the squared distance to the mode in posterior sds, is below
# `tolerance`.
# list(x, at: evaluate(x), chol_precision, converged, iterations)
newton_maximum <- function(
  evaluate, start, factor = robust_chol, tolerance = 1e-10, max_iterations = 200L
) {
  x <- start
  at <- evaluate(x)
  if (!is.finite(at$value)) {
    x[] <- 0
    at <- evaluate(x)
  }
  if (!is.finite(at$value)) {
    stop_covary(
      "numerics",
      "The log posterior is not finite at the starting values; check offsets and priors."
    )
  }
  converged <- FALSE
  last <- Inf
  for (i in seq_len(max_iterations)) {
    chol_precision <- factor(-at$hessian)
    step <- solve_chol(chol_precision, at$gradient)
    decrement <- sum(at$gradient * step)
    # Sums with signs at nodes need not be bounded above: steps that climb end in overflow.
    if (!is.finite(decrement)) {
      stop_covary(
        "numerics",
        "The gradient of the log posterior is not finite on the way to its mode."
      )
    }
    step <- step / max(1, max(abs(step)) / longest_step)
    # Near the mode every step squares the error, until only rounding is left.
    if (decrement < tolerance || decrement < 1e-6 && decrement >= last) {
      converged <- TRUE
      break
    }
    last <- decrement
    moved <- backtrack(evaluate, x, at, step)
    if (is.null(moved)) {
      converged <- decrement < max(tolerance, 1e-6)
      break
    }
    x <- moved$x
    at <- moved$at
  }
  list(x = x, at = at, chol_precision = chol_precision, converged = converged, iterations = i)
}

# The first of step, step / 2, step / 4, ... that climbs enough (Armijo), list(x, at), or NULL.
backtrack <- function(evaluate, x, at, step) {
  slope <- sum(at$gradient * step)
  rounding <- 1e-14 * abs(at$value)
  for (size in 0.5^(0:40)) {
    trial <- x + size * step
    new <- evaluate(trial)
    if (is.finite(new$value) && new$value >= at$value + 1e-4 * size * slope - rounding) {
      return(list(x = trial, at = new))
    }
  }
}
