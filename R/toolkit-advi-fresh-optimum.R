# How far a fit of few parameters is from the optimum over draws that it has not seen.
#
# The fixed-point equations of the ELBO have a residual r, which is zero at the optimum. Where the
# curvature of the target changes over the posterior (curved valleys, heavy tails), r is much
# smaller than the way that is left: with H the change of r along a move, that is H^-1 r. Products
# H v are differences of r over the same draws, so that their noise cancels; a few of them are
# enough to see directions in which H is small. More would follow the noise of r, which the
# full-rank family has in many more numbers.

# Of more parameters the draws of a certificate say too little about H, and over many rows they are
# few.
sees_curvature <- function(target) target$dim <= 20 && target$rows <= 20000

# Products H v
most_products <- c(meanfield = 5L, fullrank = 3L)

# Longest move of a probe, in sds
probe_reach <- 0.1

# `residual`: v -> r after the move v; `here`: r where the fit is
way_to_optimum <- function(residual, here, most) {
  if (!all(is.finite(here)) || sqrt(sum(here^2)) < 1e-8) {
    return(here)
  }
  solve_minimal_residual(function(v) {
    size <- probe_reach / max(abs(v))
    (here - residual(size * v)) / size
  }, here, most)
}

# H x = r in the space of r, H r, H^2 r
solve_minimal_residual <- function(times, r, most) {
  basis <- matrix(r / sqrt(sum(r^2)))
  images <- matrix(0, length(r), 0)
  repeat {
    v <- times(basis[, ncol(basis)])
    if (!all(is.finite(v))) {
      return(v * NaN)
    }
    images <- cbind(images, v)
    if (ncol(images) == most) break
    for (i in 1:2) v <- v - basis %*% crossprod(basis, v)
    if (sqrt(sum(v^2)) < 1e-6 * sqrt(sum(images[, ncol(images)]^2))) break
    basis <- cbind(basis, v / sqrt(sum(v^2)))
  }
  weights <- qr.coef(qr(images), r)
  as.vector(basis %*% ifelse(is.na(weights), 0, weights))
}

# Full rank, in the frame x = mean + L y: a move (shift m, S symmetric) leads to N(m, B B'),
# B = I + S / 2, where r = (E[g], (B B')^-1 + E[g z'] B^-1) with g the gradient by y.
full_way <- function(target, mean, chol_cov, z) {
  d <- length(mean)
  own <- seq_len(d)
  residual <- function(v) {
    b <- diag(d) + matrix(v[-own], d) / 2
    y <- v[own] + b %*% z
    g <- chol_cov %*% gradient_at(target, mean + crossprod(chol_cov, y))
    inverse <- attempt(solve(b))
    if (is.null(inverse)) {
      return(v * NaN)
    }
    stretch <- tcrossprod(g, z) %*% inverse / ncol(z)
    c(rowMeans(g), tcrossprod(inverse) + (stretch + t(stretch)) / 2)
  }
  way_to_optimum(residual, residual(numeric(d + d^2)), most_products[["fullrank"]])
}

# list(rms, mean, scale), as whitened_error() has it
full_way_error <- function(target, mean, chol_cov, noise) {
  d <- length(mean)
  each <- vapply(noise, function(z) full_way(target, mean, chol_cov, paired(z)), numeric(d + d^2))
  if (!all(is.finite(each))) {
    return(unknown_error(d))
  }
  variances <- d + seq(1, d^2, by = d + 1)
  summarise_errors(each[seq_len(d), , drop = FALSE], each[variances, , drop = FALSE] / 2)
}

# Mean-field: moves of the mean in sds and of log sds. `inverse`: of A = sd E[-H] sd, with which the
# residual of the mean is a move too. `here`: what look_along() says of the fit.
diagonal_way <- function(target, mean, sd, z, inverse, here) {
  own <- seq_along(mean)
  residual <- function(seen, by) c(inverse %*% (seen$mean / by), seen$log_sd / 2)
  way_to_optimum(function(v) {
    by <- exp(v[-own])
    residual(look_along(target, mean + sd * v[own], sd * by, z, FALSE), by)
  }, residual(here, 1), most_products[["meanfield"]])
}

# list(rms, mean, scale, step), as diagonal_error() has it; `seen`: look_along() for each of `noise`
diagonal_way_error <- function(target, mean, sd, noise, seen, tolerance) {
  d <- length(mean)
  own <- seq_len(d)
  inverse <- inverse_curvature(sampled_curvature(target, mean, sd, noise, seen))
  each <- vapply(seq_along(noise), function(i) {
    diagonal_way(target, mean, sd, noise[[i]], inverse, seen[[i]])
  }, numeric(2 * d))
  if (!all(is.finite(each))) {
    return(unknown_error(d))
  }
  scaled_errors(each[own, , drop = FALSE], each[-own, , drop = FALSE], function() {
    sqrt(pmax(1, diag(inverse)))
  }, tolerance)
}
