# The posterior of the effects of a level given its people: a mode, and an integral about it.

# list(mean, cov, keys) of the effects of a level on predictors `keys`, NULL where its people are so
# far from the chart that they cannot be computed. values: predictors of its people
# without it, by key; y: n x K.
level_posterior <- function(chart, values, y, keys, site) {
  sds <- vapply(keys, function(key) effect_table(chart, key, site)$sd, 0)
  if (any(sds == 0)) {
    stop_chart("a random effect has no variance", "fit again with a prior of `sds` above zero")
  }
  log_posterior <- function(u) {
    level_log_likelihood(chart, values, y, keys, sweep(u, 2, sds, "*")) - rowSums(u^2) / 2
  }
  top <- newton_by_differences(log_posterior, length(keys))
  if (is.null(top)) {
    return(NULL)
  }
  moments <- quadrature_moments(log_posterior, top)
  list(
    mean = signif(moments$mean * sds, 12), cov = moments$cov * outer(sds, sds), keys = keys
  )
}

# Log likelihood of a level's people for many effects (points x keys).
level_log_likelihood <- function(chart, values, y, keys, effects) {
  likelihood <- chart_likelihood(chart)
  points <- nrow(effects)
  out <- numeric(points)
  for (pattern in observed_patterns(y)) {
    rows <- pattern$rows
    spread <- lapply(values, function(v) matrix(rep(v[rows], each = points), points))
    for (i in seq_along(keys)) spread[[keys[i]]] <- spread[[keys[i]]] + effects[, i]
    eta <- likelihood$marginal(in_shape_of_eta(chart, spread), pattern$observed)
    observed <- lapply(pattern$observed, function(k) matrix(rep(y[rows, k], each = points), points))
    out <- out + rowSums(likelihood$log_density(observed, eta))
  }
  out
}

# The mode of a log density of d numbers that takes many points at once (points x d), with the
# factor of its inverse negative Hessian: list(mode, root), or NULL where steps do not come to rest.
newton_by_differences <- function(f, d, step = 1e-3, most = 100) {
  pairs <- lower_pairs(d)
  shifts <- rbind(0, step * diag(d), -step * diag(d), pair_shifts(pairs, d, step))
  mode <- numeric(d)
  for (i in seq_len(most)) {
    v <- f(sweep(shifts, 2, mode, "+"))
    if (!all(is.finite(v))) {
      return(NULL)
    }
    local <- difference_derivatives(v, pairs, d, step)
    root <- chol(local$information)
    move <- backsolve(root, forwardsolve(t(root), local$gradient))
    tries <- sweep(outer(0.5^(0:8), move), 2, mode, "+")
    at <- f(tries)
    mode <- tries[which.max(at), ]
    if (max(abs(move)) < 1e-5) break
  }
  # In posterior sds
  if (max(abs(root %*% move)) < 0.01) list(mode = mode, root = root)
}

pair_shifts <- function(pairs, d, step) {
  pairs <- pairs[pairs[, 1] != pairs[, 2], , drop = FALSE]
  do.call(rbind, lapply(seq_len(nrow(pairs)), function(i) {
    out <- numeric(d)
    out[pairs[i, ]] <- step
    rbind(out, -out)
  }))
}

# Gradient and negative Hessian from values at the shifts; where that is not positive, its diagonal
# is lifted.
difference_derivatives <- function(v, pairs, d, step) {
  up <- v[1 + seq_len(d)]
  down <- v[1 + d + seq_len(d)]
  hessian <- diag((up + down - 2 * v[1]) / step^2, d)
  off <- pairs[pairs[, 1] != pairs[, 2], , drop = FALSE]
  for (i in seq_len(nrow(off))) {
    both <- v[1 + 2 * d + 2 * i - 1:0]
    j <- off[i, 1]
    k <- off[i, 2]
    hessian[j, k] <- hessian[k, j] <- (sum(both) - 2 * v[1]) / (2 * step^2) -
      (hessian[j, j] + hessian[k, k]) / 2
  }
  lowest <- min(eigen(-hessian, symmetric = TRUE, only.values = TRUE)$values)
  list(
    gradient = (up - down) / (2 * step), information = -hessian + diag(max(0, 0.5 - lowest), d)
  )
}

# Mean and covariance by Gauss-Hermite quadrature about the mode: d numbers, at most some 4,000
# points.
quadrature_moments <- function(f, top) {
  d <- length(top$mode)
  nodes <- normal_nodes(max(3, min(9, floor(4000^(1 / d)))))
  x <- as.matrix(expand.grid(rep(list(nodes$x), d)))
  log_weight <- rowSums(as.matrix(expand.grid(rep(list(log(nodes$weight)), d))))
  u <- sweep(t(backsolve(top$root, t(x))), 2, top$mode, "+")
  log_weight <- log_weight + f(u) + rowSums(x^2) / 2
  weight <- exp(log_weight - max(log_weight))
  weight <- weight / sum(weight)
  mean <- colSums(u * weight)
  list(mean = mean, cov = crossprod(sweep(u, 2, mean) * sqrt(weight)))
}
