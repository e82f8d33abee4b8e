# Sufficient statistics with one continuous covariate: moments by cell and group.

table_limit <- 2^27 # doubles in a table (1 GB)
cells_limit <- 65536L # cells of the continuous covariate

moments_padded <- function(k) ceiling((1 + k + triangle_size(k)) / 4) * 4

sum_grid1d <- function(common, pattern, rows, group, threads) {
  name <- continuous_names(pattern)
  x <- as.double(rows$covariates[[name]])
  range <- .Call(C_finite_range, x)
  if (range[1] > range[2] && length(x)) { # no row has a covariate
    common$dropped <- common$dropped + rows_that_count(rows, FALSE, rows$place)$dropped
    common$rows <- 0
    x <- x[0]
    rows <- list(y = lapply(rows$y, `[`, 0))
    group <- group[0]
  }
  groups <- length(common$observed)
  step <- pattern$step
  core <- pattern$core
  if (is.null(step)) {
    step <- choose_step(x, pattern$resolution)
    core <- core_width(x)
  }
  axis <- widest_axis(name, step, if (length(x)) range else c(0, 0), groups, common$k)
  out <- .Call(
    C_moments, x, unname(rows$y), if (!is.null(rows$weights)) as.double(rows$weights), group,
    axis_grid(axis), common$scaling,
    list(level = simd_level(), threads = threads, groups = groups)
  )
  stopifnot(out$counts[3] == 0)
  # Rows that rows_that_count() has not looked at; it names what is infinite.
  if (out$counts[2] > 0) rows_that_count(rows, FALSE, rows$place)
  common$dropped <- common$dropped + out$counts[1]
  common$rows <- common$rows - out$counts[1]
  new_suffstats_grid1d(common, range, axis$step, core, axis$first,
    table = array(out$table, c(moments_padded(common$k), 4, axis$count, groups))
  )
}

# The axis of cells over the range, of 2^-step or, where their table would be too large, wider
widest_axis <- function(name, step, range, groups, k) {
  repeat {
    axis <- axis_over(name, step, range)
    size <- axis$count * groups * 4 * moments_padded(k)
    if (axis$count <= cells_limit && size <= table_limit) {
      return(axis)
    }
    if (axis$count <= 1) stop_too_large(groups)
    step <- step - 1
  }
}

stop_too_large <- function(groups) {
  stop_covary(
    "too_many_cells", groups,
    " groups with moments of a continuous covariate do not fit into ",
    format(table_limit * 8 / 2^30), " GB. Use fewer discrete covariates."
  )
}

#' @export
merge_sums.covary_suffstats_grid1d <- function(a, b, ids) {
  if (length(a$core) && length(b$core)) a$core <- max(a$core, b$core)
  a$range <- range(a$range, b$range)
  groups <- length(ids$observed)
  axis <- widest_axis(continuous_names(a), min(a$step, b$step), a$range, groups, a$k)
  out <- array(0, c(dim(a$table)[1:2], axis$count, groups))
  for (part in list(list(a, ids$a), list(b, ids$b))) {
    one <- coarsen(part[[1]], axis$step)
    at <- one$first - axis$first + seq_len(dim(one$table)[3])
    out[, , at, part[[2]]] <- out[, , at, part[[2]], drop = FALSE] + one$table
  }
  a$step <- axis$step
  a$first <- axis$first
  a$table <- out
  a
}

#' @export
coarsen.covary_suffstats_grid1d <- function(x, step) {
  while (x$step > step) {
    d <- dim(x$table)
    index <- x$first + seq_len(d[3]) - 1
    parent <- floor(index / 2)
    out <- array(0, c(d[1:2], parent[d[3]] - parent[1] + 1, d[4]))
    for (right in 0:1) {
      children <- which(index %% 2 == right)
      if (length(children) == 0) next
      moved <- aperm(x$table[, , children, , drop = FALSE], c(2, 1, 3, 4))
      shape <- dim(moved)
      moved <- aperm(array(child_to_parent(right) %*% matrix(moved, 4), shape), c(2, 1, 3, 4))
      at <- parent[children] - parent[1] + 1
      out[, , at, ] <- out[, , at, , drop = FALSE] + moved
    }
    x$table <- out
    x$first <- parent[1]
    x$step <- x$step - 1
  }
  x
}

#' @export
keep_groups.covary_suffstats_grid1d <- function(x, keep) {
  x$table <- x$table[, , , keep, drop = FALSE]
  x$rows <- sum(x$table[1, 1, , ])
  used <- which(rowSums(matrix(x$table[1, 1, , ] != 0, dim(x$table)[3])) > 0)
  x$range <- c(
    max(x$range[1], (x$first + used[1] - 1) * 2^-x$step),
    min(x$range[2], (x$first + used[length(used)]) * 2^-x$step)
  )
  # the grid ends where the range does: merge() lays it out by the range
  x$table <- x$table[, , used[1]:used[length(used)], , drop = FALSE]
  x$first <- x$first + used[1] - 1
  take_groups_of(x, keep)
}

#' @export
raw_sums.covary_suffstats_grid1d <- function(x) matrix(x$table[, 1, , ], dim(x$table)[1])

#' @export
group_of_sums.covary_suffstats_grid1d <- function(x) {
  d <- dim(x$table)
  rep(seq_len(d[4]), each = d[3])
}

#' @export
count_cells.covary_suffstats_grid1d <- function(x) sum(x$table[1, 1, , ] != 0)

#' @export
cell_axes.covary_suffstats_grid1d <- function(x) {
  list(new_axis(continuous_names(x), x$step, x$first, dim(x$table)[3], x$range))
}

#' @export
wanted_cells.covary_suffstats_grid1d <- function(x) x$resolution

rows_by_cell <- function(x) rowSums(matrix(x$table[1, 1, , ], dim(x$table)[3]))

#' @export
counts_along.covary_suffstats_grid1d <- function(x, d = 1) {
  counts <- rows_by_cell(x)
  list(
    counts = pmax(counts, 0), edge = (x$first + 0:length(counts)) * 2^-x$step, range = x$range
  )
}

#' @export
central_cells.covary_suffstats_grid1d <- function(x, d) {
  n <- rows_by_cell(x)
  cells_between_quartiles(n, seq_along(n))
}

# An exact covariate becomes the second continuous one.
#' @export
add_axis.covary_suffstats_grid1d <- function(x, name) {
  x$covariates[[name]]$kind <- "continuous"
  check_continuous(x)
  old <- setdiff(continuous_names(x), name)
  values <- x$groups[[name]]
  rest <- groups_without(x, name)
  # As wide as the rectangles of rows would be.
  wanted <- x$step - round(log2(x$resolution / grid2d_resolution(x$resolution)))
  fine <- coarsen(x, wanted)
  step <- stats::setNames(c(fine$step, grid2d_step(values, x$resolution)), c(old, name))
  d <- dim(fine$table)
  filled <- filled_cells(fine$table)
  u <- values[filled[, 2]] * 2^step[2]
  power <- chebyshev_values(2 * (u - floor(u)) - 1, 4)
  table <- matrix(fine$table, d[1] * d[2])[, filled[, 1] + d[3] * (filled[, 2] - 1), drop = FALSE]
  table <- do.call(rbind, lapply(1:4, function(b) table * rep(power[b, ], each = d[1] * d[2])))
  sums <- sum_places(
    unname(cbind(fine$first + filled[, 1] - 1, floor(u), rest$ids[filled[, 2]])),
    table
  )
  x[c("groups", "observed")] <- rest[c("groups", "observed")]
  out <- new_suffstats_grid2d(common_fields(x),
    range = structure(cbind(x$range, range(values)), dimnames = list(NULL, names(step))),
    step = step, core = stats::setNames(c(x$core, core_width(values)), names(step)),
    places = sums$places, table = array(sums$table, c(d[1], 4, 4, nrow(sums$places)))
  )
  transpose_axes(out, continuous_names(out))
}

# m x 2: number of each cell with rows, and its group
filled_cells <- function(table) {
  d <- dim(table)
  which(matrix(colSums(matrix(abs(table[1, , , ]), d[2])) > 0, d[3], d[4]), arr.ind = TRUE)
}
