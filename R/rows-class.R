# Rows that count. Fields of `covary_rows`, of a chunk or of a whole source:
#   y           n x k, or a named list of k vectors; NA where a response is not observed
#   covariates  named list of vectors, or matrices with n rows
#   weights     NULL: all one
#   dropped     counts of the rows left out, by reason: missing, and zero_weight where it is known
#
# Rows of a data frame, class `covary_frame`, whose y is a matrix, add
#   n                   how many they are
#   rows, row_names     their numbers and names in the data; row_names is NULL where they have none
#   columns             the responses as a list, which shares the memory of the data
#   response_calls      what to evaluate for the responses of new data, by label
#   response_variables  the columns that takes, by label
#   incomplete          counts of the rows that lack some response (count_incomplete())
#   values              names of the covariates that are values of terms (hold_terms())
#   all_covariates      the covariates, and those that the values were made of
# A fit keeps the first lines of these: see stored_frame().
#
# What a fit of cells knows of its rows, class `covary_rowless_frame`: n, dropped, incomplete, and
# columns without values.

new_rows <- function(y, covariates = list(), weights = NULL, dropped = c(missing = 0)) {
  structure(class = "covary_rows", list(
    y = y, covariates = covariates, weights = weights, dropped = dropped
  ))
}

# selection: of all rows (rows-select.R), by which `rows` were taken
new_frame <- function(rows, selection, row_names, columns, response_calls, response_variables) {
  n <- nrow(rows$y)
  more <- list(
    rows = if (is.null(selection$rows)) seq_len(n) else selection$rows, n = n,
    row_names = row_names, columns = columns,
    response_calls = response_calls, response_variables = response_variables,
    incomplete = count_incomplete(observed_of_rows(rows$y), ncol(rows$y)),
    values = character(), all_covariates = rows$covariates
  )
  structure(class = c("covary_frame", "covary_rows"), c(unclass(rows), more))
}

# `covariates`: columns of length 0
new_rowless_frame <- function(responses, covariates, n, dropped, incomplete) {
  y <- matrix(numeric(), 0, length(responses), dimnames = list(NULL, responses))
  rows <- new_rows(y, covariates, numeric(), dropped)
  more <- list(rows = integer(), n = n, row_names = NULL, incomplete = incomplete)
  structure(class = c("covary_rowless_frame", "covary_rows"), c(unclass(rows), more))
}

validate_rows <- function(x) {
  n <- if (is.list(x$y)) lengths(x$y) else nrow(x$y)
  stopifnot(
    inherits(x, "covary_rows"), length(unique(n)) == 1,
    is.list(x$y) || is.double(x$y) && is.matrix(x$y),
    is.list(x$covariates), all(vapply(x$covariates, NROW, 0L) == n[1]),
    is.null(x$weights) || is.double(x$weights) && length(x$weights) == n[1],
    is.null(x$weights) || all(x$weights >= 0, na.rm = TRUE),
    is.numeric(x$dropped), "missing" %in% names(x$dropped), all(x$dropped >= 0)
  )
  if (inherits(x, "covary_frame")) {
    stopifnot(
      x$n == n, length(x$rows) == n, is.null(x$row_names) || length(x$row_names) == n,
      all(x$values %in% names(x$covariates)),
      all(names(x$covariates) %in% names(x$all_covariates)),
      identical(x$incomplete, count_incomplete(observed_of_rows(x$y), ncol(x$y)))
    )
  }
  x
}

# What a fit keeps of its frame.
stored_frame <- function(frame) {
  gone <- c("columns", "response_calls", "response_variables", "values", "all_covariates")
  structure(frame[setdiff(names(frame), gone)], class = class(frame))
}

# Responses, n x k or a list of vectors already, as a list of k vectors by name.
response_columns <- function(y) {
  if (is.list(y)) {
    return(y)
  }
  stats::setNames(lapply(seq_len(ncol(y)), function(j) as.double(y[, j])), colnames(y))
}

# What a summary says of the rows.
frame_counts <- function(frame) frame[c("n", "dropped", "incomplete")]

is_rowless <- function(frame) inherits(frame, "covary_rowless_frame")

# The weights of the rows, ones where none were given.
row_weights <- function(frame) if (is.null(frame$weights)) rep(1, frame$n) else frame$weights
