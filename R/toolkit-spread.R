# How a Gaussian of the toolkit spreads about its mean. One of the fields `chol_cov` (d x d, upper
# Cholesky factor of the covariance), `sd` (d: coordinates are independent) and `factors` (list(s:
# d, b: d x r), covariance diag(s^2) + b b') says so; what has d numbers is never made a matrix.
# The functions here take whatever holds `mean` (d) and such a field: fits, or lists.

spread_fields <- c("chol_cov", "sd", "factors")

is_gaussian <- function(x) !all(vapply(x[spread_fields], is.null, TRUE))

# Standard deviations (d) of the coordinates
spread_sds <- function(x) {
  if (!is.null(x$sd)) {
    x$sd
  } else if (!is.null(x$factors)) {
    sqrt(x$factors$s^2 + rowSums(x$factors$b^2))
  } else {
    sqrt(colSums(x$chol_cov^2))
  }
}

# Most parameters whose covariance is made a matrix.
most_covariance <- 5000

# The covariance (d x d)
spread_covariance <- function(x) {
  d <- length(x$mean)
  if (is.null(x$chol_cov) && d > most_covariance) {
    stop_covary("argument", "A covariance matrix of ", d, " parameters does not fit; vcov() gives ",
      "those of up to ", most_covariance, ". Use sd(), or cov() of some columns of as.matrix().",
      fields = list(arg = "object")
    )
  }
  if (!is.null(x$sd)) {
    diag(x$sd^2, d)
  } else if (!is.null(x$factors)) {
    low_rank_cov(x$factors)
  } else {
    crossprod(x$chol_cov)
  }
}

# How many standard normal numbers make a draw: d, with r factors d + r
spread_width <- function(x) length(x$mean) + if (is.null(x$factors)) 0 else ncol(x$factors$b)

# Draws (n x d) from standard normal noise z (n x spread_width())
gaussian_draws <- function(x, z) {
  n <- nrow(z)
  moved <- if (!is.null(x$sd)) {
    z * rep(x$sd, each = n)
  } else if (!is.null(x$factors)) {
    own <- seq_along(x$factors$s)
    z[, own, drop = FALSE] * rep(x$factors$s, each = n) + z[, -own, drop = FALSE] %*% t(x$factors$b)
  } else {
    z %*% x$chol_cov
  }
  moved + rep(x$mean, each = n)
}

# Log densities (n) of the Gaussian at its draws from noise z (n x spread_width())
spread_log_density <- function(x, z) {
  d <- length(x$mean)
  square <- if (is.null(x$factors)) {
    rowSums(z^2)
  } else {
    low_rank_square(x$factors, gaussian_draws(x, z) - rep(x$mean, each = nrow(z)))
  }
  -0.5 * square - spread_log_det(x) - 0.5 * d * log(2 * pi)
}

# Half of the log determinant of the covariance
spread_log_det <- function(x) {
  if (!is.null(x$sd)) {
    sum(log(x$sd))
  } else if (!is.null(x$factors)) {
    factor <- capacitance_factor(x$factors$b / x$factors$s)
    sum(log(x$factors$s)) + sum(log(abs(diag(factor))))
  } else {
    sum(log(abs(diag(x$chol_cov))))
  }
}

# Factors with specific variances s^2 above zero, where they are zero at the optimum of many a
# factor model: the identities below divide by them.
sound_factors <- function(low) {
  list(s = pmax(low$s, 1e-6 * sqrt(low$s^2 + rowSums(low$b^2))), b = low$b)
}

# A triangular factor (r x r) of I + A'A, A = S^-1 B (`scaled`, d x r): what determinants and
# inverses of S^2 + B B' come down to. Where S is so small that the I is lost in A'A, from the QR of
# A over I; NaN where S is zero, as it may be on the way of an optimiser.
capacitance_factor <- function(scaled) {
  r <- ncol(scaled)
  if (any(!is.finite(scaled))) {
    return(matrix(NaN, r, r))
  }
  factor <- attempt(chol(diag(r) + crossprod(scaled)))
  if (is.null(factor)) qr.R(qr(rbind(scaled, diag(r)))) else factor
}

# Squared lengths (n) of the rows of `moves` (n x d) in the metric of (S^2 + B B')^-1, by Woodbury
low_rank_square <- function(factors, moves) {
  scaled <- factors$b / factors$s
  w <- t(moves) / factors$s
  half <- backsolve(capacitance_factor(scaled), crossprod(scaled, w), transpose = TRUE)
  colSums(w^2) - colSums(half^2)
}

# Noise (n x d) as matched_noise() makes it, with moments matched in blocks of coordinates. Blocks
# are so narrow that there is a pair of antithetic draws for each of their coordinates.
blocked_noise <- function(n, d, most = 256) {
  width <- max(1, min(most, floor((n - 11) / 4)))
  if (d <= most || d < width) {
    return(matched_noise(n, d))
  }
  first <- seq(1, d, width)
  do.call(cbind, lapply(pmin(width, d - first + 1), function(k) matched_noise(n, k)))
}

# d x n halves of antithetic pairs (z, -z). Each coordinate has one draw in each of n strata (McKay,
# Beckman and Conover 1979), so that what is a sum over coordinates has little noise; in blocks of
# up to n coordinates they are orthogonal over the pairs, with squares of mean one, so that
# curvature within a block has none. `beside` (n x r, orthonormal columns): other coordinates of the
# same pairs, to which all are made orthogonal; blocks are so much narrower.
stratified_pairs <- function(n, d, beside = NULL) {
  width <- n - if (is.null(beside)) 0 else ncol(beside)
  first <- seq(1, d, width)
  parts <- lapply(pmin(width, d - first + 1), function(k) {
    strata <- vapply(seq_len(k), function(j) sample.int(n), integer(n))
    z <- stats::qnorm(0.5 + 0.5 * (strata - stats::runif(n * k)) / n)
    z <- matrix(z * sample(c(-1, 1), n * k, TRUE), n)
    if (!is.null(beside)) z <- z - beside %*% crossprod(beside, z)
    e <- svd(z)
    t(e$u %*% t(e$v)) * sqrt(n)
  })
  do.call(rbind, parts)
}

# The draws (d x 2 n) of such halves z (d x n): all z, then all -z
paired <- function(z) cbind(z, -z)
