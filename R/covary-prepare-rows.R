# From many rows that cells cannot hold to the target: by tables of the terms, or in blocks.

# `held`: the frame with what tables hold, and why they could not hold some term (hold_terms()):
# then only the columns themselves will do. NULL where all columns are better in memory. The
# prepared model has, for the check after the fit, `held` (that frame) and `tables` (the target of
# tables).
prepare_rows_fit <- function(parsed, held, settings) {
  frame <- held$frame
  tabulate <- settings$control$compress != "exact" && is.null(held$refusal)
  if (ncol(frame$y) > most_responses || !engines()[[settings$algorithm]]$likelihood) {
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
    parsed, total, sample_rows(frame), whole_of_rows(frame), frame$values
  )
  terms <- if (tabulate) row_terms(design, frame) else "the terms cannot be tabulated."
  if (is.character(terms) && frame$n <= blocks_from) {
    return(NULL)
  }
  scales <- scales_of_rows(scales, design, frame)
  priors <- resolve_priors(design, scales, settings$prior)
  one_cell <- list(
    id = NULL, first = 1L, m = 1L, y_scale = total$scaling[, 2],
    y_centre = total$scaling[, 1], stats = total$stats
  )
  one <- design
  one$x <- lapply(design$x, function(x) x[, 1, drop = FALSE])
  one$offset <- design$offset[, 1, drop = FALSE]
  target <- new_cells_model(one, one_cell, priors, scales)
  tables <- tabulate_smooths(design)
  tabulated <- is.list(terms)
  target <- if (tabulated) {
    new_rows_model(
      target, fill_row_terms(terms, tables, frame), frame,
      settings$control$threads
    )
  } else {
    new_blocks_model(target, tables, frame, priors, scales)
  }
  new_prepared(
    if (tabulated) "tables" else "blocks", frame, list(id = NULL, m = frame$n), design, priors,
    target,
    held = frame, tables = if (tabulated) target
  )
}
