# Nodes of cells of two continuous covariates: products of the nodes along each (suffstats-nodes.R;
# mathematics vignette, eqs 22 and 23).

# As fine_nodes(), 16 nodes a rectangle. x: a matrix, a column a covariate.
tensor_nodes <- function(cells, degrees = 4) {
  m <- nrow(cells$places)
  size <- 1 + cells$k + cells$k * (cells$k + 1) / 2
  along <- lapply(1:2, function(d) {
    grid <- tensor_grid(cells, d)
    cell_places(grid, cells$places[, d] - grid$first + 1)
  })
  moments <- cells$table[seq_len(size), , , , drop = FALSE]
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
  stats <- matrix(aperm(stats, c(2, 1, 3)), size)
  x <- cbind(as.vector(along[[1]]$x[rep(1:4, 4), ]), as.vector(along[[2]]$x[rep(1:4, each = 4), ]))
  colnames(x) <- names(cells$step)
  list(
    x = x, group = rep(cells$places[, 3], each = 16), cell = rep(seq_len(m), each = 16),
    stats = stats, point = tensor_points(cells)
  )
}

tensor_grid <- function(cells, d) {
  ends <- floor(cells$range[, d] * 2^cells$step[[d]])
  list(
    step = cells$step[[d]], first = ends[1], count = ends[2] - ends[1] + 1,
    range = cells$range[, d]
  )
}

# m x 2: where all rows of a rectangle share one point, that point, else NA.
tensor_points <- function(cells) {
  n <- cells$table[1, 1, 1, ]
  t <- cbind(cells$table[1, 2, 1, ], cells$table[1, 1, 2, ]) / n
  second <- cbind(cells$table[1, 3, 1, ], cells$table[1, 1, 3, ]) / n
  same <- n > 0 & rowSums(abs(second - (2 * t^2 - 1)) < 1e-11) == 2
  t[!same, ] <- NA
  (cells$places[, 1:2, drop = FALSE] + (t + 1) / 2) * rep(2^-cells$step, each = length(n))
}

# As lump_nodes().
lump_tensor_nodes <- function(fine) {
  lump <- which(!is.na(fine$point[, 1]))
  if (length(lump) == 0) {
    return(fine)
  }
  x <- fine$point[lump, , drop = FALSE]
  colnames(x) <- colnames(fine$x)
  sums <- vapply(
    lump, function(c) rowSums(fine$stats[, 16 * (c - 1) + 1:16, drop = FALSE]),
    numeric(nrow(fine$stats))
  )
  keep <- rep(is.na(fine$point[, 1]), each = 16)
  list(
    x = rbind(fine$x[keep, , drop = FALSE], x),
    group = c(fine$group[keep], fine$group[16 * (lump - 1) + 1]),
    stats = cbind(fine$stats[, keep, drop = FALSE], matrix(sums, nrow(fine$stats)))
  )
}

# Nodes gathered to q x q Chebyshev nodes between breaks along both covariates, as gather_nodes().
gather_tensor_nodes <- function(fine, breaks, q) {
  pieces <- lapply(1:2, function(d) findInterval(fine$x[, d], breaks[[d]], all.inside = TRUE))
  key <- combine_codes(list(fine$group, pieces[[1]], pieces[[2]]), length(fine$group))
  nodes <- chebyshev_nodes(q)
  parts <- lapply(split(seq_along(key), key), function(i) {
    if (length(i) <= q^2 || sum(fine$stats[1, i]) < 4 * q^2) {
      return(list(
        x = fine$x[i, , drop = FALSE], stats = fine$stats[, i, drop = FALSE],
        group = fine$group[i], nodes = i
      ))
    }
    ends <- lapply(1:2, function(d) breaks[[d]][pieces[[d]][i[1]] + 0:1])
    x <- lapply(ends, function(b) mean(b) + diff(b) / 2 * nodes)
    along <- lapply(
      1:2,
      function(d) lagrange_values((fine$x[i, d] - mean(ends[[d]])) / diff(ends[[d]]) * 2, nodes)
    )
    stats <- lapply(
      seq_len(q),
      function(b) {
        (fine$stats[, i, drop = FALSE] *
          rep(along[[2]][, b], each = nrow(fine$stats))) %*% along[[1]]
      }
    )
    list(
      x = cbind(rep(x[[1]], q), rep(x[[2]], each = q)), stats = do.call(cbind, stats),
      group = rep(fine$group[i[1]], q^2),
      nodes = i, weights = function(eta) {
        apply(eta, 2, function(e) rowSums((along[[1]] %*% matrix(e, q)) * along[[2]]))
      }
    )
  })
  out <- join_nodes(unname(parts), length(key))
  colnames(out$x) <- colnames(fine$x)
  out
}

# As sketch_rows(): cells in the order of their places, points at equal steps of their cumulated
# rows, each at the mean of its cell.
tensor_sketch <- function(cells, points) {
  n <- pmax(cells$table[1, 1, 1, ], 0)
  centre <- cbind(cells$table[1, 2, 1, ], cells$table[1, 1, 2, ]) / ifelse(n > 0, n, 1)
  centre <- (cells$places[, 1:2, drop = FALSE] + (centre + 1) / 2) *
    rep(2^-cells$step, each = length(n))
  group <- cells$places[, 3]
  total <- tapply(n, group, sum)
  parts <- lapply(split(seq_along(n), group), function(mine) {
    wanted <- max(2, round(points * sum(n[mine]) / sum(n)))
    at <- findInterval((seq_len(wanted) - 0.5) / wanted * sum(n[mine]), cumsum(n[mine])) + 1
    list(cell = mine[pmin(at, length(mine))], weight = rep(sum(n[mine]) / wanted, wanted))
  })
  cell <- unlist(lapply(parts, `[[`, "cell"), use.names = FALSE)
  x <- centre[cell, , drop = FALSE]
  colnames(x) <- names(cells$step)
  for (d in 1:2) x[c(which.min(x[, d]), which.max(x[, d])), d] <- cells$range[, d]
  list(
    data = node_data(cells, list(x = x, group = group[cell])),
    weights = unlist(lapply(parts, `[[`, "weight"), use.names = FALSE)
  )
}
