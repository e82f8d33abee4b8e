# From many rows that cells cannot hold to the target: by tables of the terms, or in blocks.

# `held`: the frame with what tables hold, and why they could not hold some term (hold_terms()):
# then only the columns themselves will do. NULL where all columns are better in memory. The
# prepared model has, for the check after the fit, `held` (that frame) and `tables` (the target of
# tables).
prepare_tables_or_blocks <- function(parsed, held, settings) {
  frame <- held$frame
  tabulate <- settings$control$compress != "exact" && is.null(held$refusal) && !anyNA(frame$y)
  if (!engines()[[settings$algorithm]]$likelihood) {
    return(NULL)
  }
  if (!tabulate && frame$n <= blocks_from) {
    return(NULL)
  }
  if (!all(are_plain(frame$covariates)) || length(frame$covariates) == 0) {
    return(NULL)
  }
  pattern <- pattern_of_rows(response_columns(frame$y), list(), resolution = 1)
  total <- suffstats_of_rows(pattern, new_rows(frame$y, weights = frame$weights))
  scales <- response_scales(response_moments(total), total$responses)
  check_responses(frame, scales, settings$algorithm)
  design <- design_from_points(
    parsed, total, sample_rows(frame), all_rows_of_frame(frame), frame$values
  )
  terms <- if (tabulate) row_terms(design, frame) else "the terms cannot be tabulated."
  if (is.character(terms) && frame$n <= blocks_from) {
    return(NULL)
  }
  scales <- scales_of_rows(scales, design, frame)
  priors <- resolve_priors(design, scales, settings$prior)
  base <- one_cell_model(design, total, priors, scales)
  smooths <- tabulate_smooths(design)
  cells <- list(id = NULL, m = frame$n)
  if (is.character(terms)) {
    target <- new_blocks_model(base, smooths, frame, priors, scales)
    return(new_prepared("blocks", frame, cells, design, priors, target, held = frame))
  }
  filled <- fill_row_terms(terms, smooths, frame)
  target <- new_rows_model(base, filled, frame, settings$control$threads)
  new_prepared("tables", frame, cells, design, priors, target, held = frame, tables = target)
}

# The model of one cell that holds all rows, `total` (exact statistics): its priors and scales are
# those of the rows, its likelihood is replaced.
one_cell_model <- function(design, total, priors, scales) {
  cell <- list(
    id = NULL, first = 1L, m = 1L, y_scale = total$scaling[, 2],
    y_centre = total$scaling[, 1], stats = total$stats[, 1, drop = FALSE]
  )
  design$x <- lapply(design$x, function(x) x[, 1, drop = FALSE])
  design$offset <- design$offset[, 1, drop = FALSE]
  new_cells_model(design, cell, priors, scales)
}
