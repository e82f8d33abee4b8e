# Is the fit that of the rows? What stood for them (covary-prepare.R) is checked after the fit, and
# says what to do where it was not good enough: covary() fits again.

# What a check found, class covary_compression with the subclass compression_compressed,
# compression_cells or compression_tables:
#   certificate  shift of the mode in posterior sds, NA where it is not known
#   accuracy     data frame, a row a predictor (measure_accuracy()), or NULL
#   converged    FALSE where the engine may have failed for want of the rows
#   kind         how the certificate was found
# and, of cells, rows, groups, continuous (how many continuous covariates), cells, nodes,
# quadrature_error (shift of the mode by merging cells to nodes, in posterior sds), and resolution
# where it was chosen (covary-compress-groups.R).
new_compression <- function(
  source, certificate, accuracy = NULL, converged = TRUE, kind = NULL, sizes = NULL
) {
  structure(
    class = c(paste0("compression_", source), "covary_compression"),
    c(sizes, list(
      certificate = certificate, kind = kind, accuracy = accuracy, converged = converged
    ))
  )
}

# `result`: of the engine. NULL where the rows themselves were fitted, and nothing is to check.
estimate_compression_error <- function(prepared, result, control) {
  UseMethod("estimate_compression_error")
}

#' @export
estimate_compression_error.default <- function(prepared, result, control) NULL

# The curvature of tables is that of bins, by which engines may not find the mode.
#' @export
estimate_compression_error.prepared_tables <- function(prepared, result, control) {
  new_compression("tables", NA,
    accuracy = measure_accuracy(prepared, result),
    converged = isTRUE(result$info$converged) || isTRUE(result$info$interrupted)
  )
}

#' @export
estimate_compression_error.prepared_compressed <- function(prepared, result, control) {
  new_compression("compressed", compression_error_of_rows(prepared, result, control$threads),
    accuracy = measure_accuracy(prepared, result), kind = "exact pass over the rows",
    sizes = prepared$compression
  )
}

#' @export
estimate_compression_error.prepared_cells <- function(prepared, result, control) {
  is_exact <- !has_moments(prepared$suffstats)
  new_compression("cells", compression_error_of_cells(prepared, result),
    accuracy = if (!is_exact) measure_cells(prepared, result),
    kind = if (is_exact) "exact cells" else "bound from the moments",
    sizes = prepared$compression
  )
}

# Is the fit accepted? One of cells without rows is, or ends in an error (record_compression()).
is_accepted <- function(compression) UseMethod("is_accepted")

#' @export
is_accepted.default <- function(compression) {
  compression$converged &&
    (is.na(compression$certificate) || compression$certificate <= compression_limit) &&
    is_accurate(compression$accuracy)
}

#' @export
is_accepted.compression_cells <- function(compression) TRUE

# The settings of the next try, which is announced: finer cells, then the rows; by tables those of
# several continuous covariates, at last one by one.
refine_compression <- function(compression, control) UseMethod("refine_compression")

#' @export
refine_compression.compression_compressed <- function(compression, control) {
  if (is.null(compression$resolution)) {
    control$resolution <- control$resolution * 8
  } else {
    control$coarsest <- compression$resolution * 4
  }
  last <- max(control$resolution, control$coarsest) > finest_resolution
  if (last) control$compress <- if (compression$continuous == 1) "exact" else "rows"
  say_refined(compression, "cells", last)
  control
}

#' @export
refine_compression.compression_tables <- function(compression, control) {
  control$compress <- "exact"
  say_refined(compression, "tables", last = TRUE)
  control
}

finest_resolution <- 30000 # beyond it, rows are as cheap

say_refined <- function(compression, what, last) {
  why <- if (!compression$converged) {
    "By tables of the rows the fit did not converge; "
  } else if (!is_accurate(compression$accuracy)) {
    paste0("Predictors read from ", what, " ", worst_accuracy(compression$accuracy), " off; ")
  } else {
    paste0(
      "Compression would have moved the mode by ",
      format(compression$certificate, digits = 2), " posterior sds; "
    )
  }
  inform_covary("refined", why, if (last) {
    "the rows are fitted one by one."
  } else {
    "finer cells are tried."
  },
  fields = list(compression = unclass(compression))
  )
}

# The fit with what was found, which the user is told.
record_compression <- function(compression, fit) UseMethod("record_compression")

#' @export
record_compression.NULL <- function(compression, fit) fit

#' @export
record_compression.compression_tables <- function(compression, fit) {
  fit$info$accuracy <- compression$accuracy
  fit
}

#' @export
record_compression.compression_compressed <- function(compression, fit) {
  say_compressed(compression)
  with_compression(fit, compression)
}

#' @export
record_compression.compression_cells <- function(compression, fit) {
  if (!is.null(compression$accuracy) && !is_accurate(compression$accuracy)) {
    stop_inaccurate(compression)
  }
  if (isTRUE(compression$certificate > compression_limit)) {
    warn_covary("certificate", "The cells may have moved the mode by ",
      format(compression$certificate, digits = 2),
      " posterior sds. Compress again with a higher `resolution`.",
      fields = list(certificate = compression$certificate)
    )
  }
  with_compression(fit, compression)
}

with_compression <- function(fit, compression) {
  fit$info$accuracy <- compression$accuracy
  fit$info$certificate <- compression$certificate
  found <- unclass(compression)
  fit$info$compression <- found[setdiff(names(found), c("accuracy", "converged"))]
  fit
}

say_compressed <- function(compression) {
  inform_covary("compressed", format(compression$rows, big.mark = ",", scientific = FALSE),
    " rows were compressed to ", format(compression$cells, big.mark = ","),
    " cells (", compression$nodes, " nodes); the mode is ",
    format(compression$certificate, digits = 2),
    " posterior sds from that of the rows. See `compress` in covary_control().",
    fields = list(compression = unclass(compression))
  )
}

stop_inaccurate <- function(compression) {
  stop_covary("cells", "Within the cells, predictors ", worst_accuracy(compression$accuracy),
    " off what the formulas say (at most ",
    accuracy_limits[["residual"]], " and ", accuracy_limits[["posterior"]],
    " are accepted). Compress again with a higher `resolution`, ",
    "or put the value of the term that bends within cells into a column and name it in `by`.",
    fields = list(accuracy = compression$accuracy)
  )
}
