# Fits of compressed rows: from an object of class cells to the design and target that engines see.

# list(frame, cells, design): what read_frame(), new_cells() and new_design() give for rows. `frame`
# is that of the rows themselves, with what the cells hold (hold_terms()), where it is at hand.
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
  covariates <- lapply(sketch_rows(object)$data, `[`, 0)
  new_rowless_frame(object$responses, covariates, object$rows, object$dropped)
}
