# What a compressed fit is worth: its error is estimated after the fit, and where it is too large
# the rows are compressed to finer cells, or fitted themselves.

# After the fit of anything but the rows themselves: list(way, certificate (of cells), accuracy),
# else NULL.
estimate_compression_error <- function(ready, result, control) {
  if (!is.null(ready$tables)) {
    # Their curvature is that of bins, by which engines may not find the mode.
    return(list(
      way = "tables", certificate = NA, accuracy = measure_accuracy(ready, result),
      converged = isTRUE(result$info$converged) || isTRUE(result$info$interrupted)
    ))
  }
  compression <- ready$compression
  if (is.null(compression)) {
    return(NULL)
  }
  has_rows <- compression$way == "rows"
  compression$certificate <- if (has_rows) {
    compression_error_of_rows(ready, result, control$threads)
  } else {
    compression_error_of_cells(ready, result)
  }
  compression$kind <- if (has_rows) {
    "exact pass over the rows"
  } else if (!has_moments(ready$suffstats)) {
    "exact cells"
  } else {
    "bound from the moments"
  }
  compression$accuracy <- if (has_rows) {
    measure_accuracy(ready, result)
  } else if (has_moments(ready$suffstats)) {
    measure_cells(ready, result)
  }
  compression
}

say_compressed <- function(compression) {
  inform_covary("compressed", format(compression$rows, big.mark = ",", scientific = FALSE),
    " rows were compressed to ", format(compression$cells, big.mark = ","),
    " cells (", compression$nodes, " nodes); the mode is ",
    format(compression$certificate, digits = 2),
    " posterior sds from that of the rows. See `compress` in covary_control().",
    fields = list(compression = compression)
  )
}

is_compression_accurate <- function(compression) {
  compression$way == "cells" ||
    !isFALSE(compression$converged) &&
      (is.na(compression$certificate) || compression$certificate <= compression_limit) &&
      is_accurate(compression$accuracy)
}

# Finer cells, then the rows: by tables those of several continuous covariates, at last one by one.
refine_compression <- function(control, compression) {
  finer <- control$resolution * 8
  last <- compression$way == "tables" || finer > 30000
  if (compression$way == "rows") control$resolution <- finer
  if (last) {
    control$compress <- if (compression$way == "tables" || compression$continuous == 1) {
      "exact"
    } else {
      "rows"
    }
  }
  why <- if (isFALSE(compression$converged)) {
    "By tables of the rows the fit did not converge; "
  } else if (!is_accurate(compression$accuracy)) {
    paste0(
      "Predictors read from ", if (compression$way == "tables") "tables " else "cells ",
      worst_accuracy(compression$accuracy), " off; "
    )
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
  fields = list(compression = compression)
  )
  control
}

add_compression <- function(fit, compression) {
  if (is.null(compression)) {
    return(fit)
  }
  fit$info$accuracy <- compression$accuracy
  if (compression$way == "tables") {
    return(fit)
  }
  fit$info$certificate <- compression$certificate
  fit$info$compression <- compression[names(compression) != "accuracy"]
  if (compression$way == "rows") {
    say_compressed(compression)
  } else if (!is.null(compression$accuracy) && !is_accurate(compression$accuracy)) {
    stop_inaccurate(compression)
  } else if (isTRUE(compression$certificate > compression_limit)) {
    warn_covary("certificate", "The cells may have moved the mode by ",
      format(compression$certificate, digits = 2),
      " posterior sds. Compress again with a higher `resolution`.",
      fields = list(certificate = compression$certificate)
    )
  }
  fit
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
