# The linear predictors that a fit of nodes or tables has for rows.

# Places of the coefficients of each predictor.
predictor_places <- function(x) {
  sizes <- vapply(x, nrow, 0L)
  Map(function(from, size) from + seq_len(size), cumsum(c(0L, sizes))[seq_along(sizes)], sizes)
}

# What a fit of nodes has for rows: list(at(covariates, rows): rows x predictors, extremes: rows
# with the largest and smallest predictors).
node_reader <- function(prepared, beta) {
  model <- prepared$target$core
  at <- predictor_places(model$x)
  eta <- vapply(seq_along(at), function(j) {
    model$offset[j, ] +
      columns_times(model$x[[j]], beta[at[[j]]])
  }, numeric(ncol(model$offset)))
  index <- prepared$cell_index
  eta <- eta_before_aggregation(index$aggregation, matrix(eta, ncol = length(at)))
  fine <- eta_at_all_nodes(index, eta)
  size <- index$per_cell
  read <- function(covariates, rows, group = prepared$group) {
    place <- cell_of_rows(prepared$suffstats, index, covariates, rows, group)
    first <- size * (place$cell - 1)
    out <- 0
    for (node in seq_len(size)) {
      out <- out + place$weights[, node] *
        fine[first + node, , drop = FALSE]
    }
    out
  }
  ends <- unique(as.vector(apply(fine, 2, range_places)))
  extremes <- if (!is.null(prepared$held)) {
    cells <- unique(ceiling(ends / size))
    rows_in_cells(prepared$suffstats, index, prepared$held, prepared$group, cells)
  }
  list(at = read, extremes = extremes)
}

range_places <- function(v) c(which.min(v), which.max(v))

# Predictors at the nodes before they were aggregated, and from these at the nodes of all cells: the
# transposes of aggregate_nodes() and merge_point_cells(), which is what sums over fewer nodes do to
# functions. eta: nodes x predictors
eta_before_aggregation <- function(aggregation, eta) {
  if (is.null(aggregation)) {
    return(eta)
  }
  out <- matrix(0, aggregation$size, ncol(eta))
  for (part in aggregation$parts) {
    mine <- eta[part$from + seq_len(part$count), , drop = FALSE]
    out[part$nodes, ] <- if (is.null(part$weights)) mine else part$weights(mine)
  }
  out
}

eta_at_all_nodes <- function(index, eta) {
  if (!any(index$merged)) {
    return(eta)
  }
  size <- index$per_cell
  kept <- size * sum(!index$merged)
  out <- matrix(0, size * length(index$merged), ncol(eta))
  merged <- rep(index$merged, each = size)
  out[!merged, ] <- eta[seq_len(kept), ]
  out[merged, ] <- eta[rep(seq(kept + 1, nrow(eta)), each = size), ]
  out
}

# What a fit of tables has for rows.
table_reader <- function(tables, beta) {
  engine <- tables$tables
  cubics <- row_tables(engine, matrix(beta, 1))
  q <- length(engine$constant)
  list(extremes = NULL, at = function(covariates, rows) {
    place <- match(rows, engine$order)
    out <- matrix(0, length(rows), q)
    for (i in seq_along(engine$terms)) {
      term <- engine$terms[[i]]
      count <- term$grid$count
      along <- !is.null(term[["x"]])
      u <- if (along) {
        term[["x"]][place] * term$grid$inverse_width - term$grid$first
      } else {
        rep(0.5, length(rows))
      }
      cell <- pmin(pmax(floor(u), 0), count - 1)
      t <- if (along) 2 * (u - cell) - 1 else 0
      group <- if (is.null(term[["group"]])) 1 else term[["group"]][place]
      piece <- 4 * (cell + count * (group - 1))
      table <- matrix(cubics[[i]], q)
      for (d in 0:3) out <- out + t(table[, piece + d + 1, drop = FALSE]) * t^d
    }
    out
  })
}
