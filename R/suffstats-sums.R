# Sums of responses and of their products, by cell: columns (n, sum y, sum y y') of length
# 1 + k + k (k + 1) / 2, the products in the order of the lower triangle by column.

# Sums of z' = a z + b from those of z. stats: (1 + k + k(k+1)/2) x m raw sums; seen: k x m, where b
# counts, NULL for everywhere.
transform_sums <- function(stats, k, a, b, seen = NULL) {
  n <- stats[1, ]
  sums <- stats[1 + seq_len(k), , drop = FALSE]
  out <- stats
  b <- if (is.null(seen)) matrix(b, k, length(n)) else b * seen
  out[1 + seq_len(k), ] <- a * sums + b * rep(n, each = k)
  pair <- lower_pairs(k)
  for (i in seq_len(nrow(pair))) {
    j <- pair[i, 1]
    l <- pair[i, 2]
    out[1 + k + i, ] <- a[j] * a[l] * stats[1 + k + i, ] + a[j] * b[l, ] * sums[j, ] + a[l] *
      b[j, ] * sums[l, ] + b[j, ] * b[l, ] * n
  }
  out
}

# Raw sums (n, sums, products) of cells (n, means, lower Cholesky factor of the scatter).
cells_to_sums <- function(stats, k) {
  n <- stats[1, ]
  means <- stats[1 + seq_len(k), , drop = FALSE]
  out <- stats
  out[1 + seq_len(k), ] <- sweep(means, 2, n, "*")
  scatter <- chol_to_scatter(stats[-seq_len(1 + k), , drop = FALSE], k)
  pair <- lower_pairs(k)
  for (i in seq_len(nrow(pair))) {
    out[1 + k + i, ] <- scatter[i, ] + n * means[pair[i, 1], ] *
      means[pair[i, 2], ]
  }
  out
}

# Scatter of cells from its lower Cholesky factor, both k (k + 1) / 2 x m, and back
chol_to_scatter <- function(chol, k) {
  at <- lower_places(k)
  pair <- lower_pairs(k)
  out <- chol
  for (i in seq_len(nrow(pair))) {
    out[i, ] <- 0
    for (l in seq_len(min(pair[i, ]))) {
      out[i, ] <- out[i, ] + chol[at[pair[i, 1], l], ] *
        chol[at[pair[i, 2], l], ]
    }
  }
  out
}

scatter_to_chol <- function(scatter, k) {
  at <- lower_places(k)
  chol <- scatter
  for (j in seq_len(k)) {
    done <- seq_len(j - 1)
    pivot <- scatter[at[j, j], ] - colSums(chol[at[j, done], , drop = FALSE]^2)
    chol[at[j, j], ] <- sqrt(pmax(pivot, 0))
    for (i in seq_len(k - j) + j) {
      rest <- scatter[at[i, j], ] -
        colSums(chol[at[i, done], , drop = FALSE] * chol[at[j, done], , drop = FALSE])
      chol[at[i, j], ] <- ifelse(chol[at[j, j], ] > 0, rest / chol[at[j, j], ], 0)
    }
  }
  chol
}

# Rows of the sums of k responses that belong to some of them (numbers `at`)
sum_rows_of <- function(k, at) {
  c(1, 1 + at, 1 + k + lower_triangle(lower_places(k)[at, at, drop = FALSE]))
}
