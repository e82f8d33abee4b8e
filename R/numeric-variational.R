# The Gaussian that maximises the ELBO of a function whose expectations are known, by its fixed
# point (Opper and Archambeau 2009): precision = -E[Hessian], mean moves by precision^-1
# E[gradient]; every step must not lower the ELBO. Where the fixed point attracts slowly (log sds of
# smooths that are hardly needed) two steps are extrapolated along the direction in which they
# shrink (Varadhan and Roland 2008).
#
# A state is list(mean, cov, precision, at, elbo, size): `at` holds value, gradient and Hessian of
# E log p, which `expect(mean, cov)` returns. With `diagonal`, sd_i = 1 / sqrt(precision_ii).

# In posterior sds: steps below it that shrink no more have reached rounding.
rounding_change <- 1e-5

# Most iterations, and the largest change (state_distance()) that ends them.
vi_limits <- function(iterations = 500L, tolerance = 1e-5) {
  list(iterations = iterations, tolerance = tolerance)
}

# From N(mean, cov), or N(safe, 0.01 I) where the ELBO is not finite there; keep(mean, cov) sees
# every step. A state without `precision` and `size`, with list(trace (ELBOs), converged,
# iterations).
gaussian_vi <- function(
  expect, mean, cov, diagonal = FALSE, limits = vi_limits(), keep = NULL, safe = mean
) {
  precision <- precision_of(cov)
  if (diagonal) precision <- diag(diag(precision), length(mean))
  state <- variational_start(expect, mean, precision)
  # With few rows the mode may be far out.
  if (is.null(state)) state <- variational_start(expect, safe, scaled_identity(precision, 100))
  if (is.null(state)) {
    stop_covary("numerics", "The ELBO is not finite at the start of the variational fit.")
  }
  trace <- state$elbo
  path <- list(state)
  converged <- FALSE
  change <- Inf
  for (i in seq_len(limits$iterations)) {
    new <- best_step(expect, state, diagonal)
    before <- change
    change <- if (is.null(new)) Inf else max(state_distance(new, state)) / new$size
    # Near the fixed point only rounding is left, and steps shrink no more.
    if (before < rounding_change && change > 0.9 * before) {
      converged <- TRUE
      break
    }
    if (is.null(new)) break
    path <- c(path, list(new))
    if (length(path) == 3) {
      new <- extrapolate(expect, path, new)
      path <- list(new)
    }
    state <- new
    trace <- c(trace, state$elbo)
    if (!is.null(keep)) keep(state$mean, state$cov)
    if (change < limits$tolerance) {
      converged <- TRUE
      break
    }
  }
  c(
    state[c("mean", "cov", "at", "elbo")],
    list(trace = trace, converged = converged, iterations = i)
  )
}

# Exponentials of wide Gaussians overflow: the start is narrowed until its ELBO is finite.
variational_start <- function(expect, mean, precision) {
  for (narrow in 10^(0:6)) {
    state <- variational_state(expect, mean, precision * narrow)
    if (!is.null(state)) {
      return(state)
    }
  }
}

# NULL where the precision is not positive definite or the ELBO not finite.
variational_state <- function(
  expect, mean, precision, size = 1, chol_precision = chol_or_null(precision)
) {
  if (is.null(chol_precision)) {
    return(NULL)
  }
  cov <- covariance_of(chol_precision)
  at <- expect(mean, cov)
  elbo <- at$value - sum(log(factor_diagonal(chol_precision))) +
    0.5 * length(mean) * (1 + log(2 * pi))
  if (is.finite(elbo)) {
    list(
      mean = mean, cov = cov, precision = precision, at = at, elbo = elbo,
      size = size
    )
  }
}

# Full steps overshoot where curvature changes fast and then zigzag. A step after which the ELBO
# falls steeply along its direction is halved as long as that makes it better.
best_step <- function(expect, state, diagonal) {
  best <- NULL
  floor <- state$elbo - 1e-9 * (1 + abs(state$elbo))
  for (size in 0.5^(0:20)) {
    new <- variational_step(expect, state, size, diagonal)
    if (!is.null(new) && (if (is.null(best)) new$elbo >= floor else new$elbo > best$elbo)) {
      best <- new
    } else if (!is.null(best)) break
    if (!is.null(best) && (max(state_distance(best, state)) < 1e-5 || !overshoots(state, best))) {
      break
    }
  }
  best
}

# Half of the step along a parabola is better than all of it where the slope at its end is below
# minus a third of that at its start. The ELBO has slope E[gradient] in the mean and
# (E[Hessian] + precision) / 2 in the covariance.
overshoots <- function(old, new) {
  move <- new$mean - old$mean
  spread <- new$cov - old$cov
  slope <- function(at) {
    sum(at$at$gradient * move) +
      0.5 * sum((at$at$hessian + at$precision) * spread)
  }
  !isTRUE(slope(new) >= -slope(old) / 3)
}

variational_step <- function(expect, state, size, diagonal) {
  h <- -state$at$hessian
  if (!diagonal && size < 1) h <- (1 - size) * state$precision + size * h
  h <- robust_factor(h)
  mean <- state$mean + size * solve_chol(h$chol_precision, state$at$gradient)
  if (!diagonal) {
    return(variational_state(expect, mean, h$precision, size, h$chol_precision))
  }
  goal <- pmax(diag(-state$at$hessian), 1e-10)
  variational_state(
    expect, mean,
    diag((1 - size) * diag(state$precision) + size * goal, length(mean)), size
  )
}

# Changes in posterior sds, and of log sds
state_distance <- function(new, old) {
  sd <- sqrt(diagonal(new$cov))
  abs(c((new$mean - old$mean) / sd, log(sd) - 0.5 * log(diagonal(old$cov))))
}

extrapolate <- function(expect, path, fallback) {
  first <- state_distance(path[[2]], path[[1]])
  second <- state_distance(path[[3]], path[[2]])
  ratio <- sqrt(sum(second^2) / sum(first^2))
  if (!is.finite(ratio) || ratio < 0.3 || ratio >= 1 || sum(first^2) < 1e-16) {
    return(fallback)
  }
  reach <- ratio / (1 - ratio)
  for (share in c(1, 0.25)) {
    move <- function(field) {
      path[[3]][[field]] + share * reach *
        (path[[3]][[field]] - path[[2]][[field]])
    }
    new <- variational_state(expect, move("mean"), move("precision"))
    if (!is.null(new) && new$elbo >= fallback$elbo) {
      return(new)
    }
  }
  fallback
}

gaussian_entropy <- function(cov) UseMethod("gaussian_entropy")

#' @export
gaussian_entropy.covary_arrow <- function(cov) {
  pivots <- factor_diagonal(cov$chol_precision)
  0.5 * length(pivots) * (1 + log(2 * pi)) - sum(log(pivots))
}

#' @export
gaussian_entropy.default <- function(cov) {
  chol_cov <- chol_or_null(cov)
  if (is.null(chol_cov)) {
    return(NaN)
  }
  sum(log(diag(chol_cov))) + 0.5 * nrow(cov) * (1 + log(2 * pi))
}
