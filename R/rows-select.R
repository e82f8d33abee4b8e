# Which rows count: the one place where that is decided, for data frames, chunks, files and queries
# whose rows come to R, and for the sums that a database makes.
#
# Of the rows that `subset` asks for, in this order,
#   missing      a covariate or the weight is NA or NaN, or all responses are: the row is left out
#                and counted. Where rows are used that have some responses only (`missing = "use"`),
#                the others of such a row are not looked at; else one that is NA is enough
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
    sql = function(v) paste0("(", v, " IS NULL)", recycle0 = TRUE)
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
    sql = function(v, number = sql_number) {
      paste0("(ABS(", v, ") > ", number(1e308), " AND NOT ", sql_is_nan(v, number), ")",
        recycle0 = TRUE
      )
    }
  )
)

# Databases that know NaN put it above all numbers. One over infinity is zero, of NaN it is none.
sql_is_nan <- function(v, number = sql_number) {
  paste0(
    "(CASE WHEN ABS(", v, ") <= ", number(1e308), " THEN 0 WHEN ABS(", number(1), " / ", v,
    ") <= ", number(1e-307), " THEN 0 ELSE 1 END = 1)",
    recycle0 = TRUE
  )
}

# --- in R -----------------------------------------------------------------------------------------

# `responses`, `covariates`: columns by name; `keep`: logical, the rows that are asked for;
# `use`: do rows count that have some of the responses? Fields of the result, a `covary_selection`:
#   rows        numbers of the rows that count, or are infinite; NULL: all of them
#   dropped     counts by reason: c(missing, zero_weight)
#   missing     numbers of the rows that are left out because of missing values
#   incomplete  numbers of the rows that count and lack some response
#   infinite    by name of the column, numbers of the rows
select_rows <- function(responses, covariates, weights = NULL, keep = NULL, use = TRUE) {
  none <- c(missing = 0, zero_weight = 0)
  weights <- if (!is.null(weights)) list(`the weights` = weights)
  columns <- c(responses, covariates, weights)
  # Most data are used as they are; one sum a column tells.
  clean <- all(vapply(columns, is_complete, TRUE)) && !any(weights[[1]] == 0)
  if (clean && is.null(keep)) {
    return(new_selection(NULL, none, integer(), integer(), list()))
  }
  asked <- if (is.null(keep)) rep(TRUE, NROW(columns[[1]])) else keep
  lacking <- any_row(row_rules$missing, responses)
  left_out <- if (use) every_row(row_rules$missing, responses) else lacking
  missing <- asked & (left_out | any_row(row_rules$missing, c(covariates, weights)))
  keep <- asked & !missing
  weightless <- if (is.null(weights)) FALSE else keep & row_rules$zero_weight$vector(weights[[1]])
  keep <- keep & !weightless
  infinite <- lapply(columns, function(v) which(keep & row_rules$infinite$vector(v)))
  dropped <- c(missing = as.double(sum(missing)), zero_weight = as.double(sum(weightless)))
  new_selection(
    which(keep), dropped, which(missing), which(keep & lacking), Filter(length, infinite)
  )
}

new_selection <- function(rows, dropped, missing, incomplete, infinite) {
  structure(class = "covary_selection", list(
    rows = rows, dropped = dropped, missing = missing, incomplete = incomplete,
    infinite = infinite
  ))
}

# Does the rule hold for any of the columns? By row.
any_row <- function(rule, columns) Reduce(`|`, lapply(columns, rule$vector), FALSE)

# Does it hold for all of them?
every_row <- function(rule, columns) Reduce(`&`, lapply(columns, rule$vector), TRUE)

# No missing and no infinite value, for sure. (A sum that overflows says no.)
is_complete <- function(v) {
  if (is_number(v) || is.logical(v)) is.finite(sum(as.double(v))) else !anyNA(v)
}

# The values of the rows that count
selected <- function(v, selection) if (is.null(selection$rows)) v else take_rows(v, selection$rows)

# The rows of a chunk that count; place(row) says where one stands, `use` as in select_rows().
rows_that_count <- function(rows, use, place = row_place) {
  if (is.null(place)) place <- row_place
  rows$y <- response_columns(rows$y)
  selection <- select_rows(rows$y, rows$covariates, rows$weights, use = use)
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

# What becomes of the rows with missing values. responses, others: the columns that select_rows()
# saw; rows: of y, those that count
report_missing <- function(selection, responses, others, fail, use) {
  if (fail) check_nothing_missing(selection, responses, others)
  missing <- selection$missing
  if (length(missing)) {
    inform_covary("dropped_rows", say_where_missing(missing, responses, others, use),
      " and are left out.",
      fields = list(rows = missing)
    )
  }
  if (length(selection$incomplete)) {
    y <- lapply(responses, `[`, selection$incomplete)
    counts <- count_incomplete(observed_of_rows(y), length(y))
    inform_incomplete(counts, names(responses), selection$incomplete)
  }
}

# The rows, and how many of them lack what
say_where_missing <- function(rows, responses, others, use) {
  among <- function(columns, rule) {
    columns <- lapply(Filter(Negate(is.null), columns), take_rows, rows)
    sum(rule(row_rules$missing, columns))
  }
  all <- use && length(responses) > 1
  paste0(
    say_missing_rows(length(rows), length(responses[[1]])), " (",
    among(responses, if (all) every_row else any_row),
    if (all) " in all responses, " else " in a response, ",
    among(others, any_row), " in a covariate or weight)"
  )
}

check_nothing_missing <- function(selection, responses, others) {
  rows <- sort(c(selection$missing, selection$incomplete))
  if (length(rows)) {
    stop_covary("missing", say_where_missing(rows, responses, others, use = FALSE),
      " and `na.action` is na.fail.",
      fields = list(rows = rows)
    )
  }
}

# `counts`: count_incomplete()
inform_incomplete <- function(counts, responses, rows = NULL) {
  inform_covary("incomplete_rows", say_incomplete(counts, responses),
    ": the responses that a row has are used, which is right where the others are missing at ",
    "random (`missing`).",
    fields = list(counts = counts, rows = rows)
  )
}

# Of a frame or its frame_counts(): texts of what was left out and what is used in part.
missing_texts <- function(frame, responses) {
  missing <- frame$dropped[[1]] # by its place: fits of version 0.1.0 have this count alone
  c(
    if (missing) paste(say_missing_rows(missing, verb = "with"), "dropped"),
    say_incomplete(frame$incomplete, responses)
  )
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
# `weight` one of them or NULL, and `responses` those of which one is enough; `numeric` is how the
# engine has numbers, list(number = function(x): writes one, finite: are all finite?):
#   finite    a condition a response: it is a number that is finite
#   complete  nothing that must be there is missing
#   weighted  the weight is not zero; NULL without weights
#   used      the row counts
#   infinite  a condition a number: it is infinite
# `used` does without the question for NaN, which costs a division, where all numbers are finite.
sql_row_rules <- function(columns, numbers, weight = NULL, responses = character(),
                          numeric = list(number = sql_number, finite = FALSE)) {
  number <- numeric$number
  missing <- row_rules$missing$sql
  is_nan <- function(v) if (numeric$finite) missing(v) else sql_is_nan(v, number)
  is_finite <- function(v) {
    if (numeric$finite) {
      return(paste("NOT", missing(v), recycle0 = TRUE))
    }
    paste0("ABS(", v, ") <= ", number(1e308), recycle0 = TRUE)
  }
  any_of <- function(x) paste0("(", paste(x, collapse = " OR "), ")")
  all_of <- function(...) paste(c(...), collapse = " AND ")
  infinite <- row_rules$infinite$sql(numbers, number)
  others <- setdiff(numbers, responses)
  weighted <- if (!is.null(weight)) paste("NOT", row_rules$zero_weight$sql(weight))
  # NULL fulfils no inequality
  present <- paste("NOT", missing(setdiff(columns, numbers)), recycle0 = TRUE)
  used <- all_of(present, is_finite(others), weighted)
  complete <- all_of(
    paste("NOT", missing(setdiff(columns, responses)), recycle0 = TRUE),
    paste("NOT", is_nan(others), recycle0 = TRUE)
  )
  if (length(responses)) {
    some <- any_of(is_finite(responses))
    if (!numeric$finite) {
      none_infinite <- paste("AND NOT", any_of(infinite[match(responses, numbers)]))
      some <- any_of(c(all_of(is_finite(responses)), paste(some, none_infinite)))
    }
    used <- all_of(if (nzchar(used)) used, some)
    # What sql_is_nan() says of NULL too
    none <- all_of(is_nan(responses))
    complete <- all_of(if (nzchar(complete)) complete, paste0("NOT (", none, ")"))
  }
  list(
    finite = is_finite(responses), complete = complete, weighted = weighted, used = used,
    infinite = infinite
  )
}
