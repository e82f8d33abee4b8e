# Which rows count: the one place where that is decided, for data frames, chunks, files and queries
# whose rows come to R, and for the sums that a database makes.
#
# Of the rows that `subset` asks for, in this order,
#   missing      a response, a covariate or the weight is NA or NaN: the row is left out and counted
#   zero_weight  its weight is zero: the row is left out
#   infinite     a number is infinite: an error, which names the column
# All others count. A negative weight is an error wherever it stands, and said before.
#
# row_rules has, for each, how a column `v` shows it: `vector` in R, and `sql` as a condition, which
# must say the same. The pass over rows with one continuous covariate finds missing and infinite
# numbers itself (moments.h); a test compares all of them.

row_rules <- list(
  missing = list(
    vector = function(v) row_is_na(v),
    sql = function(v) paste0("(", v, " IS NULL)")
  ),
  zero_weight = list(
    vector = function(v) v %in% 0,
    sql = function(v) paste0("(", v, " = 0)")
  ),
  infinite = list(
    vector = function(v) {
      if (!is_number(v)) {
        rep(FALSE, NROW(v))
      } else if (is.matrix(v)) {
        rowSums(is.infinite(v)) > 0
      } else {
        is.infinite(v)
      }
    },
    sql = function(v) paste0("(ABS(", v, ") > 1e308 AND NOT ", sql_is_nan(v), ")")
  )
)

# Databases that know NaN put it above all numbers. One over infinity is zero, of NaN it is none.
sql_is_nan <- function(v) {
  paste0(
    "(CASE WHEN ABS(", v, ") <= 1e308 THEN 0 WHEN ABS(1.0 / ", v,
    ") <= 1e-307 THEN 0 ELSE 1 END = 1)"
  )
}

# --- in R -----------------------------------------------------------------------------------------

# `columns`: responses and covariates by name; `keep`: logical, the rows that are asked for. Fields
# of the result, a `covary_selection`:
#   rows      numbers of the rows that count, or are infinite; NULL: all of them
#   dropped   counts by reason: c(missing, zero_weight)
#   missing   numbers of the rows with missing values
#   infinite  by name of the column, numbers of the rows
select_rows <- function(columns, weights = NULL, keep = NULL) {
  none <- c(missing = 0, zero_weight = 0)
  # Most data are used as they are; one sum a column tells.
  clean <- all(vapply(c(columns, list(weights)), is_complete, TRUE)) && !any(weights == 0)
  if (clean && is.null(keep)) {
    return(new_selection(NULL, none, integer(), list()))
  }
  asked <- if (is.null(keep)) rep(TRUE, NROW(c(columns, list(weights))[[1]])) else keep
  missing <- asked & any_row(row_rules$missing, c(columns, if (!is.null(weights)) list(weights)))
  keep <- asked & !missing
  weightless <- if (is.null(weights)) FALSE else keep & row_rules$zero_weight$vector(weights)
  keep <- keep & !weightless
  infinite <- lapply(
    c(columns, if (!is.null(weights)) list(`the weights` = weights)),
    function(v) which(keep & row_rules$infinite$vector(v))
  )
  dropped <- c(missing = as.double(sum(missing)), zero_weight = as.double(sum(weightless)))
  new_selection(which(keep), dropped, which(missing), Filter(length, infinite))
}

new_selection <- function(rows, dropped, missing, infinite) {
  structure(class = "covary_selection", list(
    rows = rows, dropped = dropped, missing = missing, infinite = infinite
  ))
}

# Does the rule hold for any of the columns? By row.
any_row <- function(rule, columns) Reduce(`|`, lapply(columns, rule$vector), FALSE)

# No missing and no infinite value, for sure. (A sum that overflows says no.)
is_complete <- function(v) {
  if (is_number(v) || is.logical(v)) is.finite(sum(as.double(v))) else !anyNA(v)
}

# The values of the rows that count
selected <- function(v, selection) if (is.null(selection$rows)) v else take_rows(v, selection$rows)

# The rows of a chunk that count; place(row) says where one stands.
complete_rows <- function(rows, place = row_place) {
  if (is.null(place)) place <- row_place
  rows$y <- response_columns(rows$y)
  selection <- select_rows(c(rows$y, rows$covariates), rows$weights)
  check_infinite(selection, place)
  rows$dropped <- selection$dropped["missing"]
  if (is.null(selection$rows)) {
    return(rows)
  }
  rows$y <- lapply(rows$y, selected, selection)
  rows$covariates <- lapply(rows$covariates, selected, selection)
  rows$weights <- rows$weights[selection$rows]
  rows
}

# The words for a count of rows with missing values, of `total` rows where that is given: "2 of 60
# rows have missing values"; with `verb = "with"` "2 rows with missing values".
say_missing_rows <- function(n, total = NULL, verb = "have") {
  one <- n == 1 && is.null(total)
  count <- format(c(n, total), scientific = FALSE, trim = TRUE)
  paste(
    paste(count, collapse = " of "), if (one) "row" else "rows",
    if (one && verb == "have") "has" else verb, "missing values"
  )
}

# The sentence for rows that a message counts and nothing more.
say_left_out <- function(n, total = NULL) {
  verb <- if (n == 1 && is.null(total)) "is" else "are"
  paste(say_missing_rows(n, total), "and", verb, "left out.")
}

# responses, others: the columns that select_rows() saw
report_dropped <- function(selection, responses, others, fail) {
  missing <- selection$missing
  if (length(missing) == 0) {
    return()
  }
  among <- function(columns) {
    columns <- lapply(Filter(Negate(is.null), columns), take_rows, missing)
    sum(any_row(row_rules$missing, columns))
  }
  counts <- paste0(
    say_missing_rows(length(missing), length(responses[[1]])), " (",
    among(responses), " in a response, ", among(others), " in a covariate or weight)"
  )
  if (fail) {
    stop_covary("missing", counts, " and `na.action` is na.fail.", fields = list(rows = missing))
  }
  inform_covary("dropped_rows", counts, " and are left out.", fields = list(rows = missing))
}

# Of a frame or its frame_counts(); NULL where no row was dropped.
dropped_text <- function(frame) {
  missing <- frame$dropped[[1]] # by its place: fits of version 0.1.0 have this count alone
  if (missing) paste(say_missing_rows(missing, verb = "with"), "dropped")
}

check_infinite <- function(selection, place = row_place) {
  for (name in names(selection$infinite)) {
    bad <- selection$infinite[[name]]
    stop_infinite_rows(name, length(bad), place(bad[1]), bad)
  }
}

stop_infinite_rows <- function(name, count, where = NULL, rows = NULL) {
  has <- c(paste0("Column '", name, "' has"), "value")
  if (name == "the weights") has <- c("There are", "weight")
  stop_covary("infinite", has[1], " ", count, " infinite ", has[2], if (count > 1) "s",
    if (!is.null(where)) paste0(", the first in ", where),
    ". Remove such rows or make them missing.",
    fields = list(column = name, count = count, rows = rows)
  )
}

# --- in SQL ---------------------------------------------------------------------------------------

# Conditions on a row of a query with these columns; `numbers` are those that may be infinite,
# `weight` one of them or NULL:
#   present   no column is NULL
#   finite    present, and all numbers are finite
#   complete  present, and no number is NaN
#   used      the row counts
#   infinite  a condition a number: the row would count if that were finite
# `finite` and `used` do without the question for NaN, which costs a division.
sql_row_rules <- function(columns, numbers, weight = NULL) {
  all_of <- function(...) paste(c(...), collapse = " AND ")
  present <- all_of(paste("NOT", row_rules$missing$sql(columns)))
  finite <- all_of(present, paste0("ABS(", numbers, ") <= 1e308"))
  weighted <- if (!is.null(weight)) paste("NOT", row_rules$zero_weight$sql(weight))
  complete <- all_of(present, paste("NOT", sql_is_nan(numbers)))
  list(
    present = present, finite = finite, complete = complete, used = all_of(finite, weighted),
    infinite = paste(all_of(complete, weighted), "AND", row_rules$infinite$sql(numbers))
  )
}
