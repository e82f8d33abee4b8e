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
  elbo_draws <- check_count(elbo_draws, "elbo_draws", 2)
  history <- check_count(history, "history")
  iterations <- check_count(iterations, "iterations")
  check_number(jitter, "jitter", 0)
  iterations <- check_count(iterations, "iterations")
  centre <- read_start(start, target)
  runs <- list()
  failures <- 0
  suspect <- FALSE
  search <- function() {
    suspect <<- suspect_gradient(target, centre, 0.1, "start")
    while (length(runs) < paths && failures < 10) {
      run <- one_path(
        target, centre + stats::runif(target$dim, -jitter, jitter), elbo_draws,
        iterations, history
      )
      if (is.null(run)) failures <<- failures + 1 else runs <<- c(runs, list(run))
    }
  }
  interrupted <- FALSE
  tryCatch(search(), interrupt = function(e) interrupted <<- TRUE)
  if (interrupted && length(runs) == 0) {
    stop_covary("interrupted", "Pathfinder was interrupted before the first path was complete.")
  }
  if (length(runs) == 0) {
    stop_covary("start",
      "No path found a Gaussian over which the log density is finite; give other `start` values ",
      "or less `jitter`, or declare bounds by `transforms`.",
      fields = list(arg = "start")
    )
  }
  if (interrupted) {
    warn_covary(
      "interrupted", "Pathfinder was interrupted; ", length(runs), " of ",
      paths, " paths are kept."
    )
  }
  pool_paths(target, runs, draws, failures, interrupted, suspect)
}

# The best Gaussian along one path: list(mean, chol_cov, elbo), or NULL where the path fails.
one_path <- function(target, theta, elbo_draws, iterations, history) {
  evaluations <- 0
  objective <- function(x) {
    evaluations <<- evaluations + 1
    at <- density_at(target, matrix(x, 1), gradient = TRUE)
    list(f = -at$value, g = -as.vector(at$gradient))
  }
  at <- objective(theta)
  if (!is.finite(at$f) || any(!is.finite(at$g))) {
    return(NULL)
  }
  memory <- list(s = list(), y = list())
  alpha <- rep(1, length(theta))
  best <- NULL
  for (i in seq_len(iterations)) {
    inverse <- function(g) lbfgs_direction(g, memory, function(v) alpha * v)
    direction <- -inverse(at$g)
    if (i == 1) direction <- direction / max(1, sqrt(sum(at$g^2)))
    slope <- sum(direction * at$g)
    moved <- if (is.finite(slope) && slope < 0) line_search(objective, theta, direction, at, slope)
    if (is.null(moved)) break
    s <- moved$par - theta
    y <- moved$at$g - at$g
    if (isTRUE(sum(s * y) > 1e-12 * sum(y^2))) {
      alpha <- diagonal_update(alpha, s, y)
      memory <- lbfgs_update(memory, s, y, history)
    }
    gain <- at$f - moved$at$f
    theta <- moved$par
    at <- moved$at
    best <- better_gaussian(target, best, theta, at$g, memory, alpha, elbo_draws)
    if (gain < 1e-8 * (1 + abs(at$f))) break
  }
  if (!is.null(best)) best$evaluations <- evaluations
  best
}

# Gilbert and Lemarechal's update of the diagonal, as in the paper (algorithm 3)
diagonal_update <- function(alpha, s, y) {
  a <- sum(y^2 * alpha)
  b <- sum(y * s)
  c <- sum(s^2 / alpha)
  1 / (a / (b * alpha) + y^2 / b - a * s^2 / (b * c * alpha^2))
}

better_gaussian <- function(target, best, theta, g, memory, alpha, elbo_draws) {
  d <- length(theta)
  h <- vapply(seq_len(d), function(j) {
    lbfgs_direction(
      replace(numeric(d), j, 1), memory,
      function(v) alpha * v
    )
  }, numeric(d))
  h <- matrix(h, d)
  chol_cov <- attempt(cholesky((h + t(h)) / 2))
  if (is.null(chol_cov)) {
    return(best)
  }
  mean <- theta - as.vector(h %*% g)
  z <- matched_noise(elbo_draws, d)
  draws <- sweep(z %*% chol_cov, 2, mean, "+")
  if (any(!is.finite(draws))) {
    return(best)
  }
  lp <- density_at(target, draws)$value
  elbo <- mean(lp) + mean(rowSums(z^2)) / 2 + sum(log(diag(chol_cov))) + 0.5 * d * log(2 * pi)
  if (!is.finite(elbo) || (!is.null(best) && best$elbo >= elbo)) {
    return(best)
  }
  list(mean = mean, chol_cov = chol_cov, elbo = elbo)
}

# Draws of all paths, weighed and resampled; one path stays a Gaussian.
pool_paths <- function(target, runs, draws, failures, interrupted, suspect) {
  best <- runs[[which.max(vapply(runs, `[[`, 0, "elbo"))]]
  x <- new_approximation(target, "pathfinder", "fullrank",
    mean = best$mean, chol_cov = best$chol_cov
  )
  x$info <- list(
    path_elbo = vapply(runs, `[[`, 0, "elbo"), failed = failures,
    interrupted = interrupted, evaluations = sum(vapply(runs, `[[`, 0, "evaluations"))
  )
  x <- add_gaussian_draws(x, draws)
  if (length(runs) > 1) x <- resample_paths(target, x, runs, draws)
  suspect <- suspect || suspect_gradient(target, best$mean, sqrt(colSums(best$chol_cov^2)), "end")
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

resample_paths <- function(target, x, runs, draws) {
  parts <- lapply(runs, function(r) {
    z <- matched_noise(draws, target$dim)
    list(
      theta = sweep(z %*% r$chol_cov, 2, r$mean, "+"),
      lq = -0.5 * rowSums(z^2) - sum(log(diag(r$chol_cov))) - 0.5 * target$dim * log(2 * pi)
    )
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
