# Sufficient statistics of rows: all that a normal likelihood knows of them, and no parameters.
#
# Those of disjoint rows add, in any order and from any machine (suffstats-merge.R). The number of
# continuous covariates decides the kind:
#   covary_suffstats_exact    none: weight, means and scatter of each group
#   covary_suffstats_grid1d   one: four Chebyshev moments of each cell of its range and group
#   covary_suffstats_grid2d   two: the 16 products of moments of each rectangle and group
# Users know all of them as objects of class "cells" (suffstats-cells.R).
#
# Fields of every kind; k responses, G groups
#   k           number of responses
#   responses   their names
#   scaling     k x 2: centre and scale; all sums are those of (y - centre) / scale
#   covariates  by name, what the column is (rows-columns.R); its `kind` is "exact" or "continuous"
#   resolution  number of cells wanted over the bulk of a continuous covariate
#   rows        number of rows
#   dropped     c(missing = number of rows left out)
#   groups      data frame, G lines: the distinct tuples of the exact covariates and of `observed`
#   observed    G: which responses the rows of a group have (rows-observed.R); those that they lack
#               count as zeros in all sums. (Not in versions before 0.2.0: all)
#   incomplete  counts of the rows that lack some response, named by `observed`
#
# Fields of cells, [i, i + 1) 2^-step along a covariate: cells of two objects nest, and moments of
# degree below 4 over two halves are moments of degree below 4 over their union, exactly
# (mathematics vignette, eqs 18 and 19).
#             grid1d                             grid2d
#   step      1 number                           2, named by covariate
#   core      1: width of the central half of    2, named by covariate
#             the values (not in 0.1.0)
#   range     2: ends of the data                2 x 2, a column a covariate
#   first     number i of the first cell         -
#   places    -                                  m x 3: numbers i of the rectangle, and its group
#   table     padded x 4 x cells x G             padded x 4 x 4 x m
# `table` holds sums of T_d(t) (1, y, y y') with t in [-1, 1] across the cell (moments.h); the first
# dimension is padded with zeros to a multiple of 4. Exact statistics have in its place
#   stats     (1 + k + k (k + 1) / 2) x G: weight, means, Cholesky factor of the scatter

suffstats_kinds <- c("exact", "grid1d", "grid2d") # by number of continuous covariates

# The statistics with the class of their kind, also where an older version made them.
as_suffstats <- function(x) {
  if (is.null(x$observed)) {
    x$observed <- rep(all_observed(x$k), max(1L, nrow(x$groups)))
    x$incomplete <- no_incomplete()
  }
  kind <- suffstats_kinds[1 + length(continuous_names(x))]
  structure(x, class = c(paste0("covary_suffstats_", kind), "covary_suffstats", "cells"))
}

# common: the fields of every kind
new_suffstats_exact <- function(common, stats) {
  as_suffstats(c(common, list(stats = stats)))
}

new_suffstats_grid1d <- function(common, range, step, core, first, table) {
  as_suffstats(c(common, list(
    range = range, step = step, core = core, first = first, table = table
  )))
}

new_suffstats_grid2d <- function(common, range, step, core, places, table) {
  as_suffstats(c(common, list(
    range = range, step = step, core = core, places = places, table = table
  )))
}

common_fields <- function(x) {
  unclass(x)[c(
    "k", "responses", "scaling", "covariates", "resolution", "rows", "dropped", "groups",
    "observed", "incomplete"
  )]
}

# No rows yet, but perhaps some left out, and what is known of columns.
new_suffstats_empty <- function(covariates = list(), dropped = 0) {
  structure(
    list(
      rows = 0, dropped = c(missing = as.double(dropped)), incomplete = no_incomplete(),
      covariates = covariates
    ),
    class = c("covary_suffstats_empty", "covary_suffstats")
  )
}

# What rows are summed by: the fields of statistics but for their sums and counts. `step` and `core`
# are chosen by the first rows where they are NULL.
new_pattern <- function(responses, scaling, covariates, resolution, step = NULL, core = NULL) {
  structure(list(
    k = length(responses), responses = responses, scaling = scaling, covariates = covariates,
    resolution = resolution, step = step, core = core
  ), class = "covary_suffstats_pattern")
}

pattern_of <- function(x) {
  new_pattern(x$responses, x$scaling, x$covariates, x$resolution, x$step, x$core)
}

continuous_names <- function(x) {
  names(x$covariates)[vapply(x$covariates, function(v) v$kind == "continuous", TRUE)]
}

# The statistics x with the fields of the responses numbered `at`; their sums are replaced by the
# caller.
keep_response_fields <- function(x, at) {
  x$observed <- restrict_observed(x$observed, x$k, at)
  x$k <- length(at)
  x$responses <- x$responses[at]
  x$scaling <- x$scaling[at, , drop = FALSE]
  x
}

# The statistics x with the lines `keep` of its data frame of groups; likewise.
take_groups_of <- function(x, keep) {
  x$groups <- x$groups[keep, , drop = FALSE]
  row.names(x$groups) <- NULL
  x$observed <- x$observed[keep]
  if (length(x$incomplete)) x$incomplete <- incomplete_weights(x)
  x
}

# Weights of the rows that lack some response, as count_incomplete() has their numbers
incomplete_weights <- function(x) {
  observed <- x$observed[group_of_sums(x)]
  lacking <- observed != all_observed(x$k)
  if (!any(lacking)) {
    return(no_incomplete())
  }
  sums <- rowsum(raw_sums(x)[1, lacking], observed[lacking])
  sort_counts(stats::setNames(sums[, 1], rownames(sums)))
}

exact_names <- function(x) setdiff(names(x$covariates), continuous_names(x))

# ---- what every kind can do ------------------------------------------------------------------

# Are there moments of a continuous covariate?
has_moments <- function(x) UseMethod("has_moments")
#' @export
has_moments.covary_suffstats <- function(x) TRUE
#' @export
has_moments.covary_suffstats_exact <- function(x) FALSE

# The statistics of all rows; ids: match_groups() of the two, which have one scaling and the same
# continuous covariates. Groups and counts are left to merge_suffstats().
merge_sums <- function(a, b, ids) UseMethod("merge_sums")

# The statistics of (y - centre) / scale for another scaling (k x 2)
rescale <- function(x, scaling) {
  if (identical(x$scaling, scaling)) {
    return(x)
  }
  a <- x$scaling[, 2] / scaling[, 2]
  b <- (x$scaling[, 1] - scaling[, 1]) / scaling[, 2]
  out <- transform_responses(x, a, b)
  out$scaling <- scaling
  out
}

# Numbers of the responses that some row has
responses_seen <- function(x) which(rowSums(is_observed(unique(x$observed), x$k)) > 0)

is_complete_suffstats <- function(x) all(x$observed == all_observed(x$k))

# The statistics of a y + b; a, b: length k
transform_responses <- function(x, a, b) UseMethod("transform_responses")
#' @export
transform_responses.covary_suffstats <- function(x, a, b) {
  size <- 1 + x$k + triangle_size(x$k)
  d <- dim(x$table)
  flat <- matrix(x$table, d[1])
  seen <- if (!is_complete_suffstats(x)) {
    group <- group_of_sums(x)
    is_observed(x$observed[rep(group, each = ncol(flat) / length(group))], x$k)
  }
  flat[seq_len(size), ] <- transform_sums(flat[seq_len(size), , drop = FALSE], x$k, a, b, seen)
  x$table <- array(flat, d)
  x
}

# The statistics of some responses (numbers `at`)
take_responses <- function(x, at) UseMethod("take_responses")
#' @export
take_responses.covary_suffstats <- function(x, at) {
  rows <- sum_rows_of(x$k, at)
  table <- array(0, c(moments_padded(length(at)), dim(x$table)[-1]))
  # four dimensions, of one covariate (with groups) or of two
  table[seq_along(rows), , , ] <- x$table[rows, , , , drop = FALSE]
  x$table <- table
  keep_response_fields(x, at)
}

# The statistics of the groups with the numbers `keep`
keep_groups <- function(x, keep) UseMethod("keep_groups")

# Sums (n, y, y y') by group or cell, whose row sums are those of all rows
raw_sums <- function(x) UseMethod("raw_sums")

# The group of each column of raw_sums()
group_of_sums <- function(x) UseMethod("group_of_sums")

# Number of cells that hold rows
count_cells <- function(x) UseMethod("count_cells")

# An exact covariate becomes continuous: every group is a point on its axis.
add_axis <- function(x, name) UseMethod("add_axis")

# A few hundred points that stand for the rows when bases choose knots: list(data, weights,
# observed: which responses they have, NULL for all). They
# are quantiles of the continuous covariates within every group, both ends included.
design_points <- function(x, points = 400) UseMethod("design_points")

# ---- what cells of continuous covariates can do ----------------------------------------------

# The axes of the cells, one a continuous covariate (suffstats-axes.R)
cell_axes <- function(x) UseMethod("cell_axes")

# Cells of 2^-step along each axis; they must not be narrower than those of x.
coarsen <- function(x, step) UseMethod("coarsen")

# Rows along axis d: list(counts, edge (one more), range of the data)
counts_along <- function(x, d = 1) UseMethod("counts_along")

# Number of cells over the central half of the rows, along axis d
central_cells <- function(x, d) UseMethod("central_cells")

# Cells wanted along each axis
wanted_cells <- function(x) UseMethod("wanted_cells")

# The points at which the cells enter a fit (suffstats-nodes.R); `degrees` below 4 takes moments of
# that degree and above as zero.
quadrature_nodes <- function(x, degrees = 4) UseMethod("quadrature_nodes")

# Nodes replaced by q (along each axis) between the breaks (a vector an axis), where there are more
# of them, and rows enough for sums with signs to be harmless.
aggregate_nodes <- function(x, nodes, breaks, q) UseMethod("aggregate_nodes")
