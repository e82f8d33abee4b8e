# Mode and curvature of a log density, and noise to draw from Gaussians.

# Newton's method for base(beta) - sum(penalty * beta^2) / 2, with backtracking.
# Ends when the squared Newton decrement, the squared distance to the mode in posterior sds, is
# below `tolerance`. list(mean, root: upper Cholesky factor of the precision, base: evaluation at
# the mode, ...)
longest_step <- 10 # in standardised units

newton_mode <- function(
  target, penalty, start = target$start, tolerance = 1e-10,
  max_iterations = 200L
) {
  beta <- start
  at <- target_base(target, beta)
  f <- at$value - 0.5 * sum(penalty * beta^2)
  if (!is.finite(f)) {
    beta[] <- 0
    at <- target_base(target, beta)
    f <- at$value - 0.5 * sum(penalty * beta^2)
  }
  if (!is.finite(f)) {
    stop_covary(
      "numerics",
      "The log posterior is not finite at the starting values; check offsets and priors."
    )
  }
  converged <- FALSE
  last <- Inf
  for (i in seq_len(max_iterations)) {
    g <- at$gradient - penalty * beta
    root <- ascent_chol(-at$hessian + diag(penalty, length(beta)), target$means)
    step <- backsolve(root, backsolve(root, g, transpose = TRUE))
    decrement <- sum(g * step)
    # Sums with signs at nodes can be unbounded: the way up ends in overflow.
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
    rounding <- 1e-14 * abs(f)
    moved <- FALSE
    for (size in 0.5^(0:40)) {
      trial <- beta + size * step
      new <- target_base(target, trial)
      f_new <- new$value - 0.5 * sum(penalty * trial^2)
      if (is.finite(f_new) && f_new >= f + 1e-4 * size * sum(g * step) - rounding) {
        moved <- TRUE
        break
      }
    }
    if (!moved) {
      converged <- decrement < max(tolerance, 1e-6)
      break
    }
    beta <- trial
    at <- new
    f <- f_new
  }
  list(mean = beta, root = root, base = at, value = f, converged = converged, iterations = i)
}

# n x d standard normal noise: antithetic pairs, so the mean is exactly 0, and, where n allows,
# sample covariance exactly the identity. What is linear or quadratic in a draw has no Monte Carlo
# error then.
matched_noise <- function(n, d) {
  if (d == 0) {
    return(matrix(0, n, 0))
  }
  half <- ceiling(n / 2)
  z <- stats::rnorm(half * d)
  dim(z) <- c(half, d)
  if (n %% 2 == 1) {
    z <- rbind(z, -z)[seq_len(n), , drop = FALSE]
    z <- z - rep(colMeans(z), each = n)
  }
  # Both halves of the pairs have the same scatter.
  halves <- 2 - n %% 2
  if (n > 4 * d + 10) {
    chol_cov <- cholesky(halves * tcrossprod(t(z)) / (n - 1))
    z <- z %*% backsolve(chol_cov, diag(d))
  }
  if (halves == 1) z else rbind(z, -z)
}
