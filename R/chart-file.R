#' Chart files
#'
#' A chart as a text file (JSON) that any language can read, and back. It holds numbers and names,
#' no code; reading it runs none.
#'
#' @section Format:
#' One object with `format` (`"covary chart"`, or `"covary chart of features"`), `hash` (MD5 of the
#' text of `chart`) and `chart`,
#' whose fields are those of the object: `version` 3 (files of version 1, which knew no margins, and
#' of version 2, where all tables of pairs had their values, are read too); `margins` by response
#' (see [margins]: `name`, `value` of its parameters, `scale`, `centre`); `covariates` by name with
#' range or levels;
#' `predictors` by key (`mu:height`, `rho:height:weight`), each with the `tables` whose sum it is:
#' `grid` (by numeric covariate: first node, last node, number of nodes), `levels` by factor, and
#' `values` in the order of `expand.grid()`; between nodes a table is the quasi-interpolating cubic
#' spline with coefficients `(-f[j-1] + 8 f[j] - f[j+1]) / 6`, beyond its ends a straight line.
#' Means are in units of the (transformed) responses, `sigma` is a log, `rho` twice Fisher's z.
#'
#' A chart of features has `charts` by feature, of which all but the first lack the fields that are
#' those of the first, and `correlations`: `pairs` (numbers of `features`, two each) and the tables
#' of `rho`, with a factor `.curve` of the numbers of pairs. Where that is smaller, such a table has
#' in place of `values` a `basis` (points of one curve x columns) and `weights` (columns x pairs),
#' whose product, rounded to 8 decimals, are the values.
#'
#' @section Size:
#' A pair of responses with curves of age and 40 sites takes some 110 kB. A chart of features takes
#' some 22 kB a feature (30 sites) and .2 kB a pair: 3.4 MB for 100 features and their 4,950 pairs.
#'
#' @param ref A chart of [reference()].
#' @param file Name of a file.
#' @return `write_reference()` returns `file` invisibly, `read_reference()` a chart that scores as
#'   the one that was written does.
#' @section Errors:
#' `covary_error_file`: it is no chart, or from a later version of covary; `covary_error_object`: a
#' field of it is not what it must be, named in the message; `covary_warning_edited`: its hash is
#' not that of its content. `covary_error_package` without \pkg{jsonlite}.
#' @seealso [reference()], [audit()]
#' @examplesIf requireNamespace("jsonlite", quietly = TRUE)
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' file <- tempfile(fileext = ".json")
#' write_reference(reference(fit), file)
#' file.size(file)
#' deviations(read_reference(file), mtcars[1:2, ])
#' @export
write_reference <- function(ref, file) {
  class <- intersect(class(ref), names(chart_formats))
  if (length(class) == 0) check_class(ref, "covary_reference", "ref", "reference()")
  check_object(ref, class, "ref")
  check_label(file, "file")
  need_package("jsonlite", "write_reference()")
  body <- as.character(jsonlite::toJSON(
    chart_to_lists(ref),
    auto_unbox = TRUE, digits = I(15), na = "null", null = "null"
  ))
  text <- paste0(
    "{\"format\":\"", chart_formats[[class]], "\",\"hash\":\"", text_hash(body),
    "\",\n\"chart\":", body, "}"
  )
  with_typed_errors(
    writeLines(enc2utf8(text), file, useBytes = TRUE), "file",
    "The chart cannot be written to '", file, "': "
  )
  invisible(file)
}

#' @rdname write_reference
#' @export
read_reference <- function(file) {
  check_label(file, "file")
  need_package("jsonlite", "read_reference()")
  if (!file.exists(file)) stop_covary("file", "There is no file '", file, "'.")
  text <- with_typed_errors(
    paste(readLines(file, warn = FALSE, encoding = "UTF-8"), collapse = "\n"), "file",
    "The chart '", file, "' cannot be read: "
  )
  parsed <- with_typed_errors(
    jsonlite::fromJSON(text, simplifyVector = FALSE), "file", "'", file, "' is no JSON: "
  )
  class <- if (is.list(parsed)) names(chart_formats)[chart_formats %in% parsed$format]
  if (length(class) != 1 || !is.list(parsed$chart)) {
    stop_covary(
      "file", "'", file, "' is no chart: it has no `format` ",
      enumerate(chart_formats, most = 2), "."
    )
  }
  if (is_one_number(parsed$chart$version) && parsed$chart$version > chart_version) {
    stop_covary(
      "file", "'", file, "' has version ", parsed$chart$version,
      " of the format, and this covary reads ", chart_version, "; update covary."
    )
  }
  body <- sub("\\}\\s*$", "", sub("(?s)^.*?\"chart\":", "", text, perl = TRUE))
  if (!identical(parsed$hash, text_hash(body))) {
    warn_covary(
      "edited", "'", file, "' was changed after it was written: its hash is not that of ",
      "its content. Scores are those of the changed chart."
    )
  }
  chart <- with_typed_errors(
    lists_to_chart(structure(parsed$chart, class = class)), "object", "'", file,
    "' holds no whole chart: "
  )
  check_object(chart, class, "file")
}

# `format` of a file, by class
chart_formats <- c(
  covary_reference = "covary chart", covary_feature_reference = "covary chart of features"
)

text_hash <- function(text) {
  at <- tempfile()
  on.exit(unlink(at))
  writeBin(charToRaw(enc2utf8(text)), at)
  unname(tools::md5sum(at))
}

# ---- the chart as lists, numbers and texts
# --------------------------------------------------------

chart_to_lists <- function(ref) UseMethod("chart_to_lists")

#' @export
chart_to_lists.covary_reference <- function(ref) {
  out <- unclass(ref)
  out$units <- as.list(ref$units)
  out$columns <- as.list(ref$columns)
  out$responses <- I(ref$responses)
  out$covariates <- lapply(ref$covariates, covariate_to_list)
  out$predictors <- lapply(ref$predictors, function(p) {
    p$resp <- I(p$resp)
    p$tables <- lapply(p$tables, table_to_lists)
    p
  })
  out$posterior$loadings <- lapply(ref$posterior$loadings, lapply, table_to_lists)
  out$posterior$levels <- lapply(ref$posterior$levels, function(effect) {
    list(
      keys = I(effect$keys), loadings = array_to_list(effect$loadings),
      left = array_to_list(effect$left)
    )
  })
  out$margins <- lapply(ref$margins, function(margin) {
    margin$value <- as.list(margin$value)
    unclass(margin)
  })
  if (length(out$margins) == 0) out$margins <- stats::setNames(list(), character())
  out$baseline <- array_to_list(ref$baseline)
  out$groups <- lapply(ref$groups, lapply, I)
  out
}

covariate_to_list <- function(known) {
  if (known$type == "factor") known[c("levels", "n")] <- lapply(known[c("levels", "n")], I)
  known
}

table_to_lists <- function(table) {
  table[c("numeric", "factors")] <- NULL
  if (!is.null(table$labels)) table$labels <- I(table$labels)
  table$grid <- lapply(table$grid, I)
  table$levels <- lapply(table$levels, I)
  table$values <- if (is.matrix(table$values)) array_to_list(table$values) else I(table$values)
  table
}

array_to_list <- function(v) list(dim = I(dim(v)), values = I(as.vector(v)))

# x: what jsonlite read, with the class of the chart
lists_to_chart <- function(x) UseMethod("lists_to_chart")

#' @export
lists_to_chart.covary_reference <- function(x) {
  out <- x
  out$responses <- as_texts(x$responses)
  out$units <- stats::setNames(as_texts(x$units), names(x$units))
  out$columns <- stats::setNames(as_texts(x$columns), names(x$columns))
  out$covariates <- lapply(x$covariates, list_to_covariate)
  out$predictors <- lapply(x$predictors, function(p) {
    p$resp <- as_texts(p$resp)
    p$tables <- lapply(p$tables, lists_to_table)
    p
  })
  out$posterior$loadings <- lapply(x$posterior$loadings, lapply, function(table) {
    table <- lists_to_table(table)
    table[c("grid", "levels", "values")]
  })
  out$posterior$levels <- lapply(x$posterior$levels, function(effect) {
    list(
      keys = as_texts(effect$keys), loadings = list_to_array(effect$loadings),
      left = list_to_array(effect$left)
    )
  })
  out$margins <- lists_to_margins(x$margins)
  out$baseline <- list_to_array(x$baseline)
  dimnames(out$baseline) <- list(out$responses, c("mean", "sd"))
  out$groups <- lapply(x$groups, function(group) {
    columns <- Map(function(v, name) {
      switch(name,
        level = as_texts(v),
        n = as.integer(as_numbers(v)),
        adapted = as.logical(unlist(v)),
        as_numbers(v)
      )
    }, group, names(group))
    unchecked_frame(columns, length(columns$level))
  })
  out
}

list_to_covariate <- function(known) {
  if (identical(known$type, "numeric")) {
    known$range <- as_numbers(known$range)
  } else {
    known$levels <- as_texts(known$levels)
    known$n <- as.integer(as_numbers(known$n))
  }
  known
}

lists_to_margins <- function(x) {
  if (length(x) == 0) {
    return(list())
  }
  lapply(x, function(v) {
    new_margin(v$name, unlist(v$value), as_numbers(list(v$scale)), as_numbers(list(v$centre)))
  })
}

lists_to_table <- function(table) {
  values <- table$values
  values <- if (is.null(names(values))) as_numbers(values) else list_to_array(values)
  grid <- lapply(table$grid, as_numbers)
  levels <- lapply(table$levels, as_texts)
  if (is.matrix(values)) {
    return(list(grid = grid, levels = levels, values = values))
  }
  new_chart_table(as_texts(table$labels), table$random, grid, levels, values, table$sd)
}

# Lists of numbers or texts, NULL standing for NA
as_numbers <- function(v) {
  vapply(v, function(one) if (is.null(one)) NA_real_ else as.double(one), 0, USE.NAMES = FALSE)
}

as_texts <- function(v) {
  vapply(v, function(one) if (is.null(one)) NA_character_ else as.character(one), "",
    USE.NAMES = FALSE
  )
}

list_to_array <- function(v) array(as_numbers(v$values), as_numbers(v$dim))
