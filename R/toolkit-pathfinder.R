# Pathfinder (Zhang, Carpenter, Gelman and Vehtari 2022, JMLR 23): Gaussians along an optimisation
# path.

#' Pathfinder
#'
#' Runs L-BFGS from one or several starts. At every point of a path the inverse Hessian that L-BFGS
#' has learned gives a Gaussian; the one with the highest ELBO is kept. Draws of all paths are
#' weighed against the target by Pareto smoothed importance sampling and resampled.
#'
#' @inheritParams advi
#' @param paths Number of paths.
#' @param draws Number of draws returned.
#' @param elbo_draws Draws for the ELBO of each Gaussian.
#' @param iterations Most steps a path.
#' @param history Number of steps that L-BFGS remembers.
#' @param jitter Half width of the uniform noise added to the starts.
#' @return A `covary_approximation`. With one path it is Gaussian, and its khat judges it; with
#'   several its draws are resampled, and khat judges the pooled proposal. An interrupt keeps the
#'   paths that are complete.
#' @references Zhang, Carpenter, Gelman and Vehtari (2022)
#'   <https://jmlr.org/papers/v23/21-0889.html>.
#' @examples
#' pathfinder(linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50)))
#' @export
pathfinder <- function(
  target, paths = 4, draws = 1000, elbo_draws = 25, iterations = 1000,
  history = 5, start = NULL, jitter = 2
) {
  target <- check_density(target)
  paths <- check_count(paths, "paths")
  draws <- check_draw_count(draws)
  settings <- list(
    elbo_draws = check_count(elbo_draws, "elbo_draws", 2),
    history = check_count(history, "history"),
    iterations = check_count(iterations, "iterations"),
    jitter = check_number(jitter, "jitter", 0, 1e300)
  )
  search <- search_paths(target, read_start(start, target), paths, settings)
  if (search$interrupted) {
    warn_covary(
      "interrupted", "Pathfinder was interrupted; ", length(search$runs), " of ",
      paths, " paths are kept."
    )
  }
  pool_paths(target, search, draws)
}

# Paths from noise around the free numbers `centre`, until there are so many or ten have failed:
# list(runs: one of one_path() each, failures, interrupted, suspect: does the gradient contradict
# the density at the start). settings: list(elbo_draws, history, iterations, jitter).
search_paths <- function(target, centre, paths, settings) {
  out <- list(runs = list(), failures = 0, interrupted = FALSE, suspect = FALSE)
  search <- function() {
    out$suspect <<- suspect_gradient(target, centre, 0.1, "start")
    while (length(out$runs) < paths && out$failures < 10) {
      noise <- stats::runif(target$dim, -settings$jitter, settings$jitter)
      run <- one_path(target, centre + noise, settings)
      if (is.null(run)) {
        out$failures <<- out$failures + 1
      } else {
        out$runs <<- c(out$runs, list(run))
      }
    }
  }
  tryCatch(search(), interrupt = function(e) out$interrupted <<- TRUE)
  if (out$interrupted && length(out$runs) == 0) {
    stop_covary("interrupted", "Pathfinder was interrupted before the first path was complete.")
  }
  if (length(out$runs) == 0) {
    stop_covary("start",
      "No path found a Gaussian over which the log density is finite; give other `start` values ",
      "or less `jitter`, or declare bounds by `transforms`.",
      fields = list(arg = "start")
    )
  }
  out
}

# The best Gaussian along one path from theta: list(mean, chol_cov, elbo, evaluations), or NULL
# where the path fails.
one_path <- function(target, theta, settings) {
  evaluations <- 0
  objective <- function(x) {
    evaluations <<- evaluations + 1
    climb_objective(target, x)
  }
  at <- objective(theta)
  if (!is_finite_at(at)) {
    return(NULL)
  }
  memory <- list(s = list(), y = list())
  alpha <- rep(1, length(theta))
  best <- NULL
  for (i in seq_len(settings$iterations)) {
    direction <- -lbfgs_direction(at$g, memory, function(v) alpha * v)
    if (i == 1) direction <- direction / max(1, sqrt(sum(at$g^2)))
    slope <- sum(direction * at$g)
    moved <- if (is.finite(slope) && slope < 0) line_search(objective, theta, direction, at, slope)
    if (is.null(moved)) break
    s <- moved$par - theta
    y <- moved$at$g - at$g
    if (isTRUE(sum(s * y) > 1e-12 * sum(y^2))) {
      alpha <- diagonal_update(alpha, s, y)
      memory <- lbfgs_update(memory, s, y, settings$history)
    }
    gain <- at$f - moved$at$f
    theta <- moved$par
    at <- moved$at
    found <- path_gaussian(target, theta, at$g, list(memory, alpha), settings$elbo_draws)
    if (!is.null(found) && (is.null(best) || found$elbo > best$elbo)) best <- found
    if (gain < 1e-8 * (1 + abs(at$f))) break
  }
  if (!is.null(best)) best$evaluations <- evaluations
  best
}

# The diagonal alpha (dim) of the inverse Hessian after a step s that changed the gradient by y, by
# the update of Gilbert and Lemarechal, as in the paper (algorithm 3).
diagonal_update <- function(alpha, s, y) {
  a <- sum(y^2 * alpha)
  b <- sum(y * s)
  c <- sum(s^2 / alpha)
  1 / (a / (b * alpha) + y^2 / b - a * s^2 / (b * c * alpha^2))
}

# The Gaussian that L-BFGS has learned at a point of a path, list(mean, chol_cov, elbo), or NULL
# where it is none or the log density is not finite over it. g: gradient of the negative log density
# at theta; learned: list(memory of L-BFGS, alpha: diagonal).
path_gaussian <- function(target, theta, g, learned, elbo_draws) {
  d <- length(theta)
  column <- function(j) {
    lbfgs_direction(replace(numeric(d), j, 1), learned[[1]], function(v) learned[[2]] * v)
  }
  inverse <- matrix(vapply(seq_len(d), column, numeric(d)), d)
  chol_cov <- attempt(cholesky((inverse + t(inverse)) / 2))
  if (is.null(chol_cov)) {
    return(NULL)
  }
  out <- list(mean = theta - as.vector(inverse %*% g), chol_cov = chol_cov)
  z <- matched_noise(elbo_draws, d)
  draws <- gaussian_draws(out, z)
  if (any(!is.finite(draws))) {
    return(NULL)
  }
  lp <- density_at(target, draws)$value
  out$elbo <- mean(lp) + mean(rowSums(z^2)) / 2 + spread_log_det(out) + 0.5 * d * log(2 * pi)
  if (is.finite(out$elbo)) out
}

# Draws of all paths, weighed and resampled; one path stays a Gaussian. search: from search_paths().
pool_paths <- function(target, search, draws) {
  runs <- search$runs
  best <- runs[[which.max(vapply(runs, `[[`, 0, "elbo"))]]
  x <- new_approximation(target, "pathfinder", "fullrank",
    mean = best$mean, chol_cov = best$chol_cov
  )
  x$info <- list(
    path_elbo = vapply(runs, `[[`, 0, "elbo"), failed = search$failures,
    interrupted = search$interrupted, evaluations = sum(vapply(runs, `[[`, 0, "evaluations"))
  )
  x <- add_gaussian_draws(x, draws)
  if (length(runs) > 1) x <- resample_paths(target, x, runs, draws)
  suspect <- search$suspect || suspect_gradient(target, best$mean, spread_sds(best), "end")
  close <- isTRUE(x$info$khat <= khat_threshold(draws))
  x$info$converged <- close && fits_support(x$info) && !suspect
  warn_support(x)
  if (!close) {
    warn_covary("khat", "Pareto khat is ", format(x$info$khat, digits = 2),
      ": the draws of Pathfinder do not represent the target; use them as starting values only.",
      fields = list(khat = x$info$khat)
    )
  }
  x
}

# x with draws resampled by their importance weights from as many of each path.
resample_paths <- function(target, x, runs, draws) {
  parts <- lapply(runs, function(run) {
    z <- matched_noise(draws, target$dim)
    list(theta = gaussian_draws(run, z), lq = spread_log_density(run, z))
  })
  theta <- do.call(rbind, lapply(parts, `[[`, "theta"))
  lq <- unlist(lapply(parts, `[[`, "lq"))
  lp <- density_at(target, theta)$value
  w <- weigh_draws(lp, lq)
  rows <- sample(resample(w$weights, draws))
  x$mean <- NULL
  x$chol_cov <- NULL
  x$family <- "paths"
  x$draws <- theta[rows, , drop = FALSE]
  x$lp <- lp[rows]
  x$lq <- lq[rows]
  counted <- c("khat", "log_evidence", "outside", "undefined", "weighed")
  x$info[counted] <- w$info[counted]
  x$info$distinct <- length(unique(rows))
  x
}
