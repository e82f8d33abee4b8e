# From parsed formulas and data to the model that an engine sees: class covary_prepared.

# What stands for the rows in front of the engine decides how the fit is checked afterwards
# (covary-compression-error.R). It is the subclass:
#   prepared_rows        the rows as they are; those with equal covariates share an exact cell
#   prepared_compressed  rows that were compressed to cells before the fit
#   prepared_cells       cells that compress() made before; the rows are not at hand
#   prepared_tables      many rows with several continuous covariates, by tables of the terms
#   prepared_blocks      the same where terms join covariates: columns in blocks of rows
# All have
#   parsed   formulas with all that is to be known of them at new data, added by prepare_fit()
#   frame    the rows (rows-class.R)
#   cells    list(id: the cell of each row, or NULL; m: how many), with sums where there are any
#   design, priors, target
# where responses are transformed
#   margins, given   the margins, and N x K responses as given; those of the frame are transformed
# and more, what the check needs: the files that make them say it.
new_prepared <- function(source, frame, cells, design, priors, target, ...) {
  structure(
    class = c(paste0("prepared_", source), "covary_prepared"),
    list(
      frame = frame, cells = cells, design = design, priors = priors,
      target = target, ...
    )
  )
}

# The prepared model, or an error that says what of it breaks the contract; tests run it.
validate_prepared <- function(x) {
  holds <- c(
    "class covary_prepared" = inherits(x, "covary_prepared") && length(class(x)) == 2,
    "parsed: formulas" = length(x$parsed$predictors) > 0,
    "frame: rows" = inherits(x$frame, "covary_rows"),
    "cells: how many" = is_whole_number(x$cells$m, 1),
    "design: predictors as in the formulas" =
      identical(names(x$design$predictors), names(x$parsed$predictors)),
    "target: coefficients as in the priors" =
      all(setdiff(x$priors$name[x$priors$class != "sds"], x$target$coefficients$name) == ""),
    "compression: what was compressed" = is.null(x$compression) ||
      all(c("rows", "groups", "continuous", "cells", "nodes") %in% names(x$compression))
  )
  if (!all(holds)) {
    stop_covary("internal", "A prepared model breaks its contract: ", names(holds)[!holds][1], ".")
  }
  x
}

# `choice`: which rows of `data` are wanted, list(weights, subset, na_action, missing). `settings`:
# list(prior, algorithm, control, margins, memory (of fits that differ in their responses alone, see
# recall())).
prepare_fit <- function(parsed, data, choice, settings) {
  if (inherits(data, "cells")) {
    parsed <- own_scopes(parsed, names(data$covariates))
    prepared <- prepare_cells(parsed, data, settings, choice$missing)
  } else {
    read <- recall(settings$memory, "rows", read_rows(parsed, data, choice))
    parsed <- read$parsed
    margins <- margins_of_frame(settings$margins, read$frame)
    frame <- latent_frame(read$frame, margins)
    prepared <- prepare_many(parsed, frame, settings)
    if (is.null(prepared)) prepared <- prepare_rows(parsed, frame, settings)
    prepared$frame <- frame
    prepared <- with_margins(prepared, margins, read$frame)
  }
  prepared$parsed <- parsed
  prepared
}

# What does not depend on the transformation of responses is made once for all fits that share a
# memory (an environment; NULL: each time). value: computed where it is not known.
recall <- function(memory, name, value) {
  if (is.null(memory)) {
    return(value)
  }
  if (is.null(memory[[name]])) memory[[name]] <- value
  memory[[name]]
}

# The frame of the rows, and the formulas with all that is to be known of them at new data.
read_rows <- function(parsed, data, choice) {
  check_data(data)
  parsed <- take_outside(parsed, data)
  frame <- read_frame(
    parsed, data, choice$weights, choice$subset, choice$na_action, choice$missing
  )
  parsed <- own_scopes(parsed, c(names(data), names(parsed$outside_columns)), nrow(data))
  list(
    parsed = add_term_states(record_columns(parsed, frame, data), frame$covariates, frame$n),
    frame = frame
  )
}

prepare_rows <- function(parsed, frame, settings) {
  cells <- new_cells(frame, likelihood_of(parsed$predictors)$is_sufficient)
  scales <- response_scales(cells_moments(cells), colnames(frame$y))
  check_responses(frame, scales, settings$algorithm)
  design <- recall(settings$memory, "design", new_design(parsed, frame, cells))
  scales <- scales_of_cells(scales, design, cells)
  priors <- resolve_priors(design, scales, settings$prior)
  new_prepared("rows", frame, cells, design, priors, new_cells_model(design, cells, priors, scales))
}
