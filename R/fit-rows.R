# The rows of a fit as new data, and what stands for them where the fit was made from cells.

has_rows <- function(fit) !is_rowless(fit$frame)

need_rows <- function(fit, what) {
  if (!has_rows(fit)) {
    stop_covary(
      "no_rows", what,
      " needs the rows of the data; the fit was made from cells, which do not hold them."
    )
  }
  fit
}

# Rows that stand for the covariates of a fit made from cells: quantiles, and all levels.
typical_rows <- function(covariates) {
  columns <- lapply(covariates, function(known) {
    if (identical(known$type, "numeric")) {
      return(stats::approx(
        c(0, 0.1, 0.5, 0.9, 1), sort(c(known$range, known$quantiles)),
        seq(0, 1, length.out = 101)
      )$y)
    }
    values <- rep_len(c(known$common, known$levels), 101)
    if (identical(known$type, "logical")) {
      as.logical(values)
    } else {
      factor(values, levels = known$levels)
    }
  })
  as.data.frame(columns, optional = TRUE)
}

# The rows of the fit as new data.
training_data <- function(fit) {
  if (!has_rows(fit)) {
    return(typical_rows(fit$design$covariates))
  }
  out <- fit$frame$covariates
  if (length(out) == 0) {
    return(data.frame(row.names = seq_len(fit$frame$n)))
  }
  columns <- lapply(out, function(v) if (is.matrix(v)) I(v) else v)
  structure(columns, row.names = if (is.null(fit$frame$row_names)) {
    .set_row_names(fit$frame$n)
  } else {
    fit$frame$row_names
  }, class = "data.frame")
}

# Rows of a compressed fit are new data to it; a fit of cells has none.
rows_of_compressed <- function(fit) {
  if (!has_rows(fit)) {
    stop_covary("no_rows",
      "This fit was made from cells and does not know the rows; give `newdata`.",
      fields = list(arg = "newdata")
    )
  }
  training_data(fit)
}
