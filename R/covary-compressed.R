# Fits of compressed rows: from sufficient statistics to the design and target that engines see.

# list(frame, cells, design, scales, suffstats, nodes): what read_frame(), new_cells() and
# new_design() give for rows; `nodes` (suffstats-nodes.R) in place of `cells` where there are
# moments. `frame` is that of the rows themselves, with what the cells hold (hold_terms()), where
# it is at hand, `design` one that was built before, with tables of its smooths.
prepare_compressed <- function(parsed, suffstats, frame = NULL, design = NULL) {
  suffstats <- select_responses(suffstats, names(parsed$responses))
  check_compressed(parsed, suffstats, has_rows = !is.null(frame))
  nodes <- if (has_moments(suffstats)) quadrature_nodes(suffstats)
  if (is.null(design)) design <- design_of_suffstats(parsed, suffstats, nodes, frame)
  if (is.null(frame)) frame <- frame_without_rows(suffstats)
  scales <- response_scales(response_moments(suffstats), suffstats$responses)
  cells <- NULL
  if (is.null(nodes)) {
    cells <- exact_cells(suffstats)
    design <- at_nodes(design, factor_groups(suffstats))
    scales <- scales_of_cells(scales, design, cells)
  } else {
    scales <- scales_at_nodes(scales, design, suffstats, nodes)
    design <- tabulate_smooths(design)
  }
  list(
    frame = frame, cells = cells, design = design, scales = scales, suffstats = suffstats,
    nodes = nodes
  )
}

design_of_suffstats <- function(parsed, suffstats, nodes, frame) {
  # Terms whose values are held need the covariates that they are made of.
  points <- if (length(frame$values)) sample_rows(frame) else design_points(suffstats)
  all_rows <- if (!is.null(nodes)) all_rows_of_nodes(suffstats, nodes, frame)
  design_from_points(parsed, suffstats, points, all_rows, frame$values)
}

# Exact statistics as the cells of a target
exact_cells <- function(suffstats) {
  m <- ncol(suffstats$stats)
  list(
    id = NULL, first = seq_len(m), m = m, y_scale = suffstats$scaling[, 2],
    y_centre = suffstats$scaling[, 1], stats = suffstats$stats,
    observed = if (!is_complete_suffstats(suffstats)) suffstats$observed
  )
}

# What offsets leave of the scales of the responses
scales_at_nodes <- function(scales, design, suffstats, nodes) {
  if (!has_offsets(design)) {
    return(scales)
  }
  data <- node_data(suffstats, nodes)
  scales_of_cells(
    scales, design, node_cells(suffstats, nodes), offsets_at(design, data, nrow(data))
  )
}

check_compressed <- function(parsed, suffstats, has_rows) {
  if (has_rows) {
    return(invisible())
  }
  for (p in parsed$predictors) {
    absent <- setdiff(all.vars(p$rhs), names(suffstats$covariates))
    absent <- absent[!vapply(
      absent,
      function(v) is.numeric(get0(v, envir = environment(p$rhs), mode = "numeric")), TRUE
    )]
    if (length(absent)) {
      stop_covary("variable", "The formula for ", p$key, " uses ", enumerate(absent),
        ", which the cells do not hold; they have ",
        enumerate(names(suffstats$covariates), most = 12), ".",
        fields = list(variable = absent)
      )
    }
  }
}

# A frame without rows: what fits of cells can know.
frame_without_rows <- function(suffstats) {
  covariates <- lapply(design_points(suffstats)$data, `[`, 0)
  new_rowless_frame(
    suffstats$responses, covariates, suffstats$rows, suffstats$dropped, suffstats$incomplete
  )
}
