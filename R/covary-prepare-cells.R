# From cells to the model: cells that compress() made before, or of rows compressed before the fit.

# Formulas and likelihood that sums of rows are enough for. what: cannot be fitted else; known: what
# may be in formulas.
check_cell_formulas <- function(parsed, what, known) {
  row_dependent_calls <- row_functions(parsed)
  if (length(row_dependent_calls)) {
    stop_covary("cells", "The formulas call ", enumerate(row_dependent_calls),
      "(), which may depend on all rows; ", known,
      fields = list(functions = row_dependent_calls)
    )
  }
  if (!likelihood_of(parsed$predictors)$is_sufficient) {
    stop_covary("cells", what, " cannot be fitted: ", insufficient_moments)
  }
}

# missing: what is done with rows that have some of the responses only, "use" or "drop"
prepare_cells <- function(parsed, suffstats, settings, missing = "use") {
  check_cell_formulas(
    parsed, "Cells",
    "cells only know functions of single values, splines, poly() and scale()."
  )
  check_cell_terms(parsed, suffstats)
  suffstats <- select_responses(suffstats, names(parsed$responses))
  if (identical(missing, "drop")) suffstats <- complete_rows_of(suffstats)
  prepare_compressed_fit(
    parsed, list(suffstats = suffstats, frame = NULL, group = NULL, source = "cells"),
    settings
  )
}

# `compressed`: what compress_frame() returns, with the source "compressed" or "cells", and the
# `design` where it is shared with other fits; of cells there is no frame. The prepared model has,
# for the check after the fit, `held` (the frame of what the cells hold), `suffstats` (the cells),
# `group` (the group of each row), `fine` (the same model at all nodes), `cell_index` (cells by
# number), `smooth_tables`, and what was compressed to what, `compression`.
prepare_compressed_fit <- function(parsed, compressed, settings) {
  prepared <- prepare_compressed(
    parsed, compressed$suffstats, compressed$frame, compressed$design
  )
  prepared$design$level_factor <- level_factor_of(prepared, settings)
  check_responses(prepared$frame, prepared$scales, settings$algorithm)
  priors <- resolve_priors(prepared$design, prepared$scales, settings$prior)
  compression <- list(
    rows = prepared$suffstats$rows,
    groups = length(prepared$suffstats$observed),
    continuous = length(continuous_names(prepared$suffstats))
  )
  compression$resolution <- compressed$resolution
  if (is.null(prepared$nodes)) {
    out <- list(
      cells = prepared$cells, design = prepared$design,
      target = new_cells_model(prepared$design, prepared$cells, priors, prepared$scales)
    )
    compression <- c(
      compression,
      list(cells = prepared$cells$m, nodes = prepared$cells$m, quadrature_error = 0)
    )
  } else {
    out <- choose_nodes(prepared$suffstats, prepared, priors)
    # Better no cells than a fit that the certificate will refuse.
    if (compressed$source == "compressed" && out$quadrature_error > quadrature_limit) {
      stop_covary("nodes", "the model needs more than ", nodes_limit, " nodes.",
        fields = list(quadrature_error = out$quadrature_error)
      )
    }
    compression <- c(compression, list(
      cells = count_cells(prepared$suffstats), nodes = out$cells$m,
      quadrature_error = out$quadrature_error
    ))
  }
  out$target$rows <- prepared$suffstats$rows
  more <- out[intersect(names(out), c("fine", "cell_index"))]
  do.call(new_prepared, c(
    list(compressed$source, prepared$frame, out$cells, out$design, priors, out$target), more,
    list(
      held = compressed$frame, suffstats = prepared$suffstats,
      group = compressed$group,
      smooth_tables = if (compressed$source == "cells") prepared$design$tables,
      compression = compression
    )
  ))
}
