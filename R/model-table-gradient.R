# The log likelihood of rows with one continuous covariate from tables of their predictors: one
# exact pass with predictors that are cubics on cells.

# The design where the tables take it from: 4 nodes a filled cell, or a half of one. list(axis,
# cell, group (by cell), places (nodes_of_cells()), x, offset: design at the nodes).
rows_table <- function(prepared, halvings) {
  axis <- cell_axes(prepared$suffstats)[[1]]
  cells <- prepared$fine$nodes$cells
  cell <- cells$index[, 1] + 1
  group <- cells$group
  if (halvings == 0) {
    model <- prepared$fine$target$core
    return(list(
      axis = axis, cell = cell, group = group, places = nodes_of_cells(axis, cell),
      x = model$x, offset = model$offset
    ))
  }
  halves <- halve_cells(axis, cell)
  axis <- halve_axis(axis)
  group <- rep(group, each = 2)[halves$inside]
  places <- nodes_of_cells(axis, halves$cell)
  x <- matrix(places$x, dimnames = list(NULL, axis$name))
  data <- node_data(prepared$suffstats, list(x = x, group = rep(group, each = 4)))
  at <- evaluate_design(prepared$design, data)
  standard <- prepared$target$standard
  list(
    axis = axis, cell = halves$cell, group = group, places = places,
    x = at$x, offset = (at$offset - standard$rest) / standard$size
  )
}

# Gradient of the log likelihood of all rows with the predictors of a table.
rows_gradient <- function(prepared, beta, table, threads = 1L) {
  groups <- dim(prepared$suffstats$table)[4]
  axis <- table$axis
  q <- length(table$x)
  at <- table$cell + axis$count * (table$group - 1)
  maps <- lapply(table$places$t, function(t) solve(outer(t, 0:3, "^")))
  kind <- rep(table$places$kind, q)
  at_beta <- predictor_places(table$x)
  eta <- vapply(seq_len(q), function(j) {
    table$offset[j, ] +
      columns_times(table$x[[j]], beta[at_beta[[j]]])
  }, numeric(ncol(table$offset)))
  cubics <- array(0, c(q, 4, axis$count * groups))
  cubics[, , at] <- aperm(
    array(map_cells(matrix(eta, 4), maps, kind), c(4, length(at), q)),
    c(3, 1, 2)
  )
  standard <- prepared$target$standard
  term <- list(
    x = as.double(prepared$held$covariates[[axis$name]]),
    group = prepared$group,
    grid = axis_grid(axis), groups = as.integer(groups),
    coefficients = as.vector(cubics)
  )
  scores <- .Call(
    C_rows, prepared$held$y, prepared$held$weights,
    cbind(standard$centre, standard$scale), list(term),
    list(
      likelihood = prepared$target$core$likelihood, level = simd_level(),
      threads = threads, value = FALSE
    )
  )$scores
  scores <- aperm(array(scores, dim(cubics))[, , at, drop = FALSE], c(2, 3, 1))
  scores <- matrix(map_cells(matrix(scores, 4), lapply(maps, t), kind), ncol = q)
  unlist(lapply(seq_len(q), function(j) columns_sum(table$x[[j]], scores[, j])))
}
