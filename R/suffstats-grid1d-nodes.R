# Nodes of cells of one continuous covariate (suffstats-nodes.R).

#' @export
quadrature_nodes.covary_suffstats_grid1d <- function(x, degrees = 4) {
  d <- dim(x$table)
  size <- 1 + x$k + triangle_size(x$k)
  axis <- cell_axes(x)[[1]]
  filled <- filled_cells(x$table)
  cell <- filled[, 1]
  group <- filled[, 2]
  places <- nodes_of_cells(axis, cell)
  moments <- matrix(aperm(x$table[seq_len(size), , , , drop = FALSE], c(2, 1, 3, 4)), 4)
  if (degrees < 4) moments[seq(degrees + 1, 4), ] <- 0
  at <- outer(seq_len(size), size * (cell - 1 + d[3] * (group - 1)), "+")
  stats <- array(
    map_cells(moments[, at], places$map, rep(places$kind, each = size)),
    c(4, size, length(cell))
  )
  point <- (axis$first + cell - 1 + (point_of_moments(moments[, at[1, ], drop = FALSE]) + 1) / 2) *
    2^-axis$step
  new_nodes(
    x = matrix(places$x, dimnames = list(NULL, axis$name)), group = rep(group, each = 4),
    stats = matrix(aperm(stats, c(2, 1, 3)), size),
    cells = list(
      index = cbind(cell - 1), group = group,
      point = matrix(point, dimnames = list(NULL, axis$name))
    )
  )
}

# Where all rows of a cell share one x (single rows, ties), its place t in [-1, 1], else NA. counts:
# 4 x cells, moments of the weights
point_of_moments <- function(counts) {
  n <- counts[1, ]
  t <- counts[2, ] / n
  same <- abs(counts[3, ] / n - (2 * t^2 - 1)) < 1e-11 &
    abs(counts[4, ] / n - t * (4 * t^2 - 3)) < 1e-11
  ifelse(same & n > 0, t, NA_real_)
}

#' @export
aggregate_nodes.covary_suffstats_grid1d <- function(x, nodes, breaks, q) {
  breaks <- breaks[[1]]
  interval <- findInterval(nodes$x[, 1], breaks, all.inside = TRUE)
  half <- diff(breaks)[interval] / 2
  t <- chebyshev_nodes(q)
  values <- lagrange_values((nodes$x[, 1] - breaks[interval]) / half - 1, t)
  key <- interval + length(breaks) * (nodes$group - 1)
  parts <- lapply(unname(split(seq_along(key), match(key, unique(key)))), function(i) {
    if (length(i) <= q || sum(nodes$stats[1, i]) < 20 * q) {
      return(same_nodes(nodes, i))
    }
    first <- i[1]
    list(
      x = matrix(breaks[interval[first]] + half[first] * (t + 1), dimnames = dimnames(nodes$x)),
      group = rep(nodes$group[first], q),
      stats = nodes$stats[, i, drop = FALSE] %*% values[i, , drop = FALSE],
      nodes = i, weights = function(eta) values[i, , drop = FALSE] %*% eta
    )
  })
  join_nodes(parts, length(key))
}

#' @export
design_points.covary_suffstats_grid1d <- function(x, points = 400) {
  d <- dim(x$table)
  counts <- matrix(x$table[1, 1, , ], d[3], d[4])
  total <- colSums(counts)
  edge <- (x$first + seq_len(d[3] + 1) - 1) * 2^-x$step
  edge[1] <- max(edge[1], x$range[1])
  edge[d[3] + 1] <- min(edge[d[3] + 1], x$range[2])
  parts <- lapply(seq_len(d[4]), function(g) {
    n <- max(2, round(points * total[g] / sum(total)))
    cumulated <- c(0, cumsum(pmax(counts[, g], 0)))
    rising <- c(TRUE, diff(cumulated) > 0)
    p <- (seq_len(n) - 0.5) / n * cumulated[length(cumulated)]
    at <- stats::approx(cumulated[rising], edge[rising], p, ties = "ordered", rule = 2)$y
    list(x = at, group = rep(g, n), weight = rep(total[g] / n, n))
  })
  at <- unlist(lapply(parts, `[[`, "x"))
  at[c(which.min(at), which.max(at))] <- x$range
  group <- unlist(lapply(parts, `[[`, "group"))
  at <- matrix(at, dimnames = list(NULL, continuous_names(x)))
  list(
    data = node_data(x, list(x = at, group = group)),
    weights = unlist(lapply(parts, `[[`, "weight")),
    observed = if (!is_complete_suffstats(x)) x$observed[group]
  )
}
