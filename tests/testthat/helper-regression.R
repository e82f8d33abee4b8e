# Twins of the normal density by regressions of each response on those before it; eta: means, log
# sds given the responses before, then coefficients c_21, c_31, c_32, ..; complex arguments allowed.

regression_innovations <- function(y, eta) {
  k <- ncol(y)
  at <- pair_rows(k)
  d <- lapply(seq_len(k), function(i) y[, i] - eta[i, ])
  u <- d
  for (i in seq_len(k)) {
    for (j in seq_len(i - 1)) u[[i]] <- u[[i]] - eta[at[i, j], ] * d[[j]]
  }
  list(d = d, u = u)
}

regression_twin_rows <- function(y, eta) {
  k <- ncol(y)
  u <- regression_innovations(y, eta)$u
  out <- -k / 2 * log(2 * pi)
  for (i in seq_len(k)) out <- out - eta[k + i, ] - u[[i]]^2 * exp(-2 * eta[k + i, ]) / 2
  out
}

regression_twin_scores <- function(y, eta) {
  k <- ncol(y)
  at <- pair_rows(k)
  x <- regression_innovations(y, eta)
  out <- 0 * eta
  for (i in seq_len(k)) {
    wu <- x$u[[i]] * exp(-2 * eta[k + i, ])
    out[k + i, ] <- wu * x$u[[i]] - 1
    out[i, ] <- out[i, ] + wu
    for (j in seq_len(i - 1)) {
      out[at[i, j], ] <- wu * x$d[[j]]
      out[j, ] <- out[j, ] - wu * eta[at[i, j], ]
    }
  }
  out
}

# The covariance matrix of responses at one eta
regression_sigma <- function(k, eta) {
  at <- pair_rows(k)
  slopes <- diag(k)
  slopes[lower.tri(slopes)] <- -eta[at[lower.tri(at)]]
  root <- solve(slopes, diag(exp(eta[k + seq_len(k)]), k))
  tcrossprod(root)
}
