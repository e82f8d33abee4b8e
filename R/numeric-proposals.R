# Distributions that importance sampling draws from: the multivariate t, and noise whose radius
# follows a t.

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
