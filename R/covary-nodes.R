# How many nodes stand for the cells: as few as leave the mode of the model where it is
# (mathematics vignette, eq. 28 with all nodes for the rows).

# list(design, cells, target, nodes) at some nodes; prepared: prepare_compressed()
target_at <- function(prepared, nodes, priors) {
  design <- at_nodes(prepared$design, node_data(prepared$suffstats, nodes))
  cells <- node_cells(prepared$suffstats, nodes)
  list(
    design = design, cells = cells,
    target = new_cells_model(design, cells, priors, prepared$scales),
    nodes = nodes
  )
}

# target_at() the nodes of the fit, with
#   quadrature_error  largest shift of the mode against all nodes, in posterior sds
#   fine              target_at() all nodes
#   cell_index        where rows are in them (suffstats-cell-index.R)
choose_nodes <- function(suffstats, prepared, priors) UseMethod("choose_nodes")

# Intervals between knots, quantiles and even splits of the range, twice as many until the mode
# moves less than 1e-6 posterior sds, at most 1e-5; else all nodes.
#' @export
choose_nodes.covary_suffstats_grid1d <- function(suffstats, prepared, priors) {
  all <- target_at(prepared, prepared$nodes, priors)
  merged <- merge_point_cells(prepared$nodes)
  fine <- if (identical(merged, prepared$nodes)) all else target_at(prepared, merged, priors)
  knots <- inner_knots(prepared$design, suffstats)[[1]]
  rows <- counts_along(suffstats)
  best <- NULL
  mode <- NULL
  # More columns wiggle more; a basis with knots of its own brings its intervals.
  columns <- max(vapply(prepared$design$x, nrow, 0L))
  first <- if (length(knots)) 8 else c(8, 16, 24, 32)[findInterval(columns, c(0, 9, 13, 21))]
  for (intervals in c(first, Filter(function(more) more > first, c(16, 32, 64)))) {
    if (intervals * 12 * length(suffstats$observed) * 2 > nrow(merged$x)) break
    breaks <- list(node_breaks(rows, knots, intervals))
    some <- target_at(prepared, aggregate_nodes(suffstats, merged, breaks, 12), priors)
    if (some$cells$m * 1.5 > fine$cells$m) break
    mode <- approximate_mode(some$target, mode)
    shift <- mode_shift(fine$target, some$target, mode)
    if (isTRUE(shift < 1e-5)) best <- c(some, list(quadrature_error = shift, mode = mode))
    if (isTRUE(shift < 1e-6)) break
  }
  if (is.null(best)) {
    best <- c(fine, list(quadrature_error = 0, mode = approximate_mode(fine$target, mode)))
  }
  best$target$start <- best$mode$mean
  index <- new_cell_index(suffstats, prepared$nodes, best$nodes$aggregation)
  c(best, list(fine = all, cell_index = index))
}

# The same until the mode moves less than quadrature_limit. Without such, the nodes nearest to that
# within a posterior sd, which the compression error will tell.
#' @export
choose_nodes.covary_suffstats_grid2d <- function(suffstats, prepared, priors) {
  fine <- target_at(prepared, merge_point_cells(prepared$nodes), priors)
  names <- axis_names(suffstats)
  knots <- inner_knots(prepared$design, suffstats)
  best <- list(quadrature_error = Inf)
  mode <- NULL
  for (size in node_grid_sizes(knots)) {
    breaks <- lapply(1:2, function(d) {
      node_breaks(counts_along(suffstats, d), knots[[d]], size[["intervals"]])
    })
    nodes <- aggregate_nodes(suffstats, fine$nodes, breaks, size[["nodes"]])
    count <- ncol(nodes$stats)
    found_some <- is.finite(best$quadrature_error)
    if (count > 0.7 * fine$cells$m || count > nodes_limit && found_some) break
    some <- target_at(prepared, nodes, priors)
    # With too few nodes for sums with signs there may be no mode.
    found <- attempt(approximate_mode(some$target, mode))
    shift <- if (is.null(found)) Inf else mode_shift(fine$target, some$target, found)
    mode <- if (isTRUE(shift < 1)) found
    if (isTRUE(shift < best$quadrature_error)) best <- c(some, list(quadrature_error = shift))
    if (isTRUE(shift < quadrature_limit)) break
  }
  if (best$quadrature_error > quadrature_limit && fine$cells$m <= nodes_limit) {
    best <- c(fine, list(quadrature_error = 0))
  }
  if (best$quadrature_error > 1) {
    stop_covary("nodes", "The cells of ", enumerate(names), " need more than ", nodes_limit,
      " nodes for this model. ",
      "Use smooths of fewer coefficients, or fit the rows.",
      fields = list(covariates = names)
    )
  }
  if (is.null(mode)) check_mode_exists(best$target, names)
  index <- new_cell_index(suffstats, prepared$nodes, best$nodes$aggregation)
  c(best, list(fine = fine, cell_index = index))
}

# All nodes have sums with signs too, in rectangles of few rows.
check_mode_exists <- function(target, names) {
  tryCatch(approximate_mode(target), covary_error_numerics = function(e) {
    stop_covary("nodes", "The cells of ", enumerate(names),
      " hold too few rows each for this model, whose mode they do not ",
      "determine. Use smooths of fewer coefficients, a lower `resolution`, or fit the rows.",
      fields = list(covariates = names)
    )
  })
}

# Knots of the bases within the range of the data, a sorted vector an axis
inner_knots <- function(design, suffstats) {
  lapply(cell_axes(suffstats), function(axis) {
    knots <- design_knots(design, axis$name)
    inside <- is.finite(knots) & knots > axis$range[1] & knots < axis$range[2]
    sort(unique(knots[inside]))
  })
}

# Intervals along each axis and nodes an interval that are tried, the cheapest first. The error
# falls geometrically with the nodes of an interval, by a fixed power with the number of
# intervals; these have to begin at knots.
node_grid_sizes <- function(knots) {
  sizes <- if (any(lengths(knots) > 0)) {
    list(c(1, 6), c(1, 8), c(1, 10), c(2, 10), c(2, 12), c(4, 12))
  } else {
    list(c(4, 10), c(4, 12), c(4, 14), c(6, 12), c(8, 12), c(8, 14))
  }
  lapply(sizes, stats::setNames, c("intervals", "nodes"))
}

nodes_limit <- 20000 # with two covariates; beyond it, a fit takes minutes
quadrature_limit <- 5e-4 # half of compression_limit

# Ends of about 3 x `intervals` intervals: knots, even splits of the range and quantiles of the rows
# (counts_along()).
node_breaks <- function(rows, knots, intervals) {
  range <- rows$range
  even <- seq(range[1], range[2], length.out = intervals + 1)
  share <- seq(0, 1, length.out = intervals + 1) * sum(rows$counts)
  dense <- stats::approx(c(0, cumsum(rows$counts)), rows$edge, share, ties = "ordered", rule = 2)$y
  breaks <- sort(unique(c(range, knots)))
  gap <- diff(range) / intervals / 2
  for (b in c(even, dense)) {
    near <- min(abs(breaks - b))
    between <- findInterval(b, breaks)
    # No sliver beside a knot, but intervals as fine as the data are dense.
    if (b > range[1] && b < range[2] &&
      near > 0.25 * min(gap, diff(breaks)[max(1, min(between, length(breaks) - 1))])) {
      breaks <- append(breaks, b, between)
    }
  }
  breaks
}

# To within about 1e-2 posterior sds: where smooths run away into a gap of the data there may be no
# mode to be found exactly.
approximate_mode <- function(target, from = NULL) {
  start <- if (is.null(from)) target$start else from$mean
  newton_mode(target, penalty(target, rep(-2, target$n_sds)), start,
    tolerance = 1e-2,
    max_iterations = 40L
  )
}

# Largest shift of the mode, in posterior sds, were the gradient that of `exact`.
mode_shift <- function(exact, target, mode) {
  change <- loglik_and_priors(exact, mode$mean, 1L)$gradient -
    loglik_and_priors(target, mode$mean, 1L)$gradient
  shift_in_sds(change, covariance_of(mode$chol_precision))
}
