# Twins of the normal density of any number of responses by canonical partial correlations, one
# row at a time, complex arguments allowed; eta: means, log sds, then c_21, c_31, c_32, ..

# Twice w of each pair, a k x k matrix of rows of eta
pair_rows <- function(k) {
  at <- matrix(0, k, k)
  at[upper.tri(at)] <- 2 * k + seq_len(k * (k - 1) / 2)
  t(at)
}

# Correlations from partial correlations by the textbook recursion: the correlation of i and j given
# those before l from those before l + 1, backwards.
naive_correlation <- function(k, c) {
  at <- pair_rows(k) - 2 * k
  r <- diag(k)
  for (i in seq_len(k)[-1]) {
    for (j in seq_len(i - 1)) {
      v <- tanh(c[at[i, j]] / 2)
      for (l in rev(seq_len(j - 1))) {
        a <- tanh(c[at[i, l]] / 2)
        b <- tanh(c[at[j, l]] / 2)
        v <- a * b + v * sqrt((1 - a^2) * (1 - b^2))
      }
      r[i, j] <- r[j, i] <- v
    }
  }
  r
}

naive_sigma <- function(k, eta) {
  sd <- exp(eta[k + seq_len(k)])
  naive_correlation(k, eta[-seq_len(2 * k)]) * outer(sd, sd)
}

# Log density of the observed responses of rows y (n x k) at one eta.
naive_density <- function(y, eta, observed = seq_len(ncol(y))) {
  v <- naive_sigma(ncol(y), eta)[observed, observed, drop = FALSE]
  d <- t(y[, observed, drop = FALSE]) - eta[observed]
  -0.5 * (length(observed) * log(2 * pi) + c(determinant(v)$modulus) + colSums(d * solve(v, d)))
}

# Whitened residuals (list of k) and what derivatives need, for rows y (n x k), eta (q x n).
partial_whiten <- function(y, eta) {
  k <- ncol(y)
  at <- pair_rows(k)
  z <- e <- list()
  before <- matrix(list(), k, k)
  for (i in seq_len(k)) {
    z[[i]] <- f <- (y[, i] - eta[i, ]) / exp(eta[k + i, ])
    for (j in seq_len(i - 1)) {
      before[[i, j]] <- f
      grow <- exp(eta[at[i, j], ] / 2)
      f <- (grow * (f - e[[j]]) + (f + e[[j]]) / grow) / 2
    }
    e[[i]] <- f
  }
  list(z = z, e = e, before = before)
}

partial_twin_rows <- function(y, eta) {
  k <- ncol(y)
  w <- eta[-seq_len(2 * k), , drop = FALSE] / 2
  sign <- ifelse(Re(w) > 0, 1, -1)
  log_cosh <- sign * w + log(1 + exp(-2 * sign * w)) - log(2)
  squares <- Reduce(`+`, lapply(partial_whiten(y, eta)$e, function(e) e * e))
  -k / 2 * log(2 * pi) - colSums(eta[k + seq_len(k), , drop = FALSE]) + colSums(log_cosh) -
    squares / 2
}

# Scores by running the steps of the whitening backwards: bar, the derivative by f and by e.
partial_twin_scores <- function(y, eta) {
  k <- ncol(y)
  at <- pair_rows(k)
  x <- partial_whiten(y, eta)
  ebar <- lapply(x$e, function(e) -e)
  out <- 0 * eta
  for (i in rev(seq_len(k))) {
    bar <- ebar[[i]]
    for (j in rev(seq_len(i - 1))) {
      grow <- exp(eta[at[i, j], ] / 2)
      f <- x$before[[i, j]]
      e <- x$e[[j]]
      turn <- (grow * (f - e) - (f + e) / grow) / 2
      tanh <- 1 - 2 / (1 + grow^2)
      out[at[i, j], ] <- bar * turn / 2 + tanh / 2
      ebar[[j]] <- ebar[[j]] - (grow - 1 / grow) / 2 * bar
      bar <- (grow + 1 / grow) / 2 * bar
    }
    out[k + i, ] <- -bar * x$z[[i]] - 1
    out[i, ] <- -bar / exp(eta[k + i, ])
  }
  out
}

# Random c of n points: moderate, and in every second point one pair with |partial correlation| from
# 0.99 to 1 - 1e-8.
random_pairs <- function(k, n) {
  pairs <- k * (k - 1) / 2
  c <- matrix(stats::rnorm(pairs * n, sd = 1 / sqrt(k - 1)), pairs)
  gap <- 10^stats::runif(n, -8, -2)
  gap[2] <- 1e-8
  for (i in seq(2, n, by = 2)) {
    c[sample(pairs, 1), i] <- sample(c(-1, 1), 1) * log((2 - gap[i]) / gap[i])
  }
  c
}

# Residuals (n x k) of standard normals e under the model with rows eta (q x n)
partial_spread <- function(e, c) {
  k <- ncol(e)
  at <- pair_rows(k) - 2 * k
  z <- e
  for (i in seq_len(k)) {
    f <- e[, i]
    for (j in rev(seq_len(i - 1))) {
      w <- c[at[i, j], ] / 2
      f <- (f + sinh(w) * e[, j]) / cosh(w)
    }
    z[, i] <- f
  }
  z
}

# Cells of `at` alone, in the layout of all k responses; at: a list, the responses of each cell
observed_cells <- function(k, at, y, weight, id) {
  all <- matrix(0, 1 + k + k * (k + 1) / 2, length(at))
  place <- matrix(0, k, k)
  place[lower.tri(place, TRUE)] <- 1 + k + seq_len(k * (k + 1) / 2)
  for (i in seq_along(at)) {
    o <- at[[i]]
    rows <- id == i
    cell <- twin_cells(y[rows, o, drop = FALSE], weight[rows], rep(1, sum(rows)))
    lower <- place[o, o, drop = FALSE]
    all[c(1, 1 + o, lower[lower.tri(lower, TRUE)]), i] <- cell
  }
  all
}

code_of <- function(at) as.integer(sum(2^(at - 1)))

patterns_of <- function(k) {
  lapply(seq_len(2^k - 1), function(code) which(bitwAnd(code, 2^(seq_len(k) - 1)) > 0))
}

partial_observed <- function(k, at) {
  list(name = "partial", responses = k, observed = vapply(at, code_of, 1L))
}

observed_case <- function(k, at, spread = 0.6) {
  m <- length(at)
  q <- predictors_of(k)
  id <- rep(seq_len(m), rep_len(c(1, 3, 6), m))
  y <- matrix(rnorm(length(id) * k), ncol = k)
  weight <- runif(length(id), 0.5, 2)
  list(
    k = k, at = at, id = id, y = y, weight = weight, eta = matrix(rnorm(q * m, sd = spread), q),
    cells = observed_cells(k, at, y, weight, id), likelihood = partial_observed(k, at)
  )
}

normal_density <- function(y, mean, v) {
  d <- y - mean
  -0.5 * (length(d) * log(2 * pi) + c(determinant(v)$modulus) + sum(d * solve(v, d)))
}

# Value, score and Hessian of every cell of observed_case() by the C kernel. value(i, eta): log
# density of the observed responses of cell i.
expect_observed_derivatives <- function(x, k, value) {
  q <- predictors_of(k)
  out <- .Call(C_likelihood, x$likelihood, x$cells, x$eta)
  for (i in seq_along(x$at)) {
    f <- function(eta) value(i, eta)
    expect_close(out[1, i], f(x$eta[, i]), 1e-11, floor = 1)
    expect_close(out[1 + 1:q, i], c(difference_jacobian(f, x$eta[, i])), 1e-8, floor = 1)
    one <- x$likelihood
    one$observed <- one$observed[i]
    g <- function(eta) .Call(C_likelihood, one, x$cells[, i, drop = FALSE], cbind(eta))[1 + 1:q]
    expect_close(
      out[-(1:(1 + q)), i], c(difference_jacobian(g, x$eta[, i], 0.01)), 1e-8,
      floor = 1
    )
  }
}
