# Nodes: the points at which compressed rows enter a fit.
#
# Moments of degree below 4 over a cell are the statistics of 4 nodes: for any function f,
# sum_rows f(x_i) s_i is replaced by sum_nodes f(x_q) S_q, S_q = sum_rows L_q(x_i) s_i with the
# Lagrange polynomials L_q, exact where f is a cubic in the cell. Nodes of many cells are gathered
# in the same way to a few Chebyshev nodes between the knots of a basis, where f is smooth.
# Mathematics vignette, eqs 20 (nodes) and 21 (error). S_q may have any sign: see kernel.h.

# list(x, group, cell, stats: (1 + k + k(k+1)/2) x m raw sums, map: the 4 x 4 x kinds of the cells)
fine_nodes <- function(cells, degrees = 4) {
  if (is_tensor(cells)) {
    return(tensor_nodes(cells, degrees))
  }
  d <- dim(cells$table)
  size <- 1 + cells$k + cells$k * (cells$k + 1) / 2
  filled <- which(matrix(colSums(matrix(abs(cells$table[1, , , ]), d[2])) > 0, d[3], d[4]),
    arr.ind = TRUE
  )
  cell <- filled[, 1]
  group <- filled[, 2]
  places <- cell_places(cell_grid(cells), cell)
  moments <- matrix(aperm(cells$table[seq_len(size), , , , drop = FALSE], c(2, 1, 3, 4)), 4)
  if (degrees < 4) moments[seq(degrees + 1, 4), ] <- 0
  at <- outer(seq_len(size), size * (cell - 1 + d[3] * (group - 1)), "+")
  stats <- array(
    map_cells(moments[, at], places$map, rep(places$kind, each = size)),
    c(4, size, length(cell))
  )
  list(
    x = as.vector(places$x), group = rep(group, each = 4), cell = rep(cell, each = 4),
    stats = matrix(aperm(stats, c(2, 1, 3)), size),
    point = point_masses(moments[, at[1, ], drop = FALSE])
  )
}

# Where all rows of a cell share one x (single rows, ties), its place t, else NA. counts: 4 moments
# of the counts by cell
point_masses <- function(counts) {
  n <- counts[1, ]
  t <- counts[2, ] / n
  same <- abs(counts[3, ] / n - (2 * t^2 - 1)) < 1e-11 &
    abs(counts[4, ] / n - t * (4 * t^2 - 3)) < 1e-11
  ifelse(same & n > 0, t, NA_real_)
}

# x: 4 x cells, each times the map of its kind; nearly all are of the first.
map_cells <- function(x, maps, kind) {
  out <- maps[[1]] %*% x
  for (ends in setdiff(unique(kind), 1L)) {
    mine <- which(kind == ends)
    out[, mine] <- maps[[ends]] %*% x[, mine]
  }
  out
}

# Nodes with cells of one x as single nodes, whose statistics are those of the rows.
lump_nodes <- function(cells, fine) {
  lump <- which(!is.na(fine$point))
  if (length(lump) == 0) {
    return(fine)
  }
  first <- 4 * (lump - 1) + 1
  stats <- 0
  for (q in 0:3) stats <- stats + fine$stats[, first + q, drop = FALSE]
  x <- (cells$first + fine$cell[first] - 1 + (fine$point[lump] + 1) / 2) * 2^-cells$step
  keep <- rep(is.na(fine$point), each = 4)
  list(
    x = c(fine$x[keep], x), group = c(fine$group[keep], fine$group[first]),
    stats = cbind(fine$stats[, keep, drop = FALSE], stats)
  )
}

# The cells of a continuous covariate: number `cell` is [first + cell - 1, first + cell) 2^-step.
cell_grid <- function(cells) {
  list(step = cells$step, first = cells$first, count = dim(cells$table)[3], range = cells$range)
}

halve_grid <- function(grid) {
  ends <- floor(grid$range * 2^(grid$step + 1))
  list(step = grid$step + 1, first = ends[1], count = ends[2] - ends[1] + 1, range = grid$range)
}

# Numbers of the halves of cells: list(cell, inside: which of the 2 x cells lie within the range of
# the data)
halve_cells <- function(grid, cell) {
  half <- halve_grid(grid)
  out <- rep(2 * (grid$first + cell - 1), each = 2) + 0:1 - half$first + 1
  inside <- out >= 1 & out <= half$count
  list(cell = out[inside], inside = inside)
}

# Chebyshev nodes of cells; those of the outer cells lie within the range of the data. list(x (4 x
# cells), kind (1 inner, 2.. outer), map: node statistics from moments, t: nodes by kind)
cell_places <- function(grid, cell) {
  width <- 2^-grid$step
  low <- (grid$first + cell - 1) * width
  count <- grid$count
  ends <- list(c(-1, 1), c(-1, 1), c(-1, 1))
  inside <- function(x, at) 2 * (x / width - (grid$first + at - 1)) - 1
  ends[[2]][1] <- max(-1, inside(grid$range[1], 1))
  ends[[3]][2] <- min(1, inside(grid$range[2], count))
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

# Nodes gathered to q Chebyshev nodes between breaks, where there are more than that, and rows
# enough for sums with signs to be harmless. `gathered` says which went where (model-accuracy.R).
gather_nodes <- function(fine, breaks, q = 12) {
  piece <- findInterval(fine$x, breaks, all.inside = TRUE)
  half <- diff(breaks)[piece] / 2
  nodes <- chebyshev_nodes(q)
  values <- lagrange_values((fine$x - breaks[piece]) / half - 1, nodes)
  key <- piece + length(breaks) * (fine$group - 1)
  parts <- lapply(unname(split(seq_along(key), match(key, unique(key)))), function(i) {
    if (length(i) <= q || sum(fine$stats[1, i]) < 20 * q) {
      return(list(
        x = fine$x[i], stats = fine$stats[, i, drop = FALSE], group = fine$group[i],
        nodes = i
      ))
    }
    first <- i[1]
    list(
      x = breaks[piece[first]] + half[first] * (nodes + 1),
      stats = fine$stats[, i, drop = FALSE] %*% values[i, , drop = FALSE],
      group = rep(fine$group[first], q), nodes = i, weights = function(eta) {
        values[i, , drop = FALSE] %*% eta
      }
    )
  })
  join_nodes(parts, length(key))
}

# The nodes of all parts: list(x, group, stats, gathered).
join_nodes <- function(parts, size) {
  take <- function(name) unlist(lapply(parts, `[[`, name), use.names = FALSE)
  counts <- vapply(parts, function(part) length(part$group), 0L)
  gathered <- Map(
    function(part, from, count) {
      c(part[c("nodes", "weights")], from = from, count = count)
    }, parts,
    cumsum(c(0, counts))[seq_along(parts)], counts
  )
  x <- if (is.matrix(parts[[1]]$x)) do.call(rbind, lapply(parts, `[[`, "x")) else take("x")
  list(
    x = x, group = take("group"), stats = do.call(cbind, lapply(parts, `[[`, "stats")),
    gathered = list(size = size, parts = gathered)
  )
}

# Nodes -> the statistics that the kernels of nodes take (centres are zero in scaled units).
node_stats <- function(stats, k) {
  rbind(stats[1, ], matrix(0, k, ncol(stats)), stats[-1, , drop = FALSE])
}

# Data frame of the covariates at nodes.
node_data <- function(cells, nodes) {
  out <- lapply(factor_groups(cells), `[`, nodes$group)
  continuous <- continuous_names(cells)
  for (name in continuous) {
    x <- if (length(continuous) == 1) nodes$x else nodes$x[, name]
    out[[name]] <- restore_column(x, cells$covariates[[name]])
  }
  structure(out[names(cells$covariates)],
    class = "data.frame",
    row.names = .set_row_names(length(nodes$group))
  )
}

# A few hundred points that stand for the rows when bases choose knots: quantiles of the
# continuous covariate within every group, both ends included.
sketch_rows <- function(cells, points = 400) {
  if (is.null(cells$table)) {
    return(list(data = factor_groups(cells), weights = cells$stats[1, ]))
  }
  if (is_tensor(cells)) {
    return(tensor_sketch(cells, max(points, 600)))
  }
  d <- dim(cells$table)
  counts <- matrix(cells$table[1, 1, , ], d[3], d[4])
  total <- colSums(counts)
  width <- 2^-cells$step
  edge <- (cells$first + seq_len(d[3] + 1) - 1) * width
  edge[1] <- max(edge[1], cells$range[1])
  edge[d[3] + 1] <- min(edge[d[3] + 1], cells$range[2])
  parts <- lapply(seq_len(d[4]), function(g) {
    n <- max(2, round(points * total[g] / sum(total)))
    cumulated <- c(0, cumsum(pmax(counts[, g], 0)))
    rising <- c(TRUE, diff(cumulated) > 0)
    p <- (seq_len(n) - 0.5) / n * cumulated[length(cumulated)]
    x <- stats::approx(cumulated[rising], edge[rising], p, ties = "ordered", rule = 2)$y
    list(x = x, group = rep(g, n), weight = rep(total[g] / n, n))
  })
  x <- unlist(lapply(parts, `[[`, "x"))
  group <- unlist(lapply(parts, `[[`, "group"))
  weights <- unlist(lapply(parts, `[[`, "weight"))
  low <- which.min(x)
  high <- which.max(x)
  x[c(low, high)] <- cells$range
  list(data = node_data(cells, list(x = x, group = group)), weights = weights)
}

# Standardised node statistics: z' = (y - centre) / scale from sums of (y - y_centre) / y_scale.
standardise_nodes <- function(cells, centre, scale) {
  k <- length(scale)
  node_stats(transform_sums(
    cells$sums, k, cells$y_scale / scale,
    (cells$y_centre - centre) / scale
  ), k)
}

# Nodes as the cells of a target.
node_cells <- function(object, nodes) {
  k <- object$k
  size <- 1 + k + k * (k + 1) / 2
  list(
    id = NULL, first = seq_len(ncol(nodes$stats)), m = ncol(nodes$stats),
    y_scale = object$scaling[, 2], y_centre = object$scaling[, 1],
    sums = nodes$stats[seq_len(size), , drop = FALSE]
  )
}
