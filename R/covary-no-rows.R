# Draws from the prior without data: algorithm = "prior" of a data frame that has columns and no
# rows.
#
# Terms need values to be built from, so a few rows stand in while the model is made: every column
# with mean zero and sd one, or all its levels in turn. The fit keeps none of them.

is_prior_without_rows <- function(data, algorithm) {
  algorithm == "prior" && is.data.frame(data) && nrow(data) == 0 && ncol(data) > 0
}

# Twelve rows of these columns. Numbers differ from column to column.
stand_in_rows <- function(data) {
  inform_covary("stand_in", "`data` has no rows: priors that scale with the data take responses ",
    "and covariates of mean 0 and sd 1.",
    fields = list(arg = "data")
  )
  n <- 12
  for (j in seq_along(data)) {
    column <- data[[j]]
    known <- if (is.factor(column)) levels(column) else c("a", "b")
    value <- if (is.logical(column)) {
      rep_len(c(TRUE, FALSE), n)
    } else if (is.numeric(column)) {
      as.vector(scale(cos((seq_len(n) - 0.5) * pi * j / n + j)))
    } else {
      rep_len(known, n)
    }
    data[seq_len(n), j] <- if (is.integer(column)) round(value) else value
  }
  data
}

# What was prepared, without the rows that stood in.
forget_rows <- function(prepared) {
  frame <- prepared$frame
  prepared$frame <- new_rowless_frame(
    colnames(frame$y), lapply(frame$covariates, take_rows, integer()), 0L, frame$dropped,
    frame$incomplete
  )
  prepared$cells$id <- NULL
  prepared
}
