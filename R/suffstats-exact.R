# Cells: rows with equal covariates become one cell, whose responses are summarised by their
# weight, means and scatter. Exact, because the normal likelihood depends on nothing else
# (mathematics vignette, eq. 3).

# list(id (n), first (m: a row of each cell), stats ((1+k+k(k+1)/2) x m), observed (m, or NULL:
# rows-observed.R)), cells sorted by covariates so that the order of rows does not matter, complete
# ones first. Responses that are not observed count as zeros in `stats`. Rows share a cell if
# `share`: where means and scatter do not say all of them, each is a cell of its own.
new_cells <- function(frame, share = TRUE) {
  codes <- covariate_codes(frame$covariates)
  if (!share) codes <- c(codes, list(seq_len(frame$n)))
  observed <- observed_of_rows(frame$y)
  if (!is.null(observed)) codes <- c(list(-observed), codes)
  id <- combine_codes(codes, frame$n)
  first <- which(!duplicated(id))
  sorted <- first[do.call(order, c(unname(lapply(codes, `[`, first)), list(id[first])))]
  id <- match(id, id[sorted])
  scale <- apply(abs(frame$y), 2, max, na.rm = TRUE)
  scale[scale == 0] <- 1
  # Powers of two, so that scaling is exact and 1e300 does not overflow in squares.
  scale <- 2^floor(log2(scale))
  y <- sweep(frame$y, 2, scale, "/")
  if (!is.null(observed)) y[is.na(y)] <- 0
  list(
    id = id, first = sorted, m = length(sorted), y_scale = scale, observed = observed[sorted],
    stats = .Call(C_cells, id, length(sorted), y, row_weights(frame))
  )
}

# Overall means and sds of the responses (weights included), from the cells.
cells_moments <- function(cells) {
  k <- length(cells$y_scale)
  if (!is.null(cells$observed)) {
    return(moments_of_incomplete(cells, is_observed(cells$observed, k)))
  }
  n <- cells$stats[1, ]
  total <- sum(n)
  means <- cells$stats[1 + seq_len(k), , drop = FALSE]
  centre <- as.vector(means %*% n) / total
  d <- means - centre
  scatter <- d %*% (t(d) * n)
  chol <- cells$stats[-seq_len(1 + k), , drop = FALSE]
  at <- lower_places(k)
  for (i in seq_len(k)) {
    for (j in seq_len(k)) {
      for (l in seq_len(min(i, j))) {
        scatter[i, j] <- scatter[i, j] + sum(chol[at[i, l], ] * chol[at[j, l], ])
      }
    }
  }
  sds <- sqrt(diag(scatter) / total)
  list(
    n = total, share = rep(1, k), mean = centre * cells$y_scale, sd = sds * cells$y_scale,
    cor = scatter / total / outer(pmax(sds, .Machine$double.xmin), pmax(sds, .Machine$double.xmin))
  )
}

# Those of cells with missing responses; seen: k x m
moments_of_incomplete <- function(cells, seen) {
  k <- nrow(seen)
  n <- cells$stats[1, ]
  means <- cells$stats[1 + seq_len(k), , drop = FALSE]
  centre <- as.vector((means * seen) %*% n) / as.vector(seen %*% n)
  cells$stats[1 + seq_len(k), ] <- (means - centre) * seen
  out <- moments_of_sums(cells_to_sums(cells$stats, k), seen)
  out$mean <- (centre + out$mean) * cells$y_scale
  out$sd <- out$sd * cells$y_scale
  out
}

# Are these statistics of nodes (suffstats-node-columns.R) and not of cells, means and a root of
# their scatter? Nodes have more rows.
is_of_nodes <- function(stats, k) nrow(stats) > 1 + k + triangle_size(k)

# Cell statistics of (y - centre) / scale.
standardise_cells <- function(cells, centre, scale) {
  if (!is.null(cells$sums)) {
    return(standardise_nodes(cells, centre, scale))
  }
  if (!is.null(cells$y_centre)) centre <- centre - cells$y_centre
  k <- length(scale)
  out <- cells$stats
  rows <- cells$y_scale / scale
  away <- centre / cells$y_scale
  if (!is.null(cells$observed)) away <- away * is_observed(cells$observed, k)
  out[1 + seq_len(k), ] <- (out[1 + seq_len(k), , drop = FALSE] - away) * rows
  root_row <- lower_pairs(k)[, 1]
  out[-seq_len(1 + k), ] <- out[-seq_len(1 + k), , drop = FALSE] * rows[root_row]
  out
}

# ---- class covary_suffstats_exact ------------------------------------------------------------

sum_exact <- function(common, rows, group) {
  n <- length(rows$y[[1]])
  y <- matrix(unlist(Map(
    function(v, centre, scale) (v - centre) / scale,
    rows$y, common$scaling[, 1], common$scaling[, 2]
  ), use.names = FALSE), n)
  weights <- if (is.null(rows$weights)) rep(1, n) else as.double(rows$weights)
  id <- if (is.null(group)) rep(1L, n) else group
  new_suffstats_exact(common, .Call(C_cells, id, nrow(common$groups), y, weights))
}

#' @export
merge_sums.covary_suffstats_exact <- function(a, b, ids) {
  wide <- function(stats, at) {
    out <- matrix(0, nrow(stats), length(ids$observed))
    out[, at] <- stats
    out
  }
  a$stats <- .Call(C_merge_cells, a$k, wide(a$stats, ids$a), wide(b$stats, ids$b))
  a
}

#' @export
transform_responses.covary_suffstats_exact <- function(x, a, b) {
  k <- x$k
  x$stats[1 + seq_len(k), ] <- x$stats[1 + seq_len(k), , drop = FALSE] * a +
    b * is_observed(x$observed, k)
  rows <- row(diag(k))[lower.tri(diag(k), TRUE)]
  x$stats[-seq_len(1 + k), ] <- x$stats[-seq_len(1 + k), , drop = FALSE] * a[rows]
  x
}

#' @export
take_responses.covary_suffstats_exact <- function(x, at) {
  k <- x$k
  products <- sum_rows_of(k, at)[-seq_len(1 + length(at))] - 1 - k
  scatter <- chol_to_scatter(x$stats[-seq_len(1 + k), , drop = FALSE], k)[products, , drop = FALSE]
  x$stats <- rbind(x$stats[c(1, 1 + at), , drop = FALSE], scatter_to_chol(scatter, length(at)))
  keep_response_fields(x, at)
}

#' @export
keep_groups.covary_suffstats_exact <- function(x, keep) {
  x$stats <- x$stats[, keep, drop = FALSE]
  x$rows <- sum(x$stats[1, ])
  take_groups_of(x, keep)
}

#' @export
raw_sums.covary_suffstats_exact <- function(x) cells_to_sums(x$stats, x$k)

#' @export
group_of_sums.covary_suffstats_exact <- function(x) seq_len(ncol(x$stats))

#' @export
count_cells.covary_suffstats_exact <- function(x) ncol(x$stats)

#' @export
design_points.covary_suffstats_exact <- function(x, points = 400) {
  list(
    data = factor_groups(x), weights = x$stats[1, ],
    observed = if (!is_complete_suffstats(x)) x$observed
  )
}

# An exact covariate becomes the continuous one.
#' @export
add_axis.covary_suffstats_exact <- function(x, name) {
  x$covariates[[name]]$kind <- "continuous"
  values <- x$groups[[name]]
  rest <- groups_without(x, name)
  x[c("groups", "observed")] <- rest[c("groups", "observed")]
  groups <- length(rest$observed)
  range <- range(values)
  step <- choose_step(values, x$resolution)
  while (diff(floor(range * 2^step)) >= cells_limit) step <- step - 1
  axis <- axis_over(name, step, range)
  u <- values * 2^step - axis$first
  cell <- floor(u)
  power <- chebyshev_values(2 * (u - cell) - 1, 4)
  sums <- raw_sums(x)
  place <- as.integer(cell + axis$count * (rest$ids - 1)) + 1L
  used <- sort(unique(place))
  table <- array(0, c(moments_padded(x$k), 4, axis$count, groups))
  for (d in 1:4) {
    flat <- matrix(0, nrow(sums), axis$count * groups)
    flat[, used] <- t(rowsum(t(sums) * power[d, ], place))
    table[seq_len(nrow(sums)), d, , ] <- flat
  }
  new_suffstats_grid1d(common_fields(x), range, step, core_width(values), axis$first, table)
}
