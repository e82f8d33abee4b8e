# How far the linear predictors of a fit of cells or tables are from those of the rows.
#
# The fit reads predictors off nodes and tables; at about a thousand rows, spread over the data and
# at the ends of every covariate and predictor, they are compared with the design itself. The
# largest difference is given in residual sds (of a mean: divided by the sd of the response at that
# row) and in posterior sds of the predictor at that row.

accuracy_limits <- c(residual = 0.01, posterior = 0.1)
accuracy_size <- 1000L

# Rows by the golden ratio, which fills gaps evenly and draws no random numbers, and those at the
# ends of covariates.
accuracy_rows <- function(n, covariates, most = accuracy_size) {
  golden <- (seq_len(most) * 0.6180339887498949) %% 1
  spread <- if (n <= most) seq_len(n) else floor(n * golden) + 1
  ends <- lapply(covariates, function(v) {
    if (!is.null(dim(v))) {
      return(NULL)
    }
    if (is_number(v)) c(which.min(v), which.max(v)) else match(utils::head(known_levels(v), 200), v)
  })
  rows <- unique(as.integer(c(spread, unlist(ends))))
  rows[!is.na(rows)]
}

known_levels <- function(v) {
  if (is.factor(v)) {
    levels(v)
  } else if (is.logical(v)) {
    c(FALSE, TRUE)
  } else {
    unique(v)
  }
}

# Data frame: a line a predictor with key, rows (compared), residual and posterior (largest
# differences in sds).
measure_accuracy <- function(ready, result) {
  beta <- colMeans(result$beta)
  read <- if (is.null(ready$tables)) node_reader(ready, beta) else table_reader(ready$tables, beta)
  frame <- ready$held
  rows <- unique(c(accuracy_rows(frame$n, frame$covariates), read$extremes))
  compare_predictors(
    ready, result$beta, beta, rows_data(frame, rows),
    read$at(frame$covariates, rows)
  )
}

# The rows as new data: what cells hold, and what terms are evaluated from.
rows_data <- function(frame, rows) {
  columns <- if (is.null(frame$all_covariates)) frame$covariates else frame$all_covariates
  structure(lapply(columns, take_rows, rows),
    class = "data.frame",
    row.names = .set_row_names(length(rows))
  )
}

# read: rows x predictors at the coefficients `beta`, as the fit has them, in standardised units
compare_predictors <- function(ready, draws, beta, data, read) {
  target <- ready$target
  design <- ready$design
  design$tables <- ready$smooth_tables
  exact <- evaluate_design(design, data)
  offset <- (exact$offset - target$standard$rest) / target$standard$size
  keys <- names(design$predictors)
  at <- predictor_places(exact$x)
  eta <- vapply(seq_along(keys), function(j) {
    offset[j, ] +
      as.vector(crossprod(exact$x[[j]], beta[at[[j]]]))
  }, numeric(nrow(data)))
  eta <- matrix(eta, nrow(data))
  draws <- draws[unique(round(seq(1, nrow(draws), length.out = 500))), , drop = FALSE]
  gap <- abs(read - eta)
  k <- length(target$standard$scale)
  lines <- lapply(seq_along(keys), function(j) {
    residual <- gap[, j] * if (j <= k) exp(-eta[, k + j]) else 1
    posterior <- 0
    if (length(at[[j]])) {
      away <- draws[, at[[j]], drop = FALSE] - rep(beta[at[[j]]], each = nrow(draws))
      cov <- crossprod(away) / nrow(draws)
      sd <- sqrt(pmax(colSums(exact$x[[j]] * multiply(cov, exact$x[[j]])), 0))
      # Beneath the rounding of a residual nothing is shifted.
      posterior <- ifelse(residual < 1e-9, 0, gap[, j] / sd)
    }
    c(residual = max(residual), posterior = max(posterior))
  })
  lines <- do.call(rbind, lines)
  quick_frame(list(
    predictor = keys, rows = rep(nrow(data), length(keys)),
    residual = unname(lines[, 1]), posterior = unname(lines[, 2])
  ))
}

# Places of the coefficients of each predictor.
predictor_places <- function(x) {
  sizes <- vapply(x, nrow, 0L)
  Map(function(from, size) from + seq_len(size), cumsum(c(0L, sizes))[seq_along(sizes)], sizes)
}

accurate <- function(accuracy) {
  isTRUE(all(
    accuracy$residual <= accuracy_limits[["residual"]],
    accuracy$posterior <= accuracy_limits[["posterior"]]
  ))
}

worst_accuracy <- function(accuracy) {
  worst <- accuracy[which.max(pmax(
    accuracy$residual / accuracy_limits[["residual"]],
    accuracy$posterior / accuracy_limits[["posterior"]]
  )), ]
  if (nrow(worst) == 0) {
    return("are not finite")
  }
  paste0(
    "of ", worst$predictor, " are up to ", format(worst$residual, digits = 2),
    " residual sds and ", format(worst$posterior, digits = 2),
    " posterior sds"
  )
}

# What a fit of nodes has for rows: list(at(covariates, rows): rows x predictors, extremes: rows
# with the largest and smallest predictors).
node_reader <- function(ready, beta) {
  object <- ready$object
  model <- ready$target$model
  at <- predictor_places(model$x)
  eta <- vapply(seq_along(at), function(j) {
    model$offset[j, ] +
      as.vector(crossprod(model$x[[j]], beta[at[[j]]]))
  }, numeric(ncol(model$offset)))
  chain <- ready$chain
  fine <- spread_lumps(chain, spread_gathered(chain$gathered, matrix(eta, ncol = length(at))))
  size <- chain$per_cell
  read <- function(covariates, rows, group = ready$group) {
    place <- cell_of_rows(object, chain, covariates, rows, group)
    first <- size * (place$cell - 1)
    out <- 0
    for (node in seq_len(size)) {
      out <- out + place$weights[, node] *
        fine[first + node, , drop = FALSE]
    }
    out
  }
  ends <- unique(as.vector(apply(fine, 2, range_places)))
  list(at = read, extremes = rows_in_cells(ready, unique(ceiling(ends / size))))
}

range_places <- function(v) c(which.min(v), which.max(v))

# From the nodes of a fit to those before they were gathered, and from these to the nodes of all
# cells: the transposes of gather_nodes() and lump_nodes(), which is what sums over gathered nodes
# do to functions. eta: nodes x predictors
spread_gathered <- function(gathered, eta) {
  if (is.null(gathered)) {
    return(eta)
  }
  out <- matrix(0, gathered$size, ncol(eta))
  for (part in gathered$parts) {
    mine <- eta[part$from + seq_len(part$count), , drop = FALSE]
    out[part$nodes, ] <- if (is.null(part$weights)) mine else part$weights(mine)
  }
  out
}

spread_lumps <- function(chain, eta) {
  if (!any(chain$lumped)) {
    return(eta)
  }
  size <- chain$per_cell
  kept <- size * sum(!chain$lumped)
  out <- matrix(0, size * length(chain$lumped), ncol(eta))
  lumped <- rep(chain$lumped, each = size)
  out[!lumped, ] <- eta[seq_len(kept), ]
  out[lumped, ] <- eta[rep(seq(kept + 1, nrow(eta)), each = size), ]
  out
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

names_along <- function(object) {
  if (is_tensor(object)) {
    names(object$step)
  } else {
    continuous_names(object)
  }
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

# What a fit of tables has for rows.
table_reader <- function(tables, beta) {
  engine <- tables$rows_engine
  cubics <- row_tables(engine, matrix(beta, 1))
  q <- length(engine$constant)
  list(extremes = NULL, at = function(covariates, rows) {
    place <- match(rows, engine$order)
    out <- matrix(0, length(rows), q)
    for (i in seq_along(engine$terms)) {
      term <- engine$terms[[i]]
      count <- term$grid[3]
      along <- !is.null(term[["x"]])
      u <- if (along) term[["x"]][place] * term$grid[1] - term$grid[2] else rep(0.5, length(rows))
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

# The same for cells without their rows: predictors on a grid ten times finer in each cell (of some
# cells, where they are many) against those that the fit reads there.
measure_cells <- function(ready, result) {
  object <- ready$object
  chain <- ready$chain
  points <- cell_points(object, chain, 20000)
  data <- node_data(object, points)
  beta <- colMeans(result$beta)
  read <- node_reader(ready, beta)$at(data, seq_along(points$group), points$group)
  compare_predictors(ready, result$beta, beta, data, read)
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

# Terms that jump or turn within cells that hold no rows are refused before they are fitted.
check_cell_terms <- function(parsed, object) {
  if (is.null(object$table)) {
    return(invisible())
  }
  along <- names_along(object)
  terms <- Filter(
    function(v) any(all.vars(v$expr) %in% along) && !is_state(v),
    called_variables(parsed)
  )
  if (length(terms) == 0) {
    return(invisible())
  }
  fine <- fine_nodes(object)
  chain <- node_chain(object, fine, NULL)
  points <- cell_points(object, chain, 2e5)
  data <- node_data(object, points)
  nodes <- node_data(object, fine)
  place <- cell_of_rows(object, chain, data, seq_along(points$group), points$group)
  for (v in terms) {
    gap <- tryCatch(term_gap(v, data, nodes, place, chain),
      covary_error_variable = function(e) 0
    ) # said by others
    if (isTRUE(gap <= cell_jump_limit)) next
    stop_covary("cells", "The term ", deparse1(v$expr), " jumps or turns within the cells of ",
      enumerate(along), ", which only know its course from cell to cell. Make its value a column ",
      "of the data and name that in `by` of compress(), as an exact covariate; if it is smooth, ",
      "compress with a higher `resolution`.",
      fields = list(term = deparse1(v$expr), gap = gap)
    )
  }
}

cell_jump_limit <- 0.01 # in sds of the term

# Largest difference between a term at points of cells and what its values at the nodes of the cells
# give there.
term_gap <- function(v, data, nodes, place, chain) {
  exact <- evaluate(v$expr, data, v$env, "Term")
  read <- evaluate(v$expr, nodes, v$env, "Term")
  if (!is.numeric(exact)) {
    levels <- unique(c(as.character(exact), as.character(read)))
    exact <- match(as.character(exact), levels)
    read <- match(as.character(read), levels)
  }
  if (length(exact) == 1) {
    return(0)
  }
  exact <- as.matrix(exact)
  read <- apply(
    as.matrix(read), 2,
    function(u) rowSums(place$weights * t(matrix(u, chain$per_cell)[, place$cell]))
  )
  max(apply(abs(read - exact), 2, max) / pmax(column_sds(exact), .Machine$double.xmin))
}
