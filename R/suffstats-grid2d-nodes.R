# Nodes of rectangles of two continuous covariates: products of the nodes along each
# (suffstats-nodes.R; mathematics vignette, eqs 22 and 23).

# 16 nodes a rectangle
#' @export
quadrature_nodes.covary_suffstats_grid2d <- function(x, degrees = 4) {
  m <- nrow(x$places)
  size <- 1 + x$k + triangle_size(x$k)
  axes <- cell_axes(x)
  index <- x$places[, 1:2, drop = FALSE] - rep(vapply(axes, `[[`, 0, "first"), each = m)
  along <- lapply(1:2, function(d) nodes_of_cells(axes[[d]], index[, d] + 1))
  moments <- x$table[seq_len(size), , , , drop = FALSE]
  if (degrees < 4) moments[, seq(degrees + 1, 4), , ] <- moments[, , seq(degrees + 1, 4), ] <- 0
  moments <- matrix(aperm(moments, c(2, 3, 1, 4)), 16)
  stats <- array(0, c(16, size, m))
  kind <- along[[1]]$kind + 3 * (along[[2]]$kind - 1)
  for (which in unique(kind)) {
    mine <- which(kind == which)
    map <- kronecker(
      along[[2]]$map[[(which - 1) %/% 3 + 1]],
      along[[1]]$map[[(which - 1) %% 3 + 1]]
    )
    stats[, , mine] <- map %*% moments[, as.vector(outer(seq_len(size), size * (mine - 1), "+"))]
  }
  at <- cbind(as.vector(along[[1]]$x[rep(1:4, 4), ]), as.vector(along[[2]]$x[rep(1:4, each = 4), ]))
  colnames(at) <- names(x$step)
  new_nodes(
    x = at, group = rep(x$places[, 3], each = 16),
    stats = matrix(aperm(stats, c(2, 1, 3)), size),
    cells = list(index = index, group = x$places[, 3], point = shared_points(x))
  )
}

# m x 2: mean place t in [-1, 1] of the rows of each rectangle, along each axis
mean_places <- function(x, n = x$table[1, 1, 1, ]) {
  cbind(x$table[1, 2, 1, ], x$table[1, 1, 2, ]) / n
}

# m x 2: places t in [-1, 1] within rectangles as values of the covariates
place_values <- function(x, t) {
  at <- (x$places[, 1:2, drop = FALSE] + (t + 1) / 2) * rep(2^-x$step, each = nrow(t))
  colnames(at) <- names(x$step)
  at
}

# m x 2: where all rows of a rectangle share one point, that point, else NA.
shared_points <- function(x) {
  n <- x$table[1, 1, 1, ]
  t <- mean_places(x)
  second <- cbind(x$table[1, 3, 1, ], x$table[1, 1, 3, ]) / n
  same <- n > 0 & rowSums(abs(second - (2 * t^2 - 1)) < 1e-11) == 2
  t[!same, ] <- NA
  place_values(x, t)
}

#' @export
aggregate_nodes.covary_suffstats_grid2d <- function(x, nodes, breaks, q) {
  interval <- lapply(1:2, function(d) findInterval(nodes$x[, d], breaks[[d]], all.inside = TRUE))
  key <- combine_codes(list(nodes$group, interval[[1]], interval[[2]]), length(nodes$group))
  t <- chebyshev_nodes(q)
  parts <- lapply(split(seq_along(key), key), function(i) {
    if (length(i) <= q^2 || sum(nodes$stats[1, i]) < 4 * q^2) {
      return(same_nodes(nodes, i))
    }
    ends <- lapply(1:2, function(d) breaks[[d]][interval[[d]][i[1]] + 0:1])
    at <- lapply(ends, function(b) mean(b) + diff(b) / 2 * t)
    # nodes x q: Lagrange polynomials along each axis
    along <- lapply(1:2, function(d) {
      lagrange_values((nodes$x[i, d] - mean(ends[[d]])) / diff(ends[[d]]) * 2, t)
    })
    stats <- lapply(seq_len(q), function(b) {
      (nodes$stats[, i, drop = FALSE] *
        rep(along[[2]][, b], each = nrow(nodes$stats))) %*% along[[1]]
    })
    list(
      x = cbind(rep(at[[1]], q), rep(at[[2]], each = q)), group = rep(nodes$group[i[1]], q^2),
      stats = do.call(cbind, stats), nodes = i,
      weights = function(eta) {
        apply(eta, 2, function(e) rowSums((along[[1]] %*% matrix(e, q)) * along[[2]]))
      }
    )
  })
  out <- join_nodes(unname(parts), length(key))
  colnames(out$x) <- colnames(nodes$x)
  out
}

# Rectangles in the order of their places, points at equal steps of their cumulated rows, each at
# the mean of its rectangle.
#' @export
design_points.covary_suffstats_grid2d <- function(x, points = 400) {
  points <- max(points, 600)
  n <- pmax(x$table[1, 1, 1, ], 0)
  centre <- place_values(x, mean_places(x, ifelse(n > 0, n, 1)))
  group <- x$places[, 3]
  parts <- lapply(split(seq_along(n), group), function(mine) {
    wanted <- max(2, round(points * sum(n[mine]) / sum(n)))
    at <- findInterval((seq_len(wanted) - 0.5) / wanted * sum(n[mine]), cumsum(n[mine])) + 1
    list(cell = mine[pmin(at, length(mine))], weight = rep(sum(n[mine]) / wanted, wanted))
  })
  cell <- unlist(lapply(parts, `[[`, "cell"), use.names = FALSE)
  at <- centre[cell, , drop = FALSE]
  for (d in 1:2) at[c(which.min(at[, d]), which.max(at[, d])), d] <- x$range[, d]
  list(
    data = node_data(x, list(x = at, group = group[cell])),
    weights = unlist(lapply(parts, `[[`, "weight"), use.names = FALSE),
    observed = if (!is_complete_suffstats(x)) x$observed[group[cell]]
  )
}
