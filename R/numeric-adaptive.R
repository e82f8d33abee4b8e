# Adaptive importance sampling: each round draws from a multivariate t with the moments found so
# far, and all points of all rounds are weighed against the mixture of their proposals (Cornuet,
# Marin, Mira and Robert 2012), which bounds the weights.

# A sample is list(points, log_p, log_q, proposals, sizes, weights, khat, log_mean). `df = Inf` is a
# normal.

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

log_mixture <- function(sample) {
  each <- vapply(sample$proposals, log_t_proposal, numeric(nrow(sample$points)),
    points = sample$points
  )
  top <- do.call(pmax, lapply(seq_len(ncol(each)), function(j) each[, j]))
  top + log(as.vector(exp(each - top) %*% (sample$sizes / sum(sample$sizes))))
}

# A t with the weighted moments of the sample, a little wider
moment_proposal <- function(sample, df = 5) {
  at <- moments(sample$points, sample$weights)
  new_t_proposal(at$mean, at$cov * 1.1 + diag(1e-8, length(at$mean)), df)
}

moments <- function(points, weights) {
  mean <- colSums(points * weights) / sum(weights)
  centred <- sweep(points, 2, mean)
  list(mean = mean, cov = crossprod(centred, centred * weights))
}

new_t_proposal <- function(mean, cov, df) list(mean = mean, root = chol(cov), df = df)

draw_t_proposal <- function(p, n) {
  z <- matched_noise(n, length(p$mean))
  if (is.finite(p$df)) z <- z * sqrt(p$df / stats::rchisq(n, p$df))
  sweep(z %*% p$root, 2, p$mean, "+")
}

log_t_proposal <- function(p, points) {
  n <- length(p$mean)
  square <- colSums(backsolve(p$root, t(points) - p$mean, transpose = TRUE)^2)
  constant <- -sum(log(diag(p$root)))
  if (is.infinite(p$df)) {
    return(constant - 0.5 * n * log(2 * pi) - 0.5 * square)
  }
  constant + lgamma((p$df + n) / 2) - lgamma(p$df / 2) - 0.5 * n * log(p$df * pi) -
    0.5 * (p$df + n) * log1p(square / p$df)
}
