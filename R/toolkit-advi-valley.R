# Flat valleys of the ELBO. Where a mean moves together with the log sds of other coordinates (sds
# of groups), or curvature changes over the posterior, the ELBO hardly changes along some
# directions. Slopes there are small far from its lowest place, and steps elsewhere have not learned
# how far that is. Such directions are looked for by Lanczos' method with few products, each a
# difference of gradients over the same draws: in certificates, and, of many parameters, before
# steps over fixed draws end.

# Over very many rows each product is dear
sees_valleys <- function(target) target$rows <= 20000

# Of few parameters the check against fresh draws sees them in time
is_small <- function(target) target$dim <= 20 && sees_valleys(target)

valley_products <- 8L
valley_pairs <- 16L

# A certificate has more of them where it has many draws (`noise`: its replicates).
certificate_valley <- function(noise) sum(vapply(noise, ncol, 0L)) %/% 4L

# Longest moves of a number, in sds. Central differences of long ones see what kinks do, and leave
# no second order; for the way short ones to one side, half of the work, are enough.
valley_reach <- c(central = 0.1, one_sided = 1e-3)

# In units of the family, where the curvature of a Gaussian is 1 by means and 2 by log sds
flat_curvature <- 0.8

# `gradient`: of minus the ELBO, at a move from here. list(s, y): moves of length one (p x n), and
# what they change in the gradient; n may be zero. So few numbers that products reach all of them
# are all taken. `here`: the gradient where no move is made, for differences to one side.
flat_directions <- function(gradient, p, here = NULL) {
  along <- function(v) {
    size <- valley_reach[[if (is.null(here)) "central" else "one_sided"]] / max(abs(v))
    if (is.null(here)) {
      (gradient(size * v) - gradient(-size * v)) / (2 * size)
    } else {
      (gradient(size * v) - here) / size
    }
  }
  q <- image <- matrix(0, p, 0)
  v <- stats::rnorm(p)
  for (i in seq_len(min(valley_products, p))) {
    for (twice in 1:2) v <- v - q %*% crossprod(q, v)
    if (sqrt(sum(v^2)) < 1e-8) break
    v <- v / sqrt(sum(v^2))
    change <- along(v)
    if (!all(is.finite(change))) break
    q <- cbind(q, v)
    image <- cbind(image, change)
    v <- change
  }
  # a gradient that is not finite near by
  if (ncol(q) == 0) {
    return(list(s = q, y = image))
  }
  inner <- crossprod(q, image)
  e <- eigen((inner + t(inner)) / 2, symmetric = TRUE)
  flat <- e$values > 0 & (e$values < flat_curvature | p <= valley_products)
  list(s = q %*% e$vectors[, flat, drop = FALSE], y = image %*% e$vectors[, flat, drop = FALSE])
}

remember_flat <- function(memory, flat, most = 20) {
  for (i in seq_len(ncol(flat$s))) memory <- lbfgs_update(memory, flat$s[, i], flat$y[, i], most)
  memory
}

# Errors of a fit (p x replicates) as a Newton step by coordinates has them, put right along flat
# directions by the slopes of the ELBO there (p x replicates).
correct_along <- function(errors, slopes, flat) {
  if (ncol(flat$s) == 0) {
    return(errors)
  }
  curvature <- crossprod(flat$s, flat$y)
  far <- solve((curvature + t(curvature)) / 2, crossprod(flat$s, slopes))
  errors + flat$s %*% (far - crossprod(flat$s, errors))
}

# A Newton step leads too far where curvature grows along it. The share of it at which the slope is
# zero, between those `before` and `after` all of it; half at least, since a straight step out of a
# curved valley says little of the way along it
share_of_step <- function(step, before, after) {
  here <- sum(step * before)
  there <- sum(step * after)
  if (isTRUE(there < 0 && here > 0)) max(0.5, here / (here - there)) else 1
}

# v -> slopes of the ELBO after that move, in the sds and log sds of here
diagonal_slopes <- function(target, mean, sd, z) {
  own <- seq_along(mean)
  function(v) {
    by <- exp(v[-own])
    at <- look_along(target, mean + sd * v[own], sd * by, z, FALSE)
    c(at$mean / by, at$log_sd)
  }
}

# Flat directions of a mean-field Gaussian
diagonal_flat <- function(target, mean, sd, z) {
  p <- 2 * length(mean)
  slopes <- diagonal_slopes(target, mean, sd, z)
  gradient <- function(v) -slopes(v)
  flat_directions(gradient, p, if (has_dear_gradient(target)) gradient(numeric(p)))
}

# Gradients made of many densities
has_dear_gradient <- function(target) target$kind == "r" && !identical(target$derivative, "given")

# The error of a full-rank fit, list(rms, mean, scale), as whitened_error() has it, and `plain`:
# without flat directions. `noise`: replicates of halves of pairs.
full_error <- function(target, mean, chol_cov, noise) {
  d <- length(mean)
  frame <- enter_frame(list(mean = mean, cov = crossprod(chol_cov)))
  gradient <- function(par, z) frame_objective(target, frame, par, FALSE, paired(z))$g
  slopes <- vapply(noise, function(z) -gradient(frame$par, z), frame$par)
  if (!all(is.finite(slopes))) {
    return(unknown_error(d))
  }
  # of fewer pairs than parameters the ELBO is flat by itself
  z <- stratified_pairs(max(d, valley_pairs, certificate_valley(noise)), d)
  flat <- flat_directions(
    function(v) gradient(v, z), length(frame$par),
    if (has_dear_gradient(target)) gradient(frame$par, z)
  )
  plain <- apply(slopes, 2, function(g) frame_direction(frame, g))
  summary_of <- function(errors) {
    own <- seq_len(d)
    summarise_errors(errors[own, , drop = FALSE], errors[d + own, , drop = FALSE])
  }
  errors <- correct_along(plain, slopes, flat)
  out <- summary_of(errors)
  step <- rowMeans(errors)
  after <- -gradient(step, do.call(cbind, noise))
  out <- shorten_error(out, share_of_step(step, rowMeans(slopes), after))
  out$plain <- summary_of(plain)$rms
  out
}
