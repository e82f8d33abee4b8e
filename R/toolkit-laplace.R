# Laplace: Gaussian at the mode, curvature from differences of gradients.

#' Laplace approximation
#'
#' A Gaussian at the mode of the density of the free numbers, with the inverse of the negative
#' Hessian there.
#'
#' @inheritParams advi
#' @param iterations Most iterations of the search for the mode.
#' @param ... Not used; with numbers, or with `location` and `scale`, `laplace()` is the prior of
#'   'rstanarm' of that name.
#' @return A `covary_approximation`. It has not converged, with a warning, where a Newton step would
#'   still move more than .001 posterior sds, or where the curvature at the mode depends on the step
#'   over which it is taken (a kink).
#' @section Errors: `covary_error_no_mode` where the search runs away or the curvature at its end is
#'   not that of a maximum: Laplace's approximation does not exist there. `covary_error_interrupted`
#'   on an interrupt.
#' @examples
#' laplace(linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50)))
#' @export
laplace <- function(target, start = NULL, iterations = 1000, draws = 4000, ...) {
  of_prior <- c("location", "scale", "autoscale")
  if ((!missing(target) && is.numeric(target)) || any(dots_names(...) %in% of_prior)) {
    return(hand_on_call("rstanarm", "laplace", sys.call()))
  }
  check_dots(...)
  target <- check_density(target)
  draws <- check_draw_count(draws)
  iterations <- check_count(iterations, "iterations")
  start <- read_start(start, target)
  suspect <- FALSE
  search <- function() {
    suspect <<- suspect_gradient(target, start, 0.1, "start")
    find_mode(target, start, iterations)
  }
  mode <- tryCatch(search(), interrupt = function(e) {
    stop_covary(
      "interrupted",
      "The search for the mode was interrupted; before it ends there is no approximation."
    )
  })
  laplace_from_mode(target, mode, draws, suspect)
}

# The approximation at a mode (from find_mode()), with its verdict: the length of one more Newton
# step in posterior sds, and whether the curvature is one. `suspect`: does the gradient contradict
# the density at the start?
laplace_from_mode <- function(target, mode, draws, suspect) {
  chol_precision <- mode_chol_precision(mode)
  error <- sqrt(sum(backsolve(chol_precision, mode$gradient, transpose = TRUE)^2) / target$dim)
  x <- new_approximation(target, "laplace", "fullrank",
    mean = mode$theta,
    chol_cov = chol(chol2inv(chol_precision)), history = -mode$trace
  )
  reached <- isTRUE(error < 1e-3)
  smooth <- is_smooth_at(target, mode)
  x$info <- list(
    iterations = mode$iterations, error = error, converged = reached,
    mode = stats::setNames(mode$theta, target$names)
  )
  x <- add_gaussian_draws(x, draws)
  suspect <- suspect || suspect_gradient(target, x$mean, spread_sds(x), "end")
  x$info$converged <- reached && smooth && fits_support(x$info) && !suspect
  warn_support(x)
  if (!smooth) {
    warn_covary(
      "not_converged", "The log density must be smooth at its mode; its curvature there depends ",
      "on the step over which it is taken, as at a kink, so that the sds mean nothing. Use advi()."
    )
  }
  if (!reached) {
    warn_covary(
      "not_converged", "The mode was not reached in ", mode$iterations,
      " iterations: a Newton step would still move ", format(error, digits = 2), " posterior sds."
    )
  }
  x
}

# Upper Cholesky factor (dim x dim) of the precision at the mode.
mode_chol_precision <- function(mode) {
  out <- attempt(cholesky(-mode$hessian))
  if (is.null(out)) {
    stop_covary("no_mode",
      "The search ended where the density has no maximum (its curvature is not that of one); ",
      "a Laplace approximation does not exist here. Use advi().",
      fields = list(theta = mode$theta)
    )
  }
  out
}

# L-BFGS from free numbers `start`, then Newton steps with a Hessian from differences of gradients:
# list(theta, gradient (dim) and hessian (dim x dim) of the log density there, steps (dim) behind
# the latter, iterations, trace (log density after each)).
find_mode <- function(target, start, iterations) {
  objective <- function(theta) climb_objective(target, theta)
  at <- objective(start)
  if (!is_finite_at(at)) {
    stop_covary("start", "The log density is not finite at the start; give other `start` values.",
      fields = list(arg = "start")
    )
  }
  climbed <- climb_density(objective, list(theta = start, at = at, trace = -at$f), iterations)
  end <- finish_by_newton(target, objective, climbed)
  curvature <- curvature_at(target, end$theta)
  if (any(!is.finite(curvature$hessian))) {
    stop_covary("no_mode", "The curvature of the log density is not finite where the search ended.",
      fields = list(theta = end$theta)
    )
  }
  list(
    theta = end$theta, gradient = -end$at$g, hessian = curvature$hessian, steps = curvature$steps,
    iterations = climbed$steps + end$steps, trace = end$trace
  )
}

# At most so many steps of L-BFGS from `here`, list(theta, at: objective(theta), trace), until one
# gains next to nothing; the last point in the same form, and the number of `steps`. Where a line
# search fails, the memory of past steps is dropped before the search gives up.
climb_density <- function(objective, here, iterations) {
  forgotten <- list(s = list(), y = list())
  memory <- forgotten
  for (i in seq_len(iterations)) {
    g <- here$at$g
    direction <- -lbfgs_direction(g, memory)
    if (length(memory$s) == 0) direction <- direction / max(1, sqrt(sum(g^2)))
    moved <- line_search(objective, here$theta, direction, here$at, sum(direction * g))
    if (is.null(moved)) {
      if (length(memory$s) == 0) break
      memory <- forgotten
      next
    }
    memory <- lbfgs_update(memory, moved$par - here$theta, moved$at$g - g)
    gain <- here$at$f - moved$at$f
    here <- list(theta = moved$par, at = moved$at, trace = c(here$trace, -moved$at$f))
    if (gain < 1e-9 * (1 + abs(here$at$f)) && i > 3) break
  }
  c(here, list(steps = i))
}

# Newton steps from `here`, list(theta, at: objective(theta), trace), while they gain; with `steps`,
# their number.
finish_by_newton <- function(target, objective, here) {
  here <- here[c("theta", "at", "trace")]
  for (k in 1:20) {
    hessian <- curvature_at(target, here$theta)$hessian
    if (any(!is.finite(hessian))) break
    step <- newton_step(-hessian, -here$at$g)
    decrement <- -sum(step * here$at$g)
    if (decrement < 1e-12) break
    moved <- line_search(objective, here$theta, step, here$at, -decrement)
    if (is.null(moved)) break
    here <- list(theta = moved$par, at = moved$at, trace = c(here$trace, -moved$at$f))
  }
  c(here, list(steps = k))
}

# A step uphill (dim) from precision (dim x dim) and gradient (dim) of a log density. Where the
# precision is not that of a maximum, or its parameters differ so much in scale that this cannot be
# told, it is bounded below in units in which its diagonal is one.
newton_step <- function(precision, gradient) {
  factor <- chol_or_null(precision)
  if (is_well_conditioned(factor)) {
    return(solve_chol(factor, gradient))
  }
  unit <- 1 / sqrt(pmax(abs(diag(precision)), 1e-300))
  unit * solve_chol(robust_chol(precision * outer(unit, unit)), unit * gradient)
}

# The Hessian (dim x dim) at free numbers theta by central differences of the gradient,
# list(hessian, steps (dim)). Steps fit numbers of the size of one or of theta; where the curvature
# says that a posterior sd is no more than some steps, they are shortened to a hundredth of it.
curvature_at <- function(target, theta) {
  steps <- 1e-5 * pmax(abs(theta), 1)
  for (i in 1:10) {
    hessian <- difference_gradients(target, theta, steps)
    sds <- 1 / sqrt(pmax(-diag(hessian), 0))
    long <- is.finite(sds) & steps > 0.03 * sds
    if (!any(long)) break
    steps[long] <- pmax(0.01 * sds, 1e-12 * abs(theta))[long]
  }
  list(hessian = hessian, steps = steps)
}

# Is the curvature at the mode the same over steps four times as long? At a kink it is a quarter.
is_smooth_at <- function(target, mode) {
  wider <- diag(difference_gradients(target, mode$theta, 4 * mode$steps))
  ratio <- wider / diag(mode$hessian)
  isTRUE(all(ratio > 0.5 & ratio < 2))
}

# The same with given steps, one a parameter.
difference_gradients <- function(target, theta, steps) {
  d <- length(theta)
  points <- rbind(sweep(diag(steps, d), 2, theta, "+"), sweep(diag(-steps, d), 2, theta, "+"))
  g <- density_at(target, points, gradient = TRUE)$gradient
  ahead <- seq_len(d)
  out <- sweep(g[, ahead, drop = FALSE] - g[, d + ahead, drop = FALSE], 2, 2 * steps, "/")
  (out + t(out)) / 2
}
