# The certificate of a mean-field Gaussian from fresh draws, without a matrix of its parameters: how
# far mean and log sds are from the optimum of the family.
#
# With g the gradient of the target at mean +- sd z, A = sd E[-H] sd:
#   mean    off by A^-1 sd E[g], in sds; the product by conjugate gradients, where A is applied by
#           differences of gradients at some of the draws
#   log sds off by (1 + sd E[g z]) / 2
# Other coordinates make noise in E[g z], which no number of draws that is much below that of the
# parameters takes away. So draws come as independent replicates, whose differences say the standard
# error of each number; its square is taken off, and what is left counts with the standard error of
# the mean of all those squares. An error is thus neither hidden by noise nor made of it.

replicates <- 4L

# A list of d x n / 4 halves of pairs, n pairs in all
replicate_noise <- function(n, d) {
  lapply(seq_len(replicates), function(i) stratified_pairs(max(1L, n %/% replicates), d))
}

# list(rms, mean, scale: errors by free number, in sds of the family (`in_family`), or of the
# posterior, which are larger, where only those can tell). With `values` the density must be finite
# at the draws too.
diagonal_error <- function(
  target, mean, sd, noise, tolerance = 0, values = TRUE, valleys = FALSE
) {
  seen <- lapply(noise, function(z) look_along(target, mean, sd, z, values))
  d <- length(mean)
  if (!all(vapply(seen, function(s) all(is.finite(c(s$mean, s$log_sd))), TRUE))) {
    return(unknown_error(d))
  }
  by_mean <- vapply(seen, function(s) s$mean, numeric(d))
  by_scale <- vapply(seen, function(s) s$log_sd, numeric(d))
  curve <- sampled_curvature(target, mean, sd, noise, seen)
  if (!valleys) {
    return(error_of_means(by_mean, by_scale, curve, tolerance))
  }
  z <- do.call(cbind, noise)
  few <- min(max(valley_pairs, certificate_valley(noise)), ncol(z))
  flat <- diagonal_flat(target, mean, sd, z[, seq_len(few), drop = FALSE])
  out <- error_of_means(by_mean, by_scale, curve, tolerance, flat)
  out$slopes <- rowMeans(rbind(by_mean, by_scale))
  out
}

unknown_error <- function(d) list(rms = Inf, mean = rep(Inf, d), scale = rep(Inf, d))

# The same from gradients by mean and log sd, in sds (d x replicates each); `flat`: directions of
# little curvature (toolkit-advi-valley.R)
error_of_means <- function(by_mean, by_scale, curve, tolerance, flat = NULL) {
  d <- curve$dim
  if (!all(is.finite(c(by_mean, by_scale)))) {
    return(unknown_error(d))
  }
  shift <- matrix(apply(matrix(by_mean, d), 2, function(v) solve_curvature(curve, v)), d)
  scale <- matrix(by_scale, d) / 2
  units <- function() posterior_units(curve)
  if (is.null(flat)) {
    return(scaled_errors(shift, scale, units, tolerance))
  }
  errors <- correct_along(rbind(shift, scale), rbind(by_mean, by_scale), flat)
  own <- seq_len(d)
  out <- scaled_errors(errors[own, , drop = FALSE], errors[-own, , drop = FALSE], units, tolerance)
  out$plain <- scaled_errors(shift, scale, units, tolerance)$rms
  out
}

# In sds of the family, or of the posterior where only those can tell
scaled_errors <- function(shift, scale, units, tolerance) {
  out <- summarise_errors(shift, scale)
  if (out$rms > tolerance && any(abs(out$mean) > abs(out$scale))) {
    out <- summarise_errors(shift / units(), scale)
  }
  out$step <- rowMeans(shift)
  out
}

# Such an error, of which a share may do, from the slopes after all of its step
shorten_diagonal <- function(target, mean, sd, noise, error) {
  step <- c(error$step, error$scale)
  after <- diagonal_slopes(target, mean, sd, do.call(cbind, noise))(step)
  shorten_error(error, share_of_step(step, error$slopes, after))
}

# The same where only a share of that step leads to the optimum
shorten_error <- function(error, share) {
  for (part in intersect(names(error), c("rms", "beyond_noise", "mean", "scale", "step"))) {
    error[[part]] <- share * error[[part]]
  }
  error
}

# The same of a Gaussian with a full covariance, in whose units the curvature is about one: from
# L' g (d x draws) at antithetic draws z of those replicates, all z before all -z.
whitened_error <- function(gradient, z, noise) {
  of <- rep(rep(seq_along(noise), vapply(noise, ncol, 0L)), 2)
  mean_of <- function(x) {
    vapply(seq_along(noise), function(i) rowMeans(x[, of == i, drop = FALSE]), x[, 1])
  }
  summarise_errors(
    matrix(mean_of(gradient), nrow(z)), matrix(mean_of((gradient + z) * z) / 2, nrow(z))
  )
}

# d x replicates each
summarise_errors <- function(shift, scale) {
  each <- rbind(shift, scale)
  estimate <- rowMeans(each)
  variance <- rowSums((each - estimate)^2) / (replicates * (replicates - 1))
  n <- length(estimate)
  square <- max(0, mean(estimate^2 - variance))
  doubt <- sqrt(sum(2 * variance^2 + 4 * pmax(estimate^2 - variance, 0) * variance)) / n
  own <- seq_len(n / 2)
  # how much of what the draws say is error of the fit, not noise of theirs
  share <- function(at) {
    if (!all(is.finite(variance))) {
      0
    } else if (any(variance[at] > 0)) {
      max(0, 1 - sum(variance[at]) / sum(estimate[at]^2))
    } else {
      1
    }
  }
  list(
    rms = sqrt(square + doubt), beyond_noise = sqrt(square), mcse = sqrt(mean(variance)),
    mean = estimate[own], scale = estimate[-own], share = c(mean = share(own), scale = share(-own))
  )
}

# Gradients by mean and log sd over the pairs z, in sds; `first`: the gradients of the first pairs
look_along <- function(target, mean, sd, z, values) {
  n <- ncol(z)
  moves <- sd * z
  theta <- cbind(mean + moves, mean - moves)
  g <- if (values) {
    at <- density_at(target, t(theta), gradient = TRUE)
    if (all(is.finite(at$value))) at$gradient else at$gradient * NaN
  } else {
    gradient_at(target, theta)
  }
  up <- g[, seq_len(n), drop = FALSE]
  down <- g[, n + seq_len(n), drop = FALSE]
  k <- seq_len(min(n, curvature_pairs(length(mean))))
  list(
    mean = sd * (rowSums(up) + rowSums(down)) / (2 * n),
    log_sd = 1 + sd * rowSums((up - down) * z) / (2 * n),
    first = cbind(up[, k, drop = FALSE], down[, k, drop = FALSE])
  )
}

# Pairs of the first replicate at which curvature is seen
curvature_pairs <- function(d) max(1, ceiling(16 / d))

sampled_curvature <- function(target, mean, sd, noise, seen) {
  k <- seq_len(min(ncol(noise[[1]]), curvature_pairs(length(mean))))
  moves <- sd * noise[[1]][, k, drop = FALSE]
  difference_curvature(
    target, cbind(mean + moves, mean - moves), sd, 1e-3, seen[[1]]$first
  )
}

# Sds of the posterior in those of the family: roots of the diagonal of A^-1, at least one
posterior_units <- function(curve) {
  d <- curve$dim
  probes <- if (d <= 8) diag(d) else matrix(sample(c(-1, 1), 8 * d, TRUE), d)
  solved <- apply(probes, 2, function(v) solve_curvature(curve, v))
  sqrt(pmax(1, rowSums(probes * solved) / if (d <= 8) 1 else 8))
}
