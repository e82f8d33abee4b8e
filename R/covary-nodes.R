# How many nodes stand for the cells: as few as leave the mode of the model where it is
# (mathematics vignette, eq. 28 with all nodes for the rows).

target_at <- function(prepared, nodes, priors) {
  data <- node_data(prepared$object, nodes)
  design <- at_nodes(prepared$design, data)
  cells <- node_cells(prepared$object, nodes)
  list(
    design = design, cells = cells, target = new_target(design, cells, priors, prepared$scales),
    nodes = nodes
  )
}

# How many nodes: breaks at knots and at quantiles and even splits of the range, twice as many until
# the mode moves less than 1e-6 posterior sds against all nodes, at most 1e-5. list(target_at(),
# fine: the same at all nodes, gathering: that shift)
choose_nodes <- function(prepared, priors) {
  object <- prepared$object
  if (is_tensor(object)) {
    return(choose_tensor_nodes(prepared, priors))
  }
  grid <- target_at(prepared, prepared$nodes, priors)
  lumped <- lump_nodes(object, prepared$nodes)
  fine <- if (identical(lumped, prepared$nodes)) grid else target_at(prepared, lumped, priors)
  name <- continuous_names(object)
  knots <- design_knots(prepared$design, name)
  knots <- knots[is.finite(knots) & knots > object$range[1] & knots < object$range[2]]
  best <- NULL
  mode <- NULL
  # More columns wiggle more; a basis with knots of its own brings its pieces.
  columns <- max(vapply(prepared$design$x, nrow, 0L))
  first <- if (length(knots)) 8 else c(8, 16, 24, 32)[findInterval(columns, c(0, 9, 13, 21))]
  for (pieces in c(first, Filter(function(more) more > first, c(16, 32, 64)))) {
    if (pieces * 12 * nrow(object$groups) * 2 > length(lumped$x)) break
    some <- target_at(
      prepared,
      gather_nodes(lumped, node_breaks(count_rows(object), knots, pieces)), priors
    )
    if (some$cells$m * 1.5 > fine$cells$m) break
    mode <- rough_mode(some$target, mode)
    shift <- mode_shift(fine$target, some$target, mode)
    if (isTRUE(shift < 1e-5)) best <- c(some, list(gathering = shift, mode = mode))
    if (isTRUE(shift < 1e-6)) break
  }
  if (is.null(best)) best <- c(fine, list(gathering = 0, mode = rough_mode(fine$target, mode)))
  best$target$start <- best$mode$mean
  c(best, list(fine = grid, chain = node_chain(object, prepared$nodes, best$nodes$gathered)))
}

# As choose_nodes(), until the mode moves less than 5e-4 posterior sds against all nodes. Without
# such, the nearest within a posterior sd, which the certificate will tell.
choose_tensor_nodes <- function(prepared, priors) {
  object <- prepared$object
  fine <- target_at(prepared, lump_tensor_nodes(prepared$nodes), priors)
  names <- names(object$step)
  knots <- lapply(names, function(v) {
    all <- design_knots(prepared$design, v)
    sort(unique(all[is.finite(all) & all > object$range[1, v] & all < object$range[2, v]]))
  })
  best <- list(gathering = Inf)
  mode <- NULL
  for (rung in tensor_ladder(knots)) {
    breaks <- lapply(1:2, function(d) node_breaks(tensor_counts(object, d), knots[[d]], rung[1]))
    nodes <- gather_tensor_nodes(fine$nodes, breaks, rung[2])
    if (ncol(nodes$stats) > 0.7 * fine$cells$m || ncol(nodes$stats) > tensor_nodes_limit &&
      is.finite(best$gathering)) {
      break
    }
    some <- target_at(prepared, nodes, priors)
    # With too few nodes for sums with signs there may be no mode.
    found <- attempt(rough_mode(some$target, mode))
    shift <- if (is.null(found)) Inf else mode_shift(fine$target, some$target, found)
    mode <- if (isTRUE(shift < 1)) found
    if (isTRUE(shift < best$gathering)) best <- c(some, list(gathering = shift))
    if (isTRUE(shift < gathering_limit)) break
  }
  if (best$gathering > gathering_limit && fine$cells$m <= tensor_nodes_limit) {
    best <- c(fine, list(gathering = 0))
  }
  if (best$gathering > 1) {
    stop_covary("nodes", "The cells of ", enumerate(names), " need more than ", tensor_nodes_limit,
      " nodes for this model. ",
      "Use smooths of fewer coefficients, or fit the rows.",
      fields = list(covariates = names)
    )
  }
  # All nodes have sums with signs too, in rectangles of few rows.
  if (is.null(mode)) {
    mode <- tryCatch(rough_mode(best$target), covary_error_numerics = function(e) {
      stop_covary("nodes", "The cells of ", enumerate(names),
        " hold too few rows each for this model, whose mode they do not ",
        "determine. Use smooths of fewer coefficients, a lower `resolution`, or fit the rows.",
        fields = list(covariates = names)
      )
    })
  }
  c(best, list(fine = fine, chain = node_chain(object, prepared$nodes, best$nodes$gathered)))
}

node_breaks <- function(rows, knots, pieces) {
  range <- rows$range
  even <- seq(range[1], range[2], length.out = pieces + 1)
  dense <- stats::approx(c(0, cumsum(rows$counts)), rows$edge, seq(0, 1, length.out = pieces + 1) *
    sum(rows$counts), ties = "ordered", rule = 2)$y
  breaks <- sort(unique(c(range, knots)))
  gap <- diff(range) / pieces / 2
  for (b in c(even, dense)) {
    near <- min(abs(breaks - b))
    between <- findInterval(b, breaks)
    # No sliver beside a knot, but pieces as fine as the data are dense.
    if (b > range[1] && b < range[2] &&
      near > 0.25 * min(gap, diff(breaks)[max(1, min(between, length(breaks) - 1))])) {
      breaks <- append(breaks, b, between)
    }
  }
  breaks
}

# Near the mode is near enough: where smooths run away into a gap of the data there may be none.
rough_mode <- function(target, from = NULL) {
  start <- if (is.null(from)) target$start else from$mean
  newton_mode(target, penalty(target, rep(-2, target$n_sds)), start,
    tolerance = 1e-2,
    max_iterations = 40L
  )
}

# Largest shift of the mode, in posterior sds, were the gradient that of `exact`.
mode_shift <- function(exact, target, mode) {
  change <- target_base(exact, mode$mean, 1L)$gradient - target_base(target, mode$mean, 1L)$gradient
  shift_in_sds(change, chol2inv(mode$chol_precision))
}

# Pieces and nodes a piece that are tried, the cheaper first: nodes gain digits faster than pieces,
# which have to begin at knots.
tensor_ladder <- function(knots) {
  if (any(lengths(knots) > 0)) {
    list(c(1, 6), c(1, 8), c(1, 10), c(2, 10), c(2, 12), c(4, 12))
  } else {
    list(c(4, 10), c(4, 12), c(4, 14), c(6, 12), c(8, 12), c(8, 14))
  }
}

tensor_nodes_limit <- 20000 # beyond it, a fit takes minutes

gathering_limit <- 5e-4 # half of what the certificate allows
