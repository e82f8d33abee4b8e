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

# list(mean (d), cov (d x d)) of weighted points n x d; the weights of `cov` are taken as they are.
moments <- function(points, weights) {
  mean <- colSums(points * weights) / sum(weights)
  centred <- sweep(points, 2, mean)
  list(mean = mean, cov = crossprod(centred, centred * weights))
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
