# Which cell a row is in, and which rows and points are in a cell. The key of a cell is
# index_1 + count_1 (index_2 + count_2 (group - 1)), its index from 0 along each axis.

# The cells that hold rows, in the order of their nodes, and what became of these in a fit: list(
#   keys         c
#   per_cell     number of nodes a cell
#   point        c x axes: the place that all rows of a cell share, else NA
#   merged       c: is there one?
#   aggregation  see suffstats-nodes.R)
new_cell_index <- function(x, nodes, aggregation = NULL) {
  cells <- nodes$cells
  list(
    keys = cell_keys(cell_axes(x), lapply(seq_len(ncol(cells$index)), function(d) {
      cells$index[, d]
    }), cells$group),
    per_cell = nodes_per_cell(nodes), point = cells$point, merged = !is.na(cells$point[, 1]),
    aggregation = aggregation
  )
}

# index: a vector an axis
cell_keys <- function(axes, index, group) {
  key <- group - 1
  for (d in rev(seq_along(axes))) key <- key * axes[[d]]$count + index[[d]]
  key
}

# Where rows are: list(cell: number in the index, NA in none; weights: rows x nodes of a cell, by
# which values at its nodes give those at the row). group: number by row of all, NULL if there is
# one
cell_of_rows <- function(x, cells, covariates, rows, group) {
  axes <- cell_axes(x)
  along <- lapply(axes, function(axis) {
    u <- as.double(covariates[[axis$name]][rows]) * 2^axis$step - axis$first
    cell <- pmin(pmax(floor(u), 0), axis$count - 1)
    places <- nodes_of_cells(axis, cell + 1)
    list(
      index = cell,
      weights = t(map_cells(chebyshev_values(2 * (u - cell) - 1, 4), places$map, places$kind))
    )
  })
  key <- cell_keys(axes, lapply(along, `[[`, "index"), if (is.null(group)) 1 else group[rows])
  weights <- along[[1]]$weights
  for (more in along[-1]) {
    size <- ncol(weights)
    weights <- weights[, rep(seq_len(size), 4)] * more$weights[, rep(1:4, each = size)]
  }
  list(cell = match(key, cells$keys), weights = weights)
}

# A row of each of some cells (numbers in the index), of 5,000 rows that are looked at.
rows_in_cells <- function(x, index, frame, group, cells) {
  axes <- cell_axes(x)
  rows <- evenly_spaced(frame$n, 5000)
  at <- lapply(axes, function(axis) {
    floor(as.double(frame$covariates[[axis$name]][rows]) * 2^axis$step) - axis$first
  })
  key <- cell_keys(axes, at, if (is.null(group)) 1 else group[rows])
  found <- match(index$keys[cells], key)
  rows[found[!is.na(found)]]
}

# Places within the cells of an index, eleven along a covariate, both ends included; of cells whose
# rows share one point, that. About `most` of them. list(x (points x axes), group)
cell_points <- function(x, index, most = Inf) {
  cells <- length(index$keys)
  some <- evenly_spread_rows(cells, list(), min(cells, max(100, most / 11)))
  t <- c(seq(-1, 0.8, by = 0.2), 1 - 1e-9)
  key <- index$keys[some]
  axes <- cell_axes(x)
  at <- matrix(0, length(some) * length(t), length(axes), dimnames = list(NULL, axis_names(x)))
  for (d in seq_along(axes)) {
    axis <- axes[[d]]
    cell <- key %% axis$count
    key <- key %/% axis$count
    # Along the second covariate in another order.
    order <- (seq_along(t) * c(1, 4)[d]) %% 11 + 1
    place <- outer((t[order] + 1) / 2, axis$first + cell, "+") * 2^-axis$step
    place <- pmin(pmax(place, axis$range[1]), axis$range[2])
    point <- index$point[some, d]
    place[, !is.na(point)] <- rep(point[!is.na(point)], each = length(t))
    at[, d] <- as.vector(place)
  }
  list(x = at, group = rep(key + 1, each = length(t)))
}
