# Gaussian approximations of a log density, and noise to draw from them.

# Cholesky factor of a precision matrix; where it is not positive definite, that of the nearest
# matrix with the absolute eigenvalues (a descent direction all the same).
robust_chol <- function(h) {
  out <- tryCatch(chol(h), error = function(e) NULL)
  if (!is.null(out)) return(out)
  if (any(!is.finite(h))) stop_covary("numerics", "The curvature of the posterior is not finite.")
  e <- eigen(h, symmetric = TRUE)
  values <- pmax(abs(e$values), 1e-8 * max(abs(e$values), 1))
  chol(e$vectors %*% (values * t(e$vectors)))
}

# Newton's method for base(beta) - sum(penalty * beta^2) / 2, with backtracking.
# list(mean, root: upper Cholesky factor of the precision, base: evaluation at the mode, ...)
newton_mode <- function(target, penalty, start = target$start, max_iterations = 200L) {
  beta <- start
  at <- target_base(target, beta)
  f <- at$value - 0.5 * sum(penalty * beta^2)
  if (!is.finite(f)) {
    beta[] <- 0
    at <- target_base(target, beta)
    f <- at$value - 0.5 * sum(penalty * beta^2)
  }
  if (!is.finite(f)) stop_covary("numerics", "The log posterior is not finite at the starting values; check offsets and priors.")
  converged <- FALSE
  for (i in seq_len(max_iterations)) {
    g <- at$gradient - penalty * beta
    root <- robust_chol(-at$hessian + diag(penalty, length(beta)))
    step <- backsolve(root, backsolve(root, g, transpose = TRUE))
    decrement <- sum(g * step)
    if (decrement < 1e-12 * (1 + abs(f) * 1e-4)) {
      converged <- TRUE
      break
    }
    moved <- FALSE
    for (size in 0.5^(0:40)) {
      trial <- beta + size * step
      new <- target_base(target, trial)
      f_new <- new$value - 0.5 * sum(penalty * trial^2)
      if (is.finite(f_new) && f_new >= f + 1e-4 * size * decrement) {
        moved <- TRUE
        break
      }
    }
    if (!moved) {
      converged <- decrement < 1e-6
      break
    }
    beta <- trial
    at <- new
    f <- f_new
  }
  list(mean = beta, root = root, base = at, value = f, converged = converged, iterations = i)
}

# Gaussian variational approximation by its fixed point (Opper and Archambeau 2009):
# precision = -E[Hessian], mean moves by precision^-1 E[gradient]; steps are shortened until the
# ELBO grows. `expect(mean, cov)` returns value, gradient and Hessian of E log p.
# With `diagonal` the covariance is diagonal: sd_i = 1 / sqrt(precision_ii).
gaussian_vi <- function(expect, mean, cov, diagonal = FALSE, max_iterations = 200L, tolerance = 1e-5, keep = NULL) {
  if (diagonal) cov <- diag(1 / diag(solve_spd(cov)), length(mean))
  precision <- solve_spd(cov)
  at <- expect(mean, cov)
  elbo <- at$value + gaussian_entropy(cov)
  if (!is.finite(elbo)) stop_covary("numerics", "The ELBO is not finite at the start of the variational fit.")
  trace <- elbo
  converged <- FALSE
  for (i in seq_len(max_iterations)) {
    step <- best_step(expect, mean, precision, at, elbo, diagonal)
    if (is.null(step)) break
    trial <- step$trial
    shift <- max(abs(trial$mean - mean) / sqrt(diag(trial$cov)))
    stretch <- max(abs(diag(trial$cov) / diag(cov) - 1))
    mean <- trial$mean
    cov <- trial$cov
    precision <- trial$precision
    at <- step$at
    elbo <- step$elbo
    trace <- c(trace, elbo)
    if (!is.null(keep)) keep(mean, cov)
    if (shift / step$size < tolerance && stretch / step$size < tolerance) {
      converged <- TRUE
      break
    }
  }
  list(mean = mean, cov = cov, at = at, elbo = elbo, trace = trace, converged = converged, iterations = i)
}

# Full steps overshoot where curvature changes fast (log sds of smooths) and then zigzag, so half
# of an accepted step is tried as well and taken when it is better.
best_step <- function(expect, mean, precision, at, elbo, diagonal) {
  best <- NULL
  for (size in 0.5^(0:20)) {
    trial <- variational_step(mean, precision, at, size, diagonal)
    new <- expect(trial$mean, trial$cov)
    value <- new$value + gaussian_entropy(trial$cov)
    worse <- !is.finite(value) || value < max(best$elbo, elbo - 1e-9 * (1 + abs(elbo)))
    if (!worse) best <- list(trial = trial, at = new, elbo = value, size = size)
    else if (!is.null(best)) break
  }
  best
}

variational_step <- function(mean, precision, at, size, diagonal) {
  h <- -at$hessian
  step <- function(root) backsolve(root, backsolve(root, at$gradient, transpose = TRUE))
  if (diagonal) {
    full <- robust_chol(h)
    d <- (1 - size) * diag(precision) + size * pmax(diag(h), 1e-10)
    return(list(mean = mean + size * step(full), cov = diag(1 / d, length(d)), precision = diag(d, length(d))))
  }
  mixed <- (1 - size) * precision + size * h
  root <- robust_chol(mixed)
  list(mean = mean + size * step(root), cov = chol2inv(root), precision = crossprod(root))
}

solve_spd <- function(a) chol2inv(chol(a))

gaussian_entropy <- function(cov) {
  root <- tryCatch(chol(cov), error = function(e) NULL)
  if (is.null(root)) return(NaN)
  sum(log(diag(root))) + 0.5 * nrow(cov) * (1 + log(2 * pi))
}

# n x d standard normal noise: antithetic pairs, so the mean is exactly 0, and, where n allows,
# sample covariance exactly the identity. What is linear or quadratic in a draw has no Monte Carlo
# error then.
matched_noise <- function(n, d) {
  if (d == 0) return(matrix(0, n, 0))
  half <- ceiling(n / 2)
  z <- matrix(stats::rnorm(half * d), half, d)
  z <- rbind(z, -z)[seq_len(n), , drop = FALSE]
  if (n %% 2 == 1) z <- sweep(z, 2, colMeans(z))
  if (n > 4 * d + 10) z <- z %*% backsolve(chol(crossprod(z) / (n - 1)), diag(d))
  z
}
