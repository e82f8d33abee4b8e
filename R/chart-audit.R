#' What a chart carries
#'
#' Every element of a chart, and whether it could carry people: code, environments, formulas, or as
#' many values as there were people. With `data` also whether a value of theirs stands in it.
#'
#' @param x A chart of [reference()].
#' @param data Optional data frame of the people that the fit was made of. Values of its columns
#'   that fewer than `min_count` people share (that of the chart, at least 2) are looked for among
#'   the numbers of the chart, and levels of that few people among its texts. (Numbers of fewer than
#'   six significant digits are found by chance; add noise to the data to tell.)
#' @param ... Not used.
#' @return A data frame, a row an element: `element` (its path), `type`, `length`, `says` (what of),
#'   `ok`, and with `data` `found` (how many values of people are in it). Its attribute `clean` is
#'   `TRUE` where all is well.
#' @section Errors:
#' `covary_error_argument`.
#' @seealso [reference()]
#' @examples
#' fit <- covary(mpg ~ wt, sigma ~ wt, data = mtcars, draws = 500)
#' audit(reference(fit), mtcars)
#' @export
audit <- function(x, ...) UseMethod("audit")

#' @export
audit.default <- function(x, ...) stop_no_method(x, "audit()", "charts of reference()", "x")

#' @rdname audit
#' @export
audit.covary_reference <- function(x, data = NULL, ...) {
  check_dots(...)
  audit_leaves(leaves_of(unclass(x), ""), x$n, expected_lengths(x), x$min_count, data)
}

# The data frame of audit(). leaves: leaves_of(); n: how many people; expected: lengths that a
# vector may have though it is as long as there were people.
audit_leaves <- function(leaves, n, expected, min_count, data) {
  value <- lapply(leaves, `[[`, "value")
  paths <- vapply(leaves, `[[`, "", "path")
  out <- data.frame(
    element = paths, type = vapply(value, typeof, ""), length = lengths(value),
    says = says_of(paths)
  )
  plain <- c("double", "integer", "character", "logical", "NULL")
  out$ok <- out$type %in% plain & vapply(value, is_bare, TRUE) &
    !(of_length_of_rows(n, value) & !lengths(value) %in% expected)
  if (!is.null(data)) {
    out$found <- count_people(min_count, value, data)
    out$ok <- out$ok & out$found == 0
  }
  structure(out, clean = all(out$ok))
}

# A list of list(path, value) of all that is no list.
leaves_of <- function(x, path) {
  if (!is.list(x)) {
    return(list(list(path = path, value = x)))
  }
  names <- if (is.null(names(x))) seq_along(x) else names(x)
  parts <- lapply(seq_along(x), function(i) {
    leaves_of(unclass(x)[[i]], paste0(path, if (nzchar(path)) "$", names[i]))
  })
  unlist(parts, recursive = FALSE)
}

# Nothing but names, dimensions and classes of data frames hangs on it.
is_bare <- function(v) length(setdiff(names(attributes(v)), c("names", "dim", "dimnames"))) == 0

# A vector as long as the fit had rows
of_length_of_rows <- function(n, value) {
  vapply(value, function(v) length(v) == n && n > 1 && !is.character(v), TRUE)
}

# Lengths of grids and of levels

expected_lengths <- function(x) {
  tables <- unlist(lapply(x$predictors, `[[`, "tables"), recursive = FALSE)
  c(
    vapply(tables, function(table) prod(table_size(table)), 0),
    unlist(lapply(unlist(unname(x$posterior$loadings), recursive = FALSE), function(table) {
      length(table$values)
    })),
    unlist(lapply(x$posterior$levels, lapply, length)), unlist(lapply(x$groups, nrow))
  )
}

says_of <- function(paths) {
  top <- sub("\\$.*", "", paths)
  texts <- c(
    covariates = "ranges rounded outward, levels, counts of levels",
    predictors = "values of curves on even grids, effects of levels",
    posterior = "how sure curves and effects are",
    margins = "transformations, their scales to three digits",
    baseline = "mean and sd of a response, to four digits",
    groups = "levels of random effects: counts, ranges rounded outward",
    n = "how many people", min_count = "smallest group", responses = "names", columns = "names",
    units = "texts of the user", title = "texts of the user", source = "texts of the user"
  )
  out <- unname(texts[top])
  out[is.na(out)] <- "the format"
  out
}

# By element, how many values of people that fewer than min_count share are in it.
count_people <- function(min_count, value, data) {
  if (!is.data.frame(data)) check_chart_columns(character(), data)
  most <- max(min_count, 2)
  rare <- function(v) {
    counts <- table(v)
    names(counts)[counts < most]
  }
  columns <- unclass(data)[vapply(data, function(v) is.atomic(v) && NCOL(v) == 1, TRUE)]
  is_text <- vapply(columns, function(v) is.character(v) || is.factor(v), TRUE)
  texts <- unlist(lapply(columns[is_text], function(v) rare(as.character(v))))
  numbers <- unlist(lapply(columns[!is_text], function(v) {
    v <- as.double(v)
    v <- v[is.finite(v)]
    v[match(as.character(v), rare(as.character(v)), 0) > 0]
  }))
  vapply(value, function(v) {
    if (is.character(v)) {
      return(sum(unique(v) %in% texts))
    }
    if (!is.numeric(v)) 0L else sum(unique(signif(numbers, 12)) %in% signif(as.double(v), 12))
  }, 0L)
}
