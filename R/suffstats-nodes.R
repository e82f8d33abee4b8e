# Nodes: the points at which compressed rows enter a fit.
#
# Moments of degree below 4 over a cell are the statistics of 4 nodes: for any function f,
# sum_rows f(x_i) s_i is replaced by sum_nodes f(x_q) S_q, S_q = sum_rows L_q(x_i) s_i with the
# Lagrange polynomials L_q, exact where f is a cubic in the cell. Two covariates have the products
# of the nodes along each. Nodes of many cells are aggregated in the same way to a few Chebyshev
# nodes between the knots of a basis, where f is smooth.
# Mathematics vignette, eqs 20 (nodes) and 21 (error). S_q may have any sign: see likelihood.h.

# Nodes are list(
#   x      m x axes: places, a named column a continuous covariate
#   group  m: number of the group
#   stats  (1 + k + k (k + 1) / 2) x m: sums (n, y, y y')
# and of quadrature_nodes(), whose nodes follow each other cell by cell, 4^axes a cell,
#   cells  list(index: c x axes, numbers of the cells along the axes, from 0; group: c; point:
#          c x axes, the place that all rows of a cell share, NA where they share none)
# and of aggregate_nodes()
#   aggregation  list(size: number of nodes before, parts: a list(nodes: their numbers; from, count:
#          the nodes that stand for them are from + 1 to from + count; weights: function of the
#          values (count x v) of v functions there that returns those at `nodes`; NULL where the
#          nodes are themselves)).
new_nodes <- function(x, group, stats, cells = NULL, aggregation = NULL) {
  structure(list(x = x, group = group, stats = stats, cells = cells, aggregation = aggregation),
    class = "covary_nodes"
  )
}

nodes_per_cell <- function(nodes) 4^ncol(nodes$x)

# Nodes with cells whose rows share one place as single nodes, of the statistics of the rows; they
# stand at the end.
merge_point_cells <- function(nodes) {
  shared <- !is.na(nodes$cells$point[, 1])
  if (!any(shared)) {
    return(nodes)
  }
  size <- nodes_per_cell(nodes)
  keep <- rep(!shared, each = size)
  by_cell <- array(nodes$stats[, !keep, drop = FALSE], c(nrow(nodes$stats), size, sum(shared)))
  stats <- rowSums(aperm(by_cell, c(1, 3, 2)), dims = 2)
  new_nodes(
    x = rbind(nodes$x[keep, , drop = FALSE], nodes$cells$point[shared, , drop = FALSE]),
    group = c(nodes$group[keep], nodes$cells$group[shared]),
    stats = cbind(nodes$stats[, keep, drop = FALSE], stats)
  )
}

# The nodes of all parts; `size` nodes are before. parts: list(x, group, stats, nodes, weights)
join_nodes <- function(parts, size) {
  bind <- function(f, name) do.call(f, lapply(parts, `[[`, name))
  counts <- vapply(parts, function(part) length(part$group), 0L)
  from <- cumsum(c(0, counts))[seq_along(parts)]
  new_nodes(
    x = bind(rbind, "x"), group = bind(c, "group"), stats = bind(cbind, "stats"),
    aggregation = list(size = size, parts = Map(function(part, from, count) {
      c(part[c("nodes", "weights")], from = from, count = count)
    }, parts, from, counts))
  )
}

# Part of join_nodes() with the nodes i as they are
same_nodes <- function(nodes, i) {
  list(
    x = nodes$x[i, , drop = FALSE], group = nodes$group[i], stats = nodes$stats[, i, drop = FALSE],
    nodes = i
  )
}

# Data frame of the covariates at nodes, or at other points list(x, group).
node_data <- function(cells, nodes) {
  out <- lapply(factor_groups(cells), `[`, nodes$group)
  for (name in continuous_names(cells)) {
    out[[name]] <- restore_column(nodes$x[, name], cells$covariates[[name]])
  }
  unchecked_frame(out[names(cells$covariates)], length(nodes$group))
}

# Standardised node statistics: z' = (y - centre) / scale from sums of (y - y_centre) / y_scale.
standardise_nodes <- function(cells, centre, scale) {
  k <- length(scale)
  seen <- if (!is.null(cells$observed)) is_observed(cells$observed, k)
  sums <- transform_sums(
    cells$sums, k, cells$y_scale / scale, (cells$y_centre - centre) / scale, seen
  )
  nodes_of_sums(sums, k, cells$observed)
}

# Nodes as the cells of a target.
node_cells <- function(cells, nodes) {
  size <- 1 + cells$k + triangle_size(cells$k)
  list(
    id = NULL, first = seq_len(ncol(nodes$stats)), m = ncol(nodes$stats),
    y_scale = cells$scaling[, 2], y_centre = cells$scaling[, 1],
    sums = nodes$stats[seq_len(size), , drop = FALSE],
    observed = if (!is_complete_suffstats(cells)) cells$observed[nodes$group]
  )
}
