#' Compress rows to cells
#'
#' One pass over the data, in bounded memory, leaves sufficient statistics from which [covary()]
#' fits any formula on the chosen covariates, any basis, knots and priors, without seeing the rows
#' again. The time of a fit does then not depend on the number of rows.
#'
#' @section What cells hold:
#' Factors, characters, logicals and numbers with at most 4096 distinct values are grouped exactly:
#' one cell a distinct tuple, with the weight, means and scatter of its responses; nothing is lost.
#' One further numeric covariate may be continuous: its range is cut into about 1000 cells a group,
#' and each keeps the first four Chebyshev moments of the responses and their products. The log
#' likelihood is smooth in the covariate, so what this leaves out is tiny: about 1e-7 posterior
#' standard deviations in a million rows; the fit measures and reports it
#' (`diagnostics(fit)$certificate`).
#'
#' Two numeric covariates may be continuous together: rectangles, about 64 along each covariate, of
#' which only those with rows are kept, hold the 16 products of four moments along each. Any formula
#' in the two can be fitted, joint smooths such as `s(x, z)` and `t2(x, z)` included; what is left
#' out is about 1e-4 to 1e-3 posterior standard deviations.
#' Three or more continuous covariates cannot be held; `compress()` says so and the rows must be
#' fitted.
#'
#' @section Sources:
#' * a data frame;
#' * a chunk reader, `function(reset)`: with `TRUE` it starts again and returns nothing of interest,
#'   with `FALSE` it returns the next data frame, or `NULL` after the last;
#' * file names: CSV in chunks, RDS files of data frames, Parquet files
#'   through nanoparquet if it is installed, anything else through `reader`;
#' * a DBI connection with `query`, the name of a table or a SELECT statement, or a lazy table of dbplyr (`dplyr::tbl(connection, "visits") |> dplyr::filter(year > 2020)`). Exact cells are computed by the data base itself (`GROUP BY`); for a continuous covariate see `moments`. Tested with SQLite (RSQLite 2.2.20), PostgreSQL 15 (RPostgres 1.4.10), DuckDB (duckdb 2.0.0) and lazy tables by dbplyr 2.3.0; other back ends, such as Spark, get the same SQL.
#'
#' A column has one type in all chunks, files and merged cells: the first values decide, and what
#' contradicts them is an error that names file, row and column. Integers, doubles and integers of
#' 64 bits are numbers alike, text meets factors, and dates, times and their differences keep their
#' class. In CSV files the whole of the first file decides what is a number, `TRUE` or `FALSE`, or
#' text; `NA` is missing, and so is an empty field unless its column is text. In a data base the
#' declared types decide, whatever class the driver sends; in SQLite, which has none, the values.
#'
#' Rows with missing values are left out and counted. An infinite value is an error, as in
#' [covary()].
#'
#' A data base sums in several statements, each of which evaluates `query` anew. Their counts and
#' sums must agree; where they do not, as with a random sample, `moments = "stream"` evaluates the
#' query once, and `materialise = TRUE` writes its rows to a temporary table first.
#'
#' @section Clusters:
#' Tested, all with R 4.2.2, two workers and one of them killed on the way: PSOCK and fork clusters
#' of package parallel, SOCK clusters of snow 0.4-4, `mirai::make_cluster()` of mirai 2.7.3, and MPI
#' through snow and Rmpi 0.6-9.2 with Open MPI 4.1.4 (`validation/clusters.R`). Cells are those of
#' one process, to rounding, and the same bits for any number of workers.
#'
#' MPI may end the whole job, this session included, when one of its processes dies. Open MPI does
#' so under `mpirun` unless told `mpirun --enable-recovery`; then, and without `mpirun`, the work of
#' the dead went to another as everywhere. The death is seen for workers on this machine only. A
#' cluster of MPI that has lost a worker cannot be used again, and the session may have to be killed
#' at its end. Even without a death `stopCluster()` may not return under Open MPI.
#'
#' @param data See Sources.
#' @param responses Names of the responses; for expressions in the columns a one-sided formula, such
#'   as `~ log(y) + z`. A string is the name of a column and never code.
#' @param by Covariates: a one-sided formula of names such as `~ age + sex`, or names. `NULL`: all
#'   other columns of a data frame.
#' @param weights Name of a column of weights, or a one-sided formula such as `~ w / 2`; `NULL` for
#'   ones.
#' @param resolution Cells over the central 98% of a continuous covariate; `"auto"` is 1000. Of two,
#'   each has `sqrt(4 * resolution)`.
#' @param query For a DBI connection: a table or a SELECT statement.
#' @param moments For a data base and a continuous covariate: `"database"` has the moments summed
#'   there, so that only the cells travel; `"stream"` fetches the rows, of exact cells too. `"auto"`
#'   asks the data base from a million rows on, unless it runs inside R, as SQLite does. Rows with
#'   two continuous covariates are always streamed.
#' @param reader For files: `function(file)` that returns a data frame.
#' @param chunk Rows read at a time.
#' @param cluster A cluster of package parallel (or snow, or mirai): files and row blocks go to its
#'   workers and their cells are added in a fixed order. Blocks of a worker that dies are done by
#'   others; see Clusters.
#' @param threads Threads of the passes that make moments of continuous covariates, here or in each
#'   worker. Results are the same bits for any number. A process that was forked from this one uses
#'   one thread.
#' @param materialise For a data base: `TRUE` writes the rows of `query` to a temporary table,
#'   which is dropped at the end.
#' @return An object of class `cells`, plain R data: `print()`, `merge()`, `c()`, `subset()`,
#'   [saveRDS()]; use it as `data` of [covary()].
#' @examples
#' d <- data.frame(x = runif(2e4), sex = sample(c("f", "m"), 2e4, TRUE))
#' d$y <- rnorm(2e4, sin(6 * d$x), exp(d$x - 1))
#' cells <- compress(d, "y", by = ~ x + sex)
#' cells
#' fit <- covary(y ~ s(x) + sex, sigma ~ s(x), data = cells, draws = 500)
#' fit
#' @export
compress <- function(
  data, responses, by = NULL, weights = NULL, resolution = "auto", query = NULL,
  reader = NULL,
  chunk = 1e6, cluster = NULL, threads = 1,
  moments = c("auto", "stream", "database"), materialise = FALSE
) {
  resolution <- check_resolution(resolution)
  threads <- check_count(threads, "threads")
  chunk <- check_count(chunk, "chunk", 100)
  moments <- check_choice(moments, c("auto", "stream", "database"), "moments")
  check_flag(materialise, "materialise")
  check_source_arguments(data, query, reader, moments, materialise)
  spec <- new_compress_spec(data, responses, by, weights, parent.frame())
  tally <- if (!is.null(cluster)) {
    compress_on_cluster(cluster, data, spec, resolution, reader, chunk, threads)
  } else if (is_database(data)) {
    compress_database(data, query, spec, resolution, chunk, threads, moments, materialise)
  } else {
    compress_source(new_source(data, chunk, reader, spec), spec, resolution, threads)
  }
  new_cells_object(tally)
}

is_database <- function(data) inherits(data, c("DBIConnection", "tbl_lazy"))

# An argument is used or refused.
check_source_arguments <- function(data, query, reader, moments, materialise) {
  refuse <- function(arg, what) {
    stop_covary("argument", "`", arg, "` is for ", what, "; `data` is ", describe(data), ".",
      fields = list(arg = arg)
    )
  }
  if (!is.null(query) && !inherits(data, "DBIConnection")) refuse("query", "DBI connections")
  if (!is_database(data) && moments != "auto") refuse("moments", "data bases")
  if (!is_database(data) && materialise) refuse("materialise", "data bases")
  if (is.null(reader)) {
    return()
  }
  if (!is.character(data)) refuse("reader", "files")
  if (!is.function(reader)) {
    stop_covary("argument", "`reader` must be a function(file) that returns a data frame, not ",
      describe(reader), ".",
      fields = list(arg = "reader")
    )
  }
}

check_resolution <- function(resolution) {
  if (identical(resolution, "auto")) {
    return(1000)
  }
  check_number(resolution, "resolution", 10, 30000)
}

# What to take from each chunk: list(responses, weights: names and calls, by, columns: all that are
# used, numbers: those that must be numbers, env: where calls find what is no column).
new_compress_spec <- function(data, responses, by, weights, env) {
  exprs <- read_responses(responses)
  weights <- read_weights(weights)
  by <- read_covariates(by)
  if (is.null(by)) {
    if (!is.data.frame(data)) {
      stop_covary("argument", "`by` must name the covariates.", fields = list(arg = "by"))
    }
    by <- setdiff(names(data), c(unlist(lapply(exprs, all.vars)), all.vars(weights)))
  }
  spec <- list(responses = exprs, by = by, weights = weights, env = env)
  spec$columns <- query_columns(spec)
  spec$numbers <- names_alone(c(spec$responses, list(spec$weights)))
  if (is.data.frame(data)) check_columns(names(data), spec)
  spec
}

# Names and calls, with their labels
read_responses <- function(responses) {
  exprs <- if (is.character(responses) && length(responses) && !anyNA(responses)) {
    lapply(responses, as.name)
  } else if (inherits(responses, "formula") && length(responses) == 2) {
    formula_parts(responses[[2]])
  }
  if (is.null(exprs)) {
    stop_covary("argument", "`responses` must name columns, such as c(\"sbp\", \"dbp\"), or be a ",
      "one-sided formula of expressions, such as ~ log(sbp) + dbp, not ", describe(responses), ".",
      fields = list(arg = "responses")
    )
  }
  if (length(exprs) > 8) {
    stop_covary("argument", "At most 8 responses can be compressed together.",
      fields = list(arg = "responses")
    )
  }
  names(exprs) <- vapply(exprs, label_of, "")
  twice <- unique(names(exprs)[duplicated(names(exprs))])
  if (length(twice)) {
    stop_covary("argument", "`responses` has ", enumerate(twice), " twice.",
      fields = list(arg = "responses")
    )
  }
  exprs
}

formula_parts <- function(expr) {
  what <- if (is.call(expr) && is.symbol(expr[[1]])) as.character(expr[[1]]) else ""
  if (what == "+" && length(expr) == 3) {
    return(unlist(lapply(as.list(expr)[-1], formula_parts)))
  }
  if (what %in% c("cbind", "mvbind")) {
    return(unname(as.list(expr)[-1]))
  }
  list(expr)
}

read_weights <- function(weights) {
  if (is.null(weights)) {
    return(NULL)
  }
  if (inherits(weights, "formula") && length(weights) == 2) {
    return(weights[[2]])
  }
  if (is.character(weights) && length(weights) == 1 && !is.na(weights)) {
    return(as.name(weights))
  }
  stop_covary("argument",
    "`weights` must name a column, such as \"w\", or be a one-sided formula, ",
    "such as ~ w / 2, not ", describe(weights), ".",
    fields = list(arg = "weights")
  )
}

# NULL: all other columns
read_covariates <- function(by) {
  if (inherits(by, "formula")) {
    calls <- setdiff(
      all.names(by[[length(by)]], unique = TRUE),
      c(all.vars(by), "+", ":", "*", "(")
    )
    if (length(by) != 2 || length(calls)) {
      stop_covary("argument", "`by` must be a one-sided formula of names such as ~ age + sex",
        if (length(calls)) paste0("; ", enumerate(calls), "() must be a column of the data first"),
        ".",
        fields = list(arg = "by")
      )
    }
    by <- all.vars(by)
  }
  if (!is.null(by) && (!is.character(by) || anyNA(by))) {
    stop_covary("argument", "`by` must be a one-sided formula or names of covariates, not ",
      describe(by), ".",
      fields = list(arg = "by")
    )
  }
  if (!"." %in% by) unique(by)
}

names_alone <- function(exprs) vapply(unname(Filter(is.symbol, exprs)), as.character, "")

query_columns <- function(spec) {
  unique(c(spec$by, unlist(lapply(spec$responses, all.vars)), all.vars(spec$weights)))
}

# Covariates, and names that stand alone, must be columns; a call may also use what is found where
# compress() was called.
check_columns <- function(found, spec, where = NULL) {
  alone <- names_alone(c(spec$responses, list(spec$weights)))
  absent <- setdiff(c(spec$by, alone), found)
  if (length(absent)) {
    code <- Filter(function(name) is.call(attempt(str2lang(name))), intersect(alone, absent))
    stop_covary("variable", "The data have no column ", enumerate(absent),
      if (!is.null(where)) paste(" in", where), "; they have ", enumerate(found, most = 12), ".",
      if (length(code)) paste0(" A string names a column; for an expression type ~ ", code[1], "."),
      fields = list(variable = absent)
    )
  }
  twice <- intersect(spec$columns, found[duplicated(found)])
  if (length(twice)) {
    stop_covary("variable", "The data have more than one column ", enumerate(twice), ".",
      fields = list(variable = twice)
    )
  }
}

# list(y, covariates, weights) of a chunk
chunk_rows <- function(chunk, spec, place = row_place) {
  check_chunk(chunk, place)
  check_columns(names(chunk), spec, if (!identical(place, row_place)) place(1))
  list(
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
  evaluate(expr, used, spec$env, what)
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

compress_source <- function(source, spec, resolution, threads = 1L, like = NULL) {
  force(source)
  on.exit(if (!is.null(source$close)) source$close())
  with_settled_types(function() {
    tally <- empty_tally(like)
    none <- TRUE
    while (!is.null(chunk <- source$read())) {
      none <- none && nrow(chunk) == 0
      if (nrow(chunk) == 0) next
      rows <- chunk_rows(chunk, spec, source$place)
      tally <- add_rows(tally, rows, resolution, threads, like, source$place)
    }
    if (none && is.null(like)) {
      stop_covary("data", "The source has no rows.", fields = list(arg = "data"))
    }
    tally
  })
}

# Without rows, but perhaps with what is known of columns
empty_tally <- function(like = NULL) {
  list(rows = 0, dropped = c(missing = 0), covariates = c(list(), like$covariates))
}

# The first complete rows decide the scaling, what is continuous and the width of cells, unless
# `like` has.
add_rows <- function(tally, rows, resolution, threads = 1L, like = NULL, place = row_place) {
  read <- read_columns(tally$covariates, rows$covariates, place)
  rows$covariates <- read$values
  tally$covariates[names(read$known)] <- read$known
  pattern <- if (tally$rows > 0) tally else like
  if (!is.null(pattern)) {
    pattern <- tally_pattern(pattern)
    pattern$covariates <- tally$covariates[names(pattern$covariates)]
    pattern <- choose_continuous(pattern, rows$covariates)
  }
  # With one covariate and no weights the pass itself finds what is not finite.
  plain <- !is.null(pattern) && length(pattern$covariates) == 1 &&
    length(continuous_names(pattern)) == 1 && is.null(rows$weights)
  rows <- if (plain) {
    c(rows, list(dropped = c(missing = 0), place = place))
  } else {
    complete_rows(
      rows,
      place
    )
  }
  if (length(rows$y[[1]]) == 0) {
    tally$dropped <- tally$dropped + rows$dropped
    return(tally)
  }
  new <- if (is.null(pattern)) {
    new_tally(rows, tally$covariates[names(rows$covariates)], resolution,
      threads = threads
    )
  } else {
    tally_rows(pattern, rows, threads)
  }
  merge_tallies(tally, new)
}

new_cells_object <- function(tally) {
  dropped <- tally$dropped[["missing"]]
  if (tally$rows == 0) {
    stop_covary("data", "No complete rows to compress", if (dropped > 0) {
      paste0(
        "; all ", dropped,
        " have missing values"
      )
    }, ".", fields = list(arg = "data"))
  }
  if (dropped > 0) {
    inform_covary("dropped_rows", dropped, " rows have missing values and are left out.",
      fields = list(dropped = tally$dropped)
    )
  }
  warn_stretched(tally)
  structure(tally, class = "cells")
}
