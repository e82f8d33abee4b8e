# Which cell a row is in, and which rows and points are in a cell.

names_along <- function(object) {
  if (is_tensor(object)) {
    names(object$step)
  } else {
    continuous_names(object)
  }
}

# What node_reader() needs of the nodes: list(keys (of the filled cells), per_cell (nodes), point
# (of cells whose rows share one, a column a covariate), lumped (those cells), gathered).
node_chain <- function(object, fine, gathered) {
  size <- 4^length(names_along(object))
  first <- seq(1, length(fine$group), by = size)
  if (is_tensor(object)) {
    counts <- vapply(1:2, function(d) tensor_grid(object, d)$count, 0)
    low <- vapply(1:2, function(d) tensor_grid(object, d)$first, 0)
    keys <- (object$places[, 1] - low[1]) + counts[1] *
      ((object$places[, 2] - low[2]) + counts[2] * (object$places[, 3] - 1))
    point <- fine$point
  } else {
    grid <- cell_grid(object)
    cell <- fine$cell[first] - 1
    keys <- cell + grid$count * (fine$group[first] - 1)
    point <- cbind((grid$first + cell + (fine$point + 1) / 2) * 2^-grid$step)
  }
  list(
    keys = keys, per_cell = size, point = point, lumped = !is.na(point[, 1]),
    gathered = gathered
  )
}

# list(cell: number of the filled cell of each row, weights: rows x nodes of a cell)
cell_of_rows <- function(object, chain, covariates, rows, group) {
  group <- if (is.null(group)) 1 else group[rows]
  names <- names_along(object)
  along <- lapply(seq_along(names), function(d) {
    grid <- if (is_tensor(object)) tensor_grid(object, d) else cell_grid(object)
    u <- as.double(covariates[[names[d]]][rows]) * 2^grid$step - grid$first
    cell <- pmin(pmax(floor(u), 0), grid$count - 1)
    places <- cell_places(grid, cell + 1)
    list(
      cell = cell, count = grid$count,
      weights = t(map_cells(chebyshev_values(2 * (u - cell) - 1, 4), places$map, places$kind))
    )
  })
  key <- group - 1
  for (a in rev(along)) key <- key * a$count + a$cell
  weights <- along[[1]]$weights
  if (length(along) == 2) {
    weights <- along[[1]]$weights[, rep(1:4, 4)] *
      along[[2]]$weights[, rep(1:4, each = 4)]
  }
  list(cell = match(key, chain$keys), weights = weights)
}

# A row of each of some filled cells, of 5,000 rows that are looked at.
rows_in_cells <- function(ready, cells) {
  frame <- ready$held
  if (is.null(frame)) {
    return(NULL)
  }
  rows <- round(seq(1, frame$n, length.out = min(frame$n, 5000)))
  names <- names_along(ready$object)
  key <- if (is.null(ready$group)) 0 else ready$group[rows] - 1
  for (d in rev(seq_along(names))) {
    grid <- if (is_tensor(ready$object)) tensor_grid(ready$object, d) else cell_grid(ready$object)
    cell <- floor(as.double(frame$covariates[[names[d]]][rows]) * 2^grid$step) - grid$first
    key <- key * grid$count + cell
  }
  found <- match(ready$chain$keys[cells], key)
  rows[found[!is.na(found)]]
}

# Places within filled cells, eleven along a covariate, both ends included; of cells whose rows
# share one point, that. About `most` of them. list(x, group)
cell_points <- function(object, chain, most = Inf) {
  names <- names_along(object)
  cells <- length(chain$keys)
  some <- accuracy_rows(cells, list(), min(cells, max(100, most / 11)))
  t <- c(seq(-1, 0.8, by = 0.2), 1 - 1e-9)
  key <- chain$keys[some]
  group <- 0
  x <- lapply(seq_along(names), function(d) {
    grid <- if (is_tensor(object)) tensor_grid(object, d) else cell_grid(object)
    cell <- key %% grid$count
    key <<- key %/% grid$count
    # Along the second covariate in another order.
    at <- outer((t[(seq_along(t) * c(1, 4)[d]) %% 11 + 1] + 1) / 2, grid$first + cell, "+") *
      2^-grid$step
    at <- pmin(pmax(at, grid$range[1]), grid$range[2])
    point <- chain$point[some, d]
    at[, !is.na(point)] <- rep(point[!is.na(point)], each = length(t))
    as.vector(at)
  })
  x <- do.call(cbind, x)
  colnames(x) <- names
  list(x = if (is_tensor(object)) x else x[, 1], group = rep(key + 1, each = length(t)))
}
