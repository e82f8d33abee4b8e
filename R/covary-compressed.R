# Fits of compressed rows: from an object of class cells to the design and target that engines see.

# list(frame, cells, design): what new_frame(), new_cells() and new_design() give for rows. `frame`
# is that of the rows themselves, with what the cells hold (held_frame()), where it is at hand.
prepare_compressed <- function(parsed, object, frame = NULL) {
  object <- select_responses(object, names(parsed$responses))
  check_compressed(parsed, object, has_rows = !is.null(frame))
  # Terms whose values are held need the covariates that they are made of.
  sketch <- if (length(frame$values)) sample_rows(frame) else sketch_rows(object)
  fine <- if (!is.null(object$table)) fine_nodes(object)
  design <- sketch_design(parsed, object, sketch, if (!is.null(fine)) {
    whole_of_nodes(object, fine, frame)
  }, frame$values)
  if (is.null(frame)) frame <- compressed_frame(object)
  scales <- compressed_scales(object)
  if (is.null(object$table)) {
    data <- factor_groups(object)
    cells <- list(
      id = NULL, first = seq_len(ncol(object$stats)), m = ncol(object$stats),
      y_scale = object$scaling[, 2],
      y_centre = object$scaling[, 1], stats = object$stats
    )
    design <- at_nodes(design, data, parsed)
    return(list(
      frame = frame, cells = cells, design = design,
      scales = scales_of_cells(scales, design, cells), object = object, nodes = NULL
    ))
  }
  if (has_offsets(design)) {
    data <- node_data(object, fine)
    scales <- scales_of_cells(
      scales, design, node_cells(object, fine),
      offsets_at(design, data, nrow(data))
    )
  }
  list(
    frame = frame, cells = NULL, design = tabulate_smooths(design), scales = scales,
    object = object, nodes = fine
  )
}

select_responses <- function(object, wanted) {
  absent <- setdiff(wanted, object$responses)
  if (length(absent)) {
    stop_covary("variable", "The cells have no response ", enumerate(absent), "; they hold ",
      enumerate(object$responses), ".",
      fields = list(response = absent)
    )
  }
  at <- match(wanted, object$responses)
  if (identical(at, seq_along(object$responses))) {
    return(object)
  }
  k <- object$k
  rows <- c(1, 1 + at, 1 + k + lower_triangle(lower_places(k)[at, at, drop = FALSE]))
  if (is.null(object$table)) {
    stats <- object$stats
    scatter <- root_to_scatter(
      stats[-seq_len(1 + k), , drop = FALSE],
      k
    )[rows[-seq_len(1 + length(at))] - 1 - k, , drop = FALSE]
    object$stats <- rbind(stats[c(1, 1 + at), , drop = FALSE], scatter_to_root(scatter, length(at)))
  } else {
    d <- dim(object$table)
    table <- array(0, c(moments_padded(length(at)), d[-1]))
    # one covariate or two: four dimensions
    table[seq_along(rows), , , ] <- object$table[rows, , , , drop = FALSE]
    object$table <- table
  }
  object$k <- length(at)
  object$responses <- object$responses[at]
  object$scaling <- object$scaling[at, , drop = FALSE]
  object
}

scatter_to_root <- function(scatter, k) {
  at <- lower_places(k)
  root <- scatter
  for (j in seq_len(k)) {
    done <- seq_len(j - 1)
    pivot <- scatter[at[j, j], ] - colSums(root[at[j, done], , drop = FALSE]^2)
    root[at[j, j], ] <- sqrt(pmax(pivot, 0))
    for (i in seq_len(k - j) + j) {
      rest <- scatter[at[i, j], ] -
        colSums(root[at[i, done], , drop = FALSE] * root[at[j, done], , drop = FALSE])
      root[at[i, j], ] <- ifelse(root[at[j, j], ] > 0, rest / root[at[j, j], ], 0)
    }
  }
  root
}

check_compressed <- function(parsed, object, has_rows) {
  if (object$k > 2 && !is.null(object$table)) {
    stop_covary(
      "cells",
      "Moments of a continuous covariate are fitted for one or two responses; the model has ",
      object$k, "."
    )
  }
  if (has_rows) {
    return(invisible())
  }
  for (p in parsed$predictors) {
    absent <- setdiff(all.vars(p$rhs), names(object$covariates))
    absent <- absent[!vapply(
      absent,
      function(v) is.numeric(get0(v, envir = environment(p$rhs), mode = "numeric")), TRUE
    )]
    if (length(absent)) {
      stop_covary("variable", "The formula for ", p$key, " uses ", enumerate(absent),
        ", which the cells do not hold; they have ",
        enumerate(names(object$covariates), most = 12), ".",
        fields = list(variable = absent)
      )
    }
  }
}

# A frame without rows: what fits of cells can know.
compressed_frame <- function(object) {
  sketch <- sketch_rows(object)
  k <- object$k
  list(
    y = matrix(numeric(), 0, k, dimnames = list(NULL, object$responses)),
    covariates = lapply(sketch$data, `[`, 0),
    weights = numeric(), rows = integer(), n = object$rows, row_names = NULL,
    dropped = sum(object$dropped), without_rows = TRUE
  )
}

# The design built from the sketch, with what it needs of all rows (design-whole-rows.R).
sketch_design <- function(parsed, object, sketch, whole = NULL, values = NULL) {
  m <- nrow(sketch$data)
  frame <- list(
    y = matrix(0, m, object$k, dimnames = list(NULL, object$responses)),
    covariates = as.list(sketch$data),
    weights = sketch$weights, rows = seq_len(m), n = m, whole = whole, values = values
  )
  cells <- list(id = seq_len(m), first = seq_len(m), m = m, stats = rbind(sketch$weights))
  # Knots in a gap of the sketch need not lie in a gap of the rows.
  withCallingHandlers(new_design(parsed, frame, cells, sketch$data), warning = function(w) {
    if (grepl("*no* information about some basis", conditionMessage(w), fixed = TRUE)) {
      invokeRestart("muffleWarning")
    }
  })
}

at_nodes <- function(design, data, parsed) {
  at <- evaluate_design(design, data)
  design$x <- at$x
  design$offset <- at$offset
  design
}

compressed_scales <- function(object) {
  new_scales(tally_moments(object), object$responses)
}

# Nodes as the cells of a target.
node_cells <- function(object, nodes) {
  k <- object$k
  size <- 1 + k + k * (k + 1) / 2
  list(
    id = NULL, first = seq_len(ncol(nodes$stats)), m = ncol(nodes$stats),
    y_scale = object$scaling[, 2], y_centre = object$scaling[, 1],
    sums = nodes$stats[seq_len(size), , drop = FALSE]
  )
}

# Standardised node statistics: z' = (y - centre) / scale from sums of (y - y_centre) / y_scale.
standardise_nodes <- function(cells, centre, scale) {
  k <- length(scale)
  node_stats(transform_sums(
    cells$sums, k, cells$y_scale / scale,
    (cells$y_centre - centre) / scale
  ), k)
}

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

# Rows in the cells: list(counts, edge, range of the data)
count_rows <- function(object) {
  counts <- rowSums(matrix(object$table[1, 1, , ], dim(object$table)[3]))
  list(
    counts = pmax(counts, 0), edge = (object$first + 0:length(counts)) * 2^-object$step,
    range = object$range
  )
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
  shift_in_sds(change, chol2inv(mode$root))
}

shift_in_sds <- function(change, cov) {
  if (length(change) == 0) {
    return(0)
  }
  max(abs(as.vector(cov %*% change)) / sqrt(diag(cov)))
}

# A target at all nodes of cells whose last moments are taken as zero: what they contribute bounds
# what those left out would.
without_last_moments <- function(object, target) {
  cut <- fine_nodes(object, degrees = 3)
  if (is_tensor(object)) cut <- lump_tensor_nodes(cut)
  target$model$cells <- standardise_nodes(
    node_cells(object, cut), target$standard$centre,
    target$standard$scale
  )
  target
}
