# Adaptive importance sampling: each round draws from a multivariate t with the moments found so
# far, and all points of all rounds are weighed against the mixture of their proposals (Cornuet,
# Marin, Mira and Robert 2012), which bounds the weights.
#
# A sample is list(points (n x d), log_p, log_q (n: log densities of target and mixture), proposals,
# sizes (points of each), weights, khat, log_mean (psis())). The sample of the first round is NULL.

importance_round <- function(
  sample, log_density, proposal, n,
  points = draw_t_proposal(proposal, n), log_p = log_density(points)
) {
  sample$points <- rbind(sample$points, points)
  sample$log_p <- c(sample$log_p, log_p)
  sample$proposals <- c(sample$proposals, list(proposal))
  sample$sizes <- c(sample$sizes, n)
  sample$log_q <- log_mixture(sample)
  w <- psis(sample$log_p - sample$log_q)
  sample[c("weights", "khat", "log_mean")] <- w[c("weights", "khat", "log_mean")]
  sample
}

# Log density at the points of the mixture of all proposals, each by its share of the points.
log_mixture <- function(sample) {
  each <- vapply(sample$proposals, log_t_proposal, numeric(nrow(sample$points)),
    points = sample$points
  )
  top <- do.call(pmax, lapply(seq_len(ncol(each)), function(j) each[, j]))
  top + log(as.vector(exp(each - top) %*% (sample$sizes / sum(sample$sizes))))
}

# A t with the weighted moments of the sample, a little wider.
moment_proposal <- function(sample, df = 5) {
  at <- moments(sample$points, sample$weights)
  new_t_proposal(at$mean, at$cov * 1.1 + diag(1e-8, length(at$mean)), df)
}

moments <- function(points, weights) {
  mean <- colSums(points * weights) / sum(weights)
  centred <- sweep(points, 2, mean)
  list(mean = mean, cov = crossprod(centred, centred * weights))
}

# A multivariate t with scale matrix `cov`; `df = Inf` is the normal.
new_t_proposal <- function(mean, cov, df) list(mean = mean, chol_cov = chol(cov), df = df)

draw_t_proposal <- function(p, n) {
  z <- matched_noise(n, length(p$mean))
  if (is.finite(p$df)) z <- z * sqrt(p$df / stats::rchisq(n, p$df))
  sweep(z %*% p$chol_cov, 2, p$mean, "+")
}

log_t_proposal <- function(p, points) {
  n <- length(p$mean)
  square <- colSums(backsolve(p$chol_cov, t(points) - p$mean, transpose = TRUE)^2)
  constant <- -sum(log(diag(p$chol_cov)))
  if (is.infinite(p$df)) {
    return(constant - 0.5 * n * log(2 * pi) - 0.5 * square)
  }
  constant + lgamma((p$df + n) / 2) - lgamma(p$df / 2) - 0.5 * n * log(p$df * pi) -
    0.5 * (p$df + n) * log1p(square / p$df)
}

# Log density of mean + chol_cov' z for standard normal z, whose rows are draws.
gaussian_log_density <- function(z, chol_cov) {
  -0.5 * rowSums(z^2) - sum(log(diag(chol_cov))) - 0.5 * ncol(z) * log(2 * pi)
}

# Points (n x d) that were resampled from a sample, with the moments of the weighted sample: an
# affine map close to the identity takes away the noise that resampling adds to them (Paananen,
# Piironen, Buerkner and Vehtari 2021). NULL where points are too few.
match_moments <- function(points, sample) {
  n <- nrow(points)
  if (n <= 4 * ncol(points) + 10) {
    return(NULL)
  }
  goal <- moments(sample$points, sample$weights / (1 - sum(sample$weights^2)))
  have <- moments(points, rep(1 / (n - 1), n))
  factors <- attempt(list(goal = cholesky(goal$cov), have = cholesky(have$cov)))
  if (is.null(factors)) {
    return(NULL)
  }
  z <- backsolve(factors$have, t(points) - have$mean, transpose = TRUE)
  t(crossprod(factors$goal, z) + goal$mean)
}

# Noise whose radius follows a t: tails as heavy as df says, `scale` times wider, in d dimensions
# (defensive importance sampling, Hesterberg 1995).
new_radial_t <- function(d) list(df = max(4, d / 4), scale = 1.1, d = d)

draw_radial_t <- function(law, n) {
  matched_noise(n, law$d) * sqrt(law$df / stats::rchisq(n, law$df)) * law$scale
}

# Log density of that noise relative to the standard normal, by the squared length of the noise.
radial_log_ratio <- function(law, square) {
  df <- law$df
  d <- law$d
  lgamma((df + d) / 2) - lgamma(df / 2) - 0.5 * d * log(df / 2) - d * log(law$scale) -
    0.5 * (df + d) * log1p(square / (df * law$scale^2)) + 0.5 * square
}

# The same for a mixture of `share` standard normal noise and 1 - share of that noise.
radial_mixture_log_ratio <- function(law, square, share) {
  ratio <- radial_log_ratio(law, square)
  top <- pmax(ratio, 0)
  top + log(share * exp(-top) + (1 - share) * exp(ratio - top))
}
