# Cells: rows with equal covariates become one cell, whose responses are summarised by their
# weight, means and scatter. Exact, because the normal likelihood depends on nothing else
# (mathematics vignette, eq. 3).

# list(id (n), first (m: a row of each cell), stats ((1+k+k(k+1)/2) x m)), cells sorted by
# covariates so that the order of rows does not matter.
new_cells <- function(frame) {
  codes <- covariate_codes(frame$covariates)
  id <- combine_codes(codes, frame$n)
  first <- which(!duplicated(id))
  sorted <- first[do.call(order, c(unname(lapply(codes, `[`, first)), list(id[first])))]
  id <- match(id, id[sorted])
  scale <- apply(abs(frame$y), 2, max)
  scale[scale == 0] <- 1
  # Powers of two, so that scaling is exact and 1e300 does not overflow in squares.
  scale <- 2^floor(log2(scale))
  y <- sweep(frame$y, 2, scale, "/")
  list(
    id = id, first = sorted, m = length(sorted), y_scale = scale,
    stats = .Call(C_cells, id, length(sorted), y, row_weights(frame))
  )
}

# Overall means and sds of the responses (weights included), from the cells.
cells_moments <- function(cells) {
  k <- length(cells$y_scale)
  n <- cells$stats[1, ]
  total <- sum(n)
  means <- cells$stats[1 + seq_len(k), , drop = FALSE]
  centre <- as.vector(means %*% n) / total
  d <- means - centre
  scatter <- d %*% (t(d) * n)
  root <- cells$stats[-seq_len(1 + k), , drop = FALSE]
  at <- lower_places(k)
  for (i in seq_len(k)) {
    for (j in seq_len(k)) {
      for (l in seq_len(min(i, j))) {
        scatter[i, j] <- scatter[i, j] + sum(root[at[i, l], ] * root[at[j, l], ])
      }
    }
  }
  sds <- sqrt(diag(scatter) / total)
  list(
    n = total, mean = centre * cells$y_scale, sd = sds * cells$y_scale,
    cor = scatter / total / outer(pmax(sds, .Machine$double.xmin), pmax(sds, .Machine$double.xmin))
  )
}

# Cell statistics of (y - centre) / scale.
standardise_cells <- function(cells, centre, scale) {
  if (!is.null(cells$sums)) {
    return(standardise_nodes(cells, centre, scale))
  }
  if (!is.null(cells$y_centre)) centre <- centre - cells$y_centre
  k <- length(scale)
  out <- cells$stats
  rows <- cells$y_scale / scale
  out[1 + seq_len(k), ] <- (out[1 + seq_len(k), , drop = FALSE] - centre / cells$y_scale) * rows
  root_row <- lower_pairs(k)[, 1]
  out[-seq_len(1 + k), ] <- out[-seq_len(1 + k), , drop = FALSE] * rows[root_row]
  out
}
