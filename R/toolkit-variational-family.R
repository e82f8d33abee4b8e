# Gaussian families, and the raw parameters in which stochastic optimisers move (family.c): means,
# then scales through softplus() and, of full-rank, the other entries of the Cholesky factor, of
# low-rank the columns of B.

softplus <- function(x) ifelse(x > 30, x, log1p(exp(x)))

inverse_softplus <- function(s) ifelse(s > 30, s, log(expm1(s)))

# list(name, dim, rank: columns of B, zero but for the low-rank family, noise: how many standard
# normal numbers make a draw)
new_variational_family <- function(name, dim, rank = NULL) {
  if (name != "lowrank") {
    rank <- 0L
  } else if (is.null(rank)) rank <- as.integer(min(ceiling(sqrt(dim)), max(1, floor(2e6 / dim))))
  rank <- min(rank, dim, 64L)
  list(
    name = name, dim = dim, rank = rank, noise = dim + rank
  )
}

# Positions (dim) of the scales among the raw parameters; of full-rank, those of the diagonal in the
# lower triangle by columns.
scale_positions <- function(family) {
  d <- family$dim
  if (family$name == "fullrank") {
    d + cumsum(c(1, rev(seq_len(d)[-1]))[seq_len(d)])
  } else {
    d + seq_len(d)
  }
}

# Raw parameters of means (dim) and independent standard deviations (1 or dim) to start from.
family_start <- function(family, mean, sd) {
  d <- family$dim
  out <- numeric(switch(family$name,
    meanfield = 2 * d,
    fullrank = d + d * (d + 1) / 2,
    lowrank = (2 + family$rank) * d
  ))
  out[seq_len(d)] <- mean
  out[scale_positions(family)] <- inverse_softplus(rep_len(sd, d))
  # columns of B must differ, or they would stay equal for ever
  if (family$name == "lowrank") {
    out[-seq_len(2 * d)] <- 0.1 * rep_len(sd, d) *
      cos(outer(seq_len(d), seq_len(family$rank)) * pi / (d + 1))
  }
  out
}

# Mean and spread (toolkit-spread.R) of the Gaussian with raw parameters par
family_moments <- function(family, par) {
  d <- family$dim
  s <- softplus(par[scale_positions(family)])
  mean <- par[seq_len(d)]
  if (family$name == "meanfield") {
    return(list(mean = mean, sd = s))
  }
  if (family$name == "lowrank") {
    return(list(mean = mean, factors = list(s = s, b = matrix(par[-seq_len(2 * d)], d))))
  }
  chol_cov <- t(lower_matrix(par[-seq_len(d)], d))
  diag(chol_cov) <- s
  list(mean = mean, chol_cov = chol_cov)
}

# The same, list(mean, ...), with a Cholesky factor whatever the family
dense_moments <- function(at) {
  if (is.null(at$chol_cov)) {
    at$chol_cov <- if (!is.null(at$sd)) {
      diag(at$sd, length(at$sd))
    } else {
      chol(low_rank_cov(at$factors))
    }
  }
  at
}

# Low-rank factors, list(s (d), b (d x rank)), of a covariance (d x d): B from the leading
# eigenvectors of the correlations without the shares of s^2 on the diagonal, s^2 what B leaves of
# the variances, in turns (principal factors).
low_rank_start <- function(cov, rank) {
  sd <- sqrt(diag(cov))
  r <- cov / outer(sd, sd)
  own <- rep(0.5, nrow(r))
  for (i in 1:50) {
    e <- eigen(r - diag(own, nrow(r)), symmetric = TRUE)
    at <- seq_len(rank)
    b <- e$vectors[, at, drop = FALSE] %*% diag(sqrt(pmax(e$values[at], 1e-8)), rank)
    own <- pmax(1 - rowSums(b^2), 1e-3)
  }
  list(s = sd * sqrt(own), b = sd * b)
}

low_rank_cov <- function(low) diag(low$s^2, length(low$s)) + tcrossprod(low$b)

# The factors, list(s (d), b (d x rank)), of S^2 + B B' that minimise KL(N(0, S^2 + B B') || N(0,
# precision^-1)), by L-BFGS over (log s, B) in units of `sd` (d), from the factors `start` or from
# those of precision^-1.
low_rank_nearest <- function(precision, sd, rank, start = NULL) {
  d <- length(sd)
  precision <- precision * outer(sd, sd)
  start <- if (is.null(start)) {
    low_rank_start(solve_spd(precision), rank)
  } else {
    list(s = start$s / sd, b = start$b / sd)
  }
  factors <- function(par) list(s = exp(par[seq_len(d)]), b = matrix(par[-seq_len(d)], d))
  value <- function(par) {
    cov <- low_rank_cov(factors(par))
    0.5 * sum(precision * cov) - sum(log(diag(chol(cov))))
  }
  gradient <- function(par) {
    at <- factors(par)
    slope <- precision - solve_spd(low_rank_cov(at))
    c(at$s^2 * diag(slope), slope %*% at$b)
  }
  # shares of the sds; the bounds only keep the search among proper covariances
  best <- stats::optim(c(log(start$s), start$b), value, gradient,
    method = "L-BFGS-B",
    lower = rep(c(-8, -10), c(d, d * rank)),
    upper = rep(c(2, 10), c(d, d * rank)), control = list(maxit = 500, lmm = 20, factr = 1e6)
  )
  at <- factors(best$par)
  list(s = sd * at$s, b = sd * at$b)
}
