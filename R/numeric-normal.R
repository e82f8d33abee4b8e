# The multivariate normal distribution of many rows at once, for K responses.
#
# z, w: lists of K arrays (z = (y - mu) / sigma); r: K x K list matrix, r[[i, j]] (i > j) the rhobit
# predictor of the correlation of i and j, rho = tanh(r / 2). With L the Cholesky factor of the
# correlation matrix, z = L w. Its second row is written in r, because 1 - rho^2 = sech(r / 2)^2
# loses all digits near |rho| = 1.

log_cosh_half <- function(r) abs(r) / 2 + log1p(exp(-abs(r))) - log(2)

# list(root: K x K list matrix, log_det: sum of log diagonal)
correlation_root <- function(r) {
  k <- nrow(r)
  root <- matrix(list(), k, k)
  root[[1, 1]] <- 1
  log_det <- 0
  for (i in seq_len(k)[-1]) {
    left <- 1
    for (j in seq_len(i - 1)) {
      v <- tanh(r[[i, j]] / 2)
      for (l in seq_len(j - 1)) v <- v - root[[i, l]] * root[[j, l]]
      root[[i, j]] <- v / root[[j, j]]
      left <- left - root[[i, j]]^2
    }
    # Not positive definite (possible from three responses on): NaN.
    left[!is.na(left) & left <= 0] <- NaN
    log_diagonal <- if (i == 2) -log_cosh_half(r[[2, 1]]) else log(left) / 2
    root[[i, i]] <- exp(log_diagonal)
    log_det <- log_det + log_diagonal
  }
  list(root = root, log_det = log_det)
}

# w = L^-1 z: independent standard normals where z has the correlations of r.
whiten <- function(z, r, root = correlation_root(r)$root) {
  w <- z
  for (i in seq_along(z)[-1]) {
    if (i == 2) {
      half <- r[[2, 1]] / 2
      w[[2]] <- ((z[[2]] - z[[1]]) * exp(half) + (z[[2]] + z[[1]]) * exp(-half)) / 2
      next
    }
    for (j in seq_len(i - 1)) w[[i]] <- w[[i]] - root[[i, j]] * w[[j]]
    w[[i]] <- w[[i]] / root[[i, i]]
  }
  w
}

colour <- function(w, r) {
  root <- correlation_root(r)$root
  z <- w
  for (i in seq_along(w)[-1]) {
    z[[i]] <- Reduce(`+`, lapply(seq_len(i), function(j) root[[i, j]] * w[[j]]))
  }
  z
}

# Joint log density of standardised z; minus sum(log(sigma)) makes it that of y.
standard_log_density <- function(z, r) {
  factor <- correlation_root(r)
  w <- whiten(z, r, factor$root)
  squares <- Reduce(`+`, lapply(w, function(v) v^2))
  -0.5 * squares - factor$log_det - 0.5 * length(z) * log(2 * pi)
}
