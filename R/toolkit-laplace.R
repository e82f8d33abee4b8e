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
#' @return A `covary_approximation`.
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
  chol_precision <- mode_chol_precision(mode)
  # the size of a further Newton step, in posterior sds, is the verdict
  left <- sqrt(sum(backsolve(chol_precision, mode$gradient, transpose = TRUE)^2) / target$dim)
  x <- new_approximation(target, "laplace", "fullrank",
    mean = mode$theta,
    chol_cov = chol(chol2inv(chol_precision)), history = -mode$trace
  )
  reached <- isTRUE(left < 1e-3)
  x$info <- list(
    iterations = mode$iterations, error = left, converged = reached,
    mode = stats::setNames(mode$theta, target$names)
  )
  x <- add_gaussian_draws(x, draws)
  suspect <- suspect || suspect_gradient(target, x$mean, sqrt(colSums(x$chol_cov^2)), "end")
  x$info$converged <- reached && fits_support(x$info) && !suspect
  warn_support(x)
  if (!reached) {
    warn_covary(
      "not_converged", "The mode was not reached in ", mode$iterations,
      " iterations: a Newton step would still move ", format(left, digits = 2), " posterior sds."
    )
  }
  x
}

# Upper Cholesky factor of the precision at the mode.
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

# BFGS-like search, then Newton steps with a Hessian from differences of gradients.
find_mode <- function(target, start, iterations) {
  objective <- function(theta) {
    at <- density_at(target, matrix(theta, 1), gradient = TRUE)
    list(f = -at$value, g = -as.vector(at$gradient))
  }
  theta <- start
  at <- objective(theta)
  if (!is.finite(at$f) || any(!is.finite(at$g))) {
    stop_covary("start", "The log density is not finite at the start; give other `start` values.",
      fields = list(arg = "start")
    )
  }
  memory <- list(s = list(), y = list())
  trace <- -at$f
  for (i in seq_len(iterations)) {
    direction <- -lbfgs_direction(at$g, memory)
    if (length(memory$s) == 0) direction <- direction / max(1, sqrt(sum(at$g^2)))
    moved <- line_search(objective, theta, direction, at, sum(direction * at$g))
    if (is.null(moved)) {
      if (length(memory$s) == 0) break
      memory <- list(s = list(), y = list())
      next
    }
    memory <- lbfgs_update(memory, moved$par - theta, moved$at$g - at$g)
    gain <- at$f - moved$at$f
    theta <- moved$par
    at <- moved$at
    trace[length(trace) + 1] <- -at$f
    if (gain < 1e-9 * (1 + abs(at$f)) && i > 3) break
  }
  end <- finish_by_newton(target, objective, list(theta = theta, at = at, trace = trace))
  h <- hessian_at(target, end$theta)
  if (any(!is.finite(h))) {
    stop_covary("no_mode", "The curvature of the log density is not finite where the search ended.",
      fields = list(theta = end$theta)
    )
  }
  list(
    theta = end$theta, gradient = -end$at$g, hessian = h, iterations = i + end$steps,
    trace = end$trace
  )
}

# Newton steps from `here`, list(theta, at: objective(theta), trace), while they gain; with `steps`,
# their number.
finish_by_newton <- function(target, objective, here) {
  for (k in 1:20) {
    h <- hessian_at(target, here$theta)
    if (any(!is.finite(h))) break
    step <- -solve_chol(robust_chol(-h), here$at$g)
    decrement <- -sum(step * here$at$g)
    if (decrement < 1e-12) break
    moved <- line_search(objective, here$theta, step, here$at, -decrement)
    if (is.null(moved)) break
    here$theta <- moved$par
    here$at <- moved$at
    here$trace[length(here$trace) + 1] <- -here$at$f
  }
  c(here, list(steps = k))
}

# Central differences of the gradient.
hessian_at <- function(target, theta) {
  d <- length(theta)
  h <- 1e-5 * pmax(abs(theta), 1)
  points <- rbind(sweep(diag(h, d), 2, theta, "+"), sweep(diag(-h, d), 2, theta, "+"))
  g <- density_at(target, points, gradient = TRUE)$gradient
  out <- sweep(g[, seq_len(d), drop = FALSE] - g[, d + seq_len(d), drop = FALSE], 2, 2 * h, "/")
  (out + t(out)) / 2
}
