# Statistics of nodes as the C core takes them (likelihood_normal.h).
#
# Sums (n, y, y y') of signed weights have any sign. One and two responses take them as they are,
# with a centre, which is zero in standardised units: 1 + 2 k + k (k + 1) / 2 numbers a node. More
# responses take k + 1 residuals (a, g, u), a number, a number and k numbers each, with
#   sum a (u - g m)(u - g m)'  =  the scatter about m, for any m:
# of rows (a, g, u) = (n, 1, mean) and (1, 0, column of a root of the scatter); where the sums are
# of no rows, the eigenvectors (g, u) and eigenvalues a of [n y'; y y y'].

# Nodes that lack responses have, of the observed ones, one residual more than these are, which come
# first, and zeros in all other places.

# Sums about zero (1 + k + k (k + 1) / 2 x m) -> statistics of nodes, and back. observed: m, which
# responses nodes have, NULL for all
nodes_of_sums <- function(sums, k, observed = NULL) {
  if (k > 2) {
    return(if (is.null(observed)) node_columns(sums, k) else columns_by_kind(sums, k, observed))
  }
  rbind(sums[1, ], matrix(0, k, ncol(sums)), sums[-1, , drop = FALSE])
}

sums_of_nodes <- function(stats, k) {
  if (k > 2) sums_of_columns(stats, k) else stats[-(1 + seq_len(k)), , drop = FALSE]
}

columns_by_kind <- function(sums, k, observed) {
  out <- matrix(0, (k + 1) * (k + 2), ncol(sums))
  for (kind in unique(observed)) {
    mine <- which(observed == kind)
    at <- which_observed(kind, k)
    places <- outer(c(1, 2, 2 + at), (k + 2) * (0:length(at)), "+")
    some <- sums[sum_rows_of(k, at), mine, drop = FALSE]
    out[places, mine] <- node_columns(some, length(at))
  }
  out
}

node_columns <- function(sums, k) {
  n <- sums[1, ]
  mean <- sums[1 + seq_len(k), , drop = FALSE] / rep(ifelse(n > 0, n, 1), each = k)
  pair <- lower_pairs(k)
  scatter <- sums[-seq_len(1 + k), , drop = FALSE] -
    mean[pair[, 1], , drop = FALSE] * mean[pair[, 2], , drop = FALSE] * rep(n, each = nrow(pair))
  root <- scatter_to_chol(scatter, k)
  out <- matrix(0, (k + 1) * (k + 2), ncol(sums))
  out[1, ] <- n
  out[2, ] <- 1
  out[2 + seq_len(k), ] <- mean
  for (j in seq_len(k)) {
    from <- (k + 2) * j
    out[from + 1, ] <- 1
    out[from + 2 + seq(j, k), ] <- root[lower_places(k)[seq(j, k), j], ]
  }
  off <- colSums(abs(sums_of_columns(out, k) - sums))
  signed <- which(!(off <= 1e-12 * colSums(abs(sums))))
  if (length(signed)) out[, signed] <- signed_columns(sums[, signed, drop = FALSE], k)
  out
}

signed_columns <- function(sums, k) {
  at <- jacobi_eigen(sums, k + 1)
  out <- matrix(0, (k + 1) * (k + 2), ncol(sums))
  for (j in seq_len(k + 1)) {
    from <- (k + 2) * (j - 1)
    out[from + 1, ] <- at$values[j, ]
    out[from + 1 + seq_len(k + 1), ] <- at$vectors[(k + 1) * (j - 1) + seq_len(k + 1), ]
  }
  out
}

sums_of_columns <- function(stats, k) {
  pair <- lower_pairs(k + 1)
  out <- matrix(0, nrow(pair), ncol(stats))
  for (residual in 0:k) {
    at <- residual * (k + 2) + 1
    a <- stats[at, ]
    out <- out + rep(a, each = nrow(pair)) * stats[at + pair[, 1], , drop = FALSE] *
      stats[at + pair[, 2], , drop = FALSE]
  }
  out
}

# Weights of cells or nodes (m)
cell_weights <- function(stats, k) {
  if (is_of_nodes(stats, k)) sums_of_nodes(stats, k)[1, ] else stats[1, ]
}

# Statistics of `scale` times the rows
count_stats <- function(stats, k, scale) {
  rest <- -seq_len(1 + k)
  if (!is_of_nodes(stats, k)) {
    stats[1, ] <- stats[1, ] * scale
    stats[rest, ] <- stats[rest, ] * sqrt(scale)
    return(stats)
  }
  weights <- if (k > 2) 1 + (k + 2) * (0:k) else seq_len(nrow(stats))[-(1 + seq_len(k))]
  stats[weights, ] <- stats[weights, ] * scale
  stats
}
