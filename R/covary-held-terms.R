# Which terms are read from cells or tables of rows, and which are held there as covariates.
#
# Within a cell of a continuous covariate a term is read off as a cubic. A term that is none there
# (it jumps, as I(x > 0) or cut(x, 3), waves faster than the cells, or is the log of a wide range)
# and one whose values depend on all rows in a way that is not known is evaluated at the rows and
# becomes a covariate itself (formula-values.R): an exact one where it has few values, a continuous
# one else. Cells that come without their rows cannot hold such a term; it is refused.

# list(frame: what cells or tables shall hold, with the values of terms among its covariates;
# refusal: NULL, or the reason why none can hold them). Most formulas have plain variables, and the
# frame stays as it is.
hold_terms <- function(parsed, frame, control) {
  calls <- called_variables(parsed)
  if (length(calls) == 0) {
    return(list(frame = frame, refusal = NULL))
  }
  continuous <- continuous_covariates(frame)
  values <- list()
  for (v in calls) {
    if (!needs_value(v, frame, continuous, control)) next
    value <- row_value(v, frame)
    if (is.null(value)) {
      refusal <- paste0(
        "the term ", deparse1(v$expr), " has no single value a row that cells could hold."
      )
      return(list(frame = frame, refusal = refusal))
    }
    values[[value_name(v$expr)]] <- value
  }
  if (length(values) == 0) {
    return(list(frame = frame, refusal = NULL))
  }
  frame$all_covariates <- c(frame$covariates, values)
  used <- lapply(parsed$predictors, side_covariates, known = names(frame$all_covariates))
  frame$covariates <- frame$all_covariates[intersect(names(frame$all_covariates), unlist(used))]
  frame$values <- names(values)
  list(frame = frame, refusal = NULL)
}

# Must a term be evaluated at the rows and held as a covariate? TRUE where it calls functions that
# are not known to be smooth, jumps, is an offset of two continuous covariates, or is none of the
# cubics that cells and tables read.
needs_value <- function(v, frame, continuous, control) {
  used <- intersect(all.vars(v$expr), names(frame$covariates))
  if (length(used) == 0) {
    return(FALSE)
  }
  functions <- functions_in(v$expr)
  stateful <- is_state(v)
  if (length(setdiff(functions, c(
    smooth_functions, jump_functions,
    if (stateful) state_functions
  )))) {
    return(TRUE)
  }
  along <- intersect(used, continuous)
  if (length(along) == 0) {
    return(FALSE)
  }
  if (any(jump_functions %in% functions)) {
    return(TRUE)
  }
  if (v$what == "offset" && length(along) > 1) {
    return(TRUE)
  }
  if (stateful) {
    return(FALSE)
  }
  tables <- length(continuous) > 1 && v$what == "term" && length(along) == 1
  lost_within_cells(v, frame, along, continuous, control) ||
    tables && lost_within_bins(v, frame, along)
}

# The values of a term at all rows; NULL where they are no vector.
row_value <- function(v, frame) {
  value <- evaluate_call(v$call, frame$covariates, v$env, "Term")
  class(value) <- setdiff(oldClass(value), "AsIs")
  if (is.matrix(value) && ncol(value) == 1) value <- value[, 1]
  plain <- is.factor(value) || is.atomic(value) && !is.object(value)
  if (plain && is.null(dim(value)) && length(value) == frame$n && !anyNA(value) &&
    none_infinite(value)) {
    value
  }
}

none_infinite <- function(v) !is.numeric(v) || is.finite(sum(as.double(v)))

# The covariates that a term uses, at some rows: a list of columns.
term_data <- function(v, frame, rows) {
  names <- intersect(all.vars(v$expr), names(frame$covariates))
  lapply(frame$covariates[names], take_rows, rows)
}

value_error_limit <- 1e-3 # in sds of the term

# Does a term differ at some rows from its cubics on the cells of a covariate? Of several covariates
# all but one are held.
lost_within_cells <- function(v, frame, along, continuous, control) {
  rows <- evenly_spread_rows(frame$n, frame$covariates[along])
  data <- term_data(v, frame, rows)
  value <- function(data) as.matrix(suppressWarnings(evaluate_call(v$call, data, v$env, "Term")))
  exact <- value(data)
  if (!is.numeric(exact) || nrow(exact) != length(rows)) {
    return(FALSE)
  }
  nodes <- chebyshev_nodes(4)
  for (name in along) {
    ends <- cell_ends(frame$covariates[[name]], rows, length(continuous), control)
    t <- 2 * (data[[name]] - ends$low) / (ends$high - ends$low) - 1
    at <- lapply(data, function(u) u[rep(seq_along(rows), each = 4)])
    at[[name]] <- as.vector(outer((nodes + 1) / 2, ends$high - ends$low) + rep(ends$low, each = 4))
    weights <- lagrange_values(t, nodes)
    read <- apply(value(at), 2, function(u) rowSums(weights * matrix(u, ncol = 4, byrow = TRUE)))
    gap <- apply(abs(read - exact), 2, max) / pmax(column_sds(exact), .Machine$double.xmin)
    if (!isTRUE(all(gap <= value_error_limit))) {
      return(TRUE)
    }
  }
  FALSE
}

bin_loss_limit <- 0.02

# Tables have the curvature of bins of rows (model-rows.R). Does more of a term's variance lie
# within them than its own values, as a covariate, would leave there?
lost_within_bins <- function(v, frame, along) {
  rows <- evenly_spread_rows(frame$n, frame$covariates[along])
  data <- term_data(v, frame, rows)
  value <- suppressWarnings(evaluate_call(v$call, data, v$env, "Term"))
  if (!is.numeric(value) || !is.null(dim(value)) || length(value) != length(rows)) {
    return(FALSE)
  }
  within <- function(x) {
    bin <- floor((x - min(x)) / max(diff(range(x)), .Machine$double.xmin) * row_bins *
      table_cells(x) / row_cells)
    share <- stats::ave(value, bin, FUN = function(u) sum((u - mean(u))^2) / length(u))
    mean(share) / max(stats::var(value), .Machine$double.xmin)
  }
  lost <- within(as.double(data[[along]]))
  lost > bin_loss_limit && lost > 2 * within(value)
}

# Ends of the cells of some rows: of cells of one covariate, else the wider of tables and
# rectangles.
cell_ends <- function(x, rows, continuous, control) {
  x <- as.double(x)
  range <- range(x)
  if (continuous == 1) {
    width <- 2^-choose_step(x, control$resolution)
    first <- 0
  } else {
    width <- max(
      diff(range) / table_cells(x),
      if (continuous == 2) 2^-grid2d_step(x, control$resolution)
    )
    first <- range[1]
  }
  low <- pmax(first + floor((x[rows] - first) / width) * width, range[1])
  low <- pmin(low, range[2] - 1e-3 * width) # the last row of all
  list(low = low, high = pmin(low + width, range[2]))
}

# Terms that jump or turn within cells that hold no rows are refused before they are fitted.
check_cell_terms <- function(parsed, suffstats) {
  if (!has_moments(suffstats)) {
    return(invisible())
  }
  along <- axis_names(suffstats)
  terms <- Filter(
    function(v) any(all.vars(v$expr) %in% along) && !is_state(v),
    called_variables(parsed)
  )
  if (length(terms) == 0) {
    return(invisible())
  }
  fine <- quadrature_nodes(suffstats)
  index <- new_cell_index(suffstats, fine)
  points <- cell_points(suffstats, index, 2e5)
  data <- node_data(suffstats, points)
  nodes <- node_data(suffstats, fine)
  place <- cell_of_rows(suffstats, index, data, seq_along(points$group), points$group)
  for (v in terms) {
    gap <- tryCatch(term_gap(v, data, nodes, place, index),
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
term_gap <- function(v, data, nodes, place, index) {
  exact <- evaluate_call(v$expr, data, v$env, "Term")
  read <- evaluate_call(v$expr, nodes, v$env, "Term")
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
    function(u) rowSums(place$weights * t(matrix(u, index$per_cell)[, place$cell]))
  )
  max(apply(abs(read - exact), 2, max) / pmax(column_sds(exact), .Machine$double.xmin))
}
