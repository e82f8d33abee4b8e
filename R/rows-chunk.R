# The rows of a chunk, a data frame, as a `covary_row_spec` asks for them.

# All rows of a chunk, y as a list
chunk_rows <- function(chunk, spec, place = row_place) {
  check_chunk(chunk, place)
  check_columns(names(chunk), spec, if (!identical(place, row_place)) place(1))
  new_rows(
    y = lapply(stats::setNames(nm = names(spec$responses)), chunk_response, spec, chunk, place),
    covariates = lapply(stats::setNames(nm = spec$by), function(b) chunk[[b]]),
    weights = chunk_weights(spec, chunk)
  )
}

# A column as it is, or an expression in columns
chunk_values <- function(expr, spec, chunk, what) {
  if (is.symbol(expr)) {
    return(chunk[[as.character(expr)]])
  }
  used <- unclass(chunk)[intersect(all.vars(expr), names(chunk))]
  long <- vapply(used, inherits, TRUE, "integer64")
  used[long] <- lapply(used[long], integer64_double)
  evaluate_call(expr, used, spec$env, what)
}

chunk_weights <- function(spec, chunk) {
  if (is.null(spec$weights)) {
    return(NULL)
  }
  v <- chunk_values(spec$weights, spec, chunk, "Weights")
  numbers <- response_values(v, nrow(chunk))
  if (is.null(numbers)) {
    stop_covary("weights", "`weights` must be numbers, one a row, not ", describe(v), ".",
      fields = list(arg = "weights")
    )
  }
  if (any(numbers < 0, na.rm = TRUE)) stop_negative_weights()
  numbers
}

stop_negative_weights <- function() {
  stop_covary("weights", "Weights must not be negative.", fields = list(arg = "weights"))
}

chunk_response <- function(label, spec, chunk, place) {
  v <- chunk_values(spec$responses[[label]], spec, chunk, "Response")
  numbers <- response_values(v, nrow(chunk))
  if (is.null(numbers)) stop_text_response(label, v, place)
  numbers
}

stop_text_response <- function(label, v, place) {
  row <- if (is.character(v)) which(!is.na(v) & is.na(suppressWarnings(as.double(v))))
  row <- c(row, which(!is.na(v)), 1)[1]
  stop_covary("response", "Response '", label,
    "' must be a numeric vector with a value a row, not ", describe(v), "; ", place(row),
    if (is.character(v)) paste(" holds", dQuote(v[row], FALSE)) else " is the first", ".",
    fields = list(response = label, row = row)
  )
}

# Doubles, NULL of what is no number. A column without any value may be of any type.
response_values <- function(v, n) {
  if (is.matrix(v) && ncol(v) == 1) v <- v[, 1]
  if (!is.atomic(v) || !is.null(dim(v)) || length(v) != n) {
    return(NULL)
  }
  if (inherits(v, "integer64")) {
    return(integer64_double(v))
  }
  if (is.numeric(v) && !is.factor(v)) {
    return(as.double(v))
  }
  if (all(is.na(v))) rep(NA_real_, n)
}
