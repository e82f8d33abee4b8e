# What a value is, as TRUE or FALSE.

is_text <- function(v, n = 1) is.character(v) && length(v) == n && !anyNA(v)

is_flag <- function(v) is.logical(v) && length(v) == 1 && !is.na(v)

is_one_number <- function(v, low = -Inf, high = Inf) {
  is.numeric(v) && length(v) == 1 && !is.na(v) && v >= low && v <= high
}

is_whole_number <- function(v, low = 0, high = .Machine$integer.max) {
  is_one_number(v, low, high) && v == round(v)
}

is_among <- function(v, choices) is_text(v) && v %in% choices

is_matrix <- function(v, rows = nrow(v), columns = ncol(v)) {
  is.numeric(v) && is.matrix(v) && nrow(v) == rows && ncol(v) == columns
}

all_finite <- function(v) is.numeric(v) && all(is.finite(v))
