# Axes: the cells along one continuous covariate. Number `cell` (from 1) of the axis is
# [first + cell - 1, first + cell) 2^-step; `range` are the ends of the data.

new_axis <- function(name, step, first, count, range) {
  list(name = name, step = step, first = first, count = count, range = range)
}

# The axis of cells of 2^-step that hold the range
axis_over <- function(name, step, range) {
  ends <- floor(range * 2^step)
  new_axis(name, step, ends[1], ends[2] - ends[1] + 1, range)
}

# The cells of an axis as passes of the C core take them (src/moments.h).
axis_grid <- function(axis) {
  list(inverse_width = 2^axis$step, first = axis$first, count = axis$count)
}

axis_names <- function(x) vapply(cell_axes(x), `[[`, "", "name")

halve_axis <- function(axis) axis_over(axis$name, axis$step + 1, axis$range)

# Numbers of the halves of cells: list(cell, inside: which of the 2 x cells lie within the range of
# the data)
halve_cells <- function(axis, cell) {
  half <- halve_axis(axis)
  out <- rep(2 * (axis$first + cell - 1), each = 2) + 0:1 - half$first + 1
  inside <- out >= 1 & out <= half$count
  list(cell = out[inside], inside = inside)
}

# Chebyshev nodes of cells; those of the outer cells lie within the range of the data. list(x (4 x
# cells), kind (by cell: 1 inner, 2 first, 3 last), t (4 nodes in [-1, 1], by kind), map (4 x 4, by
# kind): statistics of nodes from moments)
nodes_of_cells <- function(axis, cell) {
  width <- 2^-axis$step
  low <- (axis$first + cell - 1) * width
  count <- axis$count
  ends <- list(c(-1, 1), c(-1, 1), c(-1, 1))
  inside <- function(x, at) 2 * (x / width - (axis$first + at - 1)) - 1
  ends[[2]][1] <- max(-1, inside(axis$range[1], 1))
  ends[[3]][2] <- min(1, inside(axis$range[2], count))
  if (count == 1) ends[[2]][2] <- ends[[3]][2]
  t <- lapply(ends, function(e) {
    if (e[2] - e[1] < 0.02) e <- mean(e) + c(-0.01, 0.01)
    (e[1] + e[2]) / 2 + (e[2] - e[1]) / 2 * chebyshev_nodes(4)
  })
  kind <- ifelse(cell == 1, 2L, ifelse(cell == count, 3L, 1L))
  x <- vapply(t, function(v) v, numeric(4))[, kind, drop = FALSE]
  x <- (x + 1) / 2 * width + rep(low, each = 4)
  list(x = x, kind = kind, t = t, map = lapply(t, function(v) solve(chebyshev_values(v, 4))))
}

# x: 4 x cells, each times the map of its kind; nearly all are of the first.
map_cells <- function(x, maps, kind) {
  out <- maps[[1]] %*% x
  for (end in setdiff(unique(kind), 1L)) {
    mine <- which(kind == end)
    out[, mine] <- maps[[end]] %*% x[, mine]
  }
  out
}
