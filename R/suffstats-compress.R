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
#' Of K responses, at most 16, a cell holds 1 + K + K (K + 1) / 2 sums, times the number of moments:
#' 2 MB for ten responses and one continuous covariate. Every group, and every combination of
#' responses that rows have where some are missing, takes as much again, up to 1 GB (128 MB with two
#' continuous covariates); beyond, cells become wider.
#'
#' Three or more continuous covariates cannot be held; `compress()` says so and the rows must be
#' fitted.
#'
#' @section Sources:
#' * a data frame;
#' * a chunk reader, `function(reset)`: with `TRUE` it starts again and returns nothing of interest,
#'   with `FALSE` it returns the next data frame, or `NULL` after the last;
#' * file names: CSV in chunks, RDS files of data frames, Parquet files
#'   through nanoparquet if it is installed, anything else through `reader`; a folder stands for the
#'   Parquet files in it, and folders such as `year=2024` for a column;
#' * of Arrow: `arrow::open_dataset()` (a `Dataset`, of which the columns that are needed are read),
#'   a query that dplyr made of one, a `Table` or `RecordBatch`, or a `RecordBatchReader`, which can
#'   be read once; in batches of at most `chunk` rows. Queries with joins or summaries come in an
#'   order that Arrow does not fix, so that the last digits may differ from run to run;
#' * a DBI connection with `query`, the name of a table or a SELECT statement, or a lazy table of
#'   dbplyr (`dplyr::tbl(connection, "visits") |> dplyr::filter(year > 2020)`). Exact cells are
#'   computed by the data base itself (`GROUP BY`); for a continuous covariate see `moments`.
#'
#' A column has one type in all chunks, files and merged cells: the first values decide, and what
#' contradicts them is an error that names file, row and column. Integers, doubles and integers of
#' 64 bits are numbers alike, text meets factors, and dates, times and their differences keep their
#' class. In CSV files the whole of the first file decides what is a number, `TRUE` or `FALSE`, or
#' text; `NA` is missing, and so is an empty field unless its column is text. In a data base the
#' declared types decide, whatever class the driver sends; in SQLite, which has none, the values.
#' Texts are told apart by all their characters, whatever the collation. Whole numbers beyond 2^53,
#' infinite dates and types that are no number, text, truth, date or time are errors.
#'
#' Rows with missing covariates or weights, or without any response, are left out and counted. Rows
#' that lack some of the responses have cells of their own, one set for every combination of
#' responses that occurs, and are used as in [covary()]. An infinite value is an error, as there.
#'
#' @section Data bases:
#' Numbers travel, never rows, where the data base sums. It reads the rows of `query` twice for
#' exact cells, three times where groups lie so far apart that squares have to be summed around the
#' mean of each, three times for a continuous covariate, and four times for one with groups; once
#' more where far outliers hide the bulk of the covariate, or in SQLite, whose columns have no
#' types. A statement that ends with the first row is not counted. `print()` says how often it was.
#'
#' Counts and sums of all passes must agree; where they do not, as with a random sample,
#' `moments = "stream"` evaluates the query once, and `materialise = TRUE` writes its rows to a
#' temporary table first, which the passes read. That is better too where `query` is a view or a
#' join that costs more than reading its rows. Services that charge by the rows or bytes that are
#' read charge every pass.
#'
#' An interrupt ends the running statement where the driver can: RPostgres can if it was told
#' `dbConnect(..., check_interrupts = TRUE)`, and DuckDB can; RMariaDB and RSQLite wait for its end.
#' A temporary table is dropped then too, and a transaction of yours stays open, unless the engine
#' ends it at every new table, as Snowflake does.
#'
#' The dialect is that of the connection: SQLite, PostgreSQL, Redshift, DuckDB, MariaDB, MySQL,
#' Spark, Databricks, Hive, Impala, BigQuery, Snowflake, SQL Server and Oracle are known; any other
#' engine, through JDBC or ODBC, is asked once a connection what it takes. What it cannot do is
#' streamed, and said, or under `moments = "database"` an error with the words of the engine.
#' Tested with SQLite (RSQLite 2.2.20), PostgreSQL 15 (RPostgres 1.4.10), MariaDB 10.11 (RMariaDB
#' 1.3.5) and DuckDB (duckdb 2.0.0); of the others the text of the statements alone.
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
#' @param query For a DBI connection: a table, as text or by `DBI::Id(schema = , table = )`, or a
#'   SELECT statement.
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
#'   which is dropped at the end, and reads `query` that once.
#' @param missing `"use"` (default) or `"drop"` rows that have some of the responses only.
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
  moments = c("auto", "stream", "database"), materialise = FALSE, missing = c("use", "drop")
) {
  settings <- list(
    missing = check_choice(missing, c("use", "drop"), "missing"),
    resolution = check_resolution(resolution), threads = check_count(threads, "threads"),
    chunk = check_count(chunk, "chunk", 100), reader = reader,
    moments = check_choice(moments, c("auto", "stream", "database"), "moments"),
    materialise = check_flag(materialise, "materialise")
  )
  check_source_arguments(data, query, settings)
  spec <- new_row_spec(data, responses, by, weights, parent.frame())
  if (is.character(data) && is.null(reader)) data <- expand_folders(data)
  suffstats <- if (!is.null(cluster)) {
    compress_on_cluster(cluster, data, spec, settings)
  } else if (is_database(data)) {
    compress_database(data, query, spec, settings)
  } else {
    compress_source(open_source(data, spec, settings), spec, settings)
  }
  new_cells_object(suffstats)
}

# An argument is used or refused.
check_source_arguments <- function(data, query, settings) {
  refuse <- function(arg, what) {
    stop_covary("argument", "`", arg, "` is for ", what, "; `data` is ", describe(data), ".",
      fields = list(arg = arg)
    )
  }
  if (!is.null(query) && !inherits(data, "DBIConnection")) refuse("query", "DBI connections")
  if (!is_database(data) && settings$moments != "auto") refuse("moments", "data bases")
  if (!is_database(data) && settings$materialise) refuse("materialise", "data bases")
  if (is.null(settings$reader)) {
    return()
  }
  if (!is.character(data)) refuse("reader", "files")
  if (!is.function(settings$reader)) {
    stop_covary("argument", "`reader` must be a function(file) that returns a data frame, not ",
      describe(settings$reader), ".",
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

# The suffstats of all rows of a source. `like`: a suffstats that has decided for all workers what
# add_rows() else decides by the first rows.
compress_source <- function(source, spec, settings, like = NULL) {
  force(source)
  on.exit(source$close())
  with_restarts(function() {
    suffstats <- new_suffstats_empty(c(list(), like$covariates))
    none <- TRUE
    while (!is.null(chunk <- source$read())) {
      none <- none && nrow(chunk) == 0
      if (nrow(chunk) == 0) next
      rows <- chunk_rows(chunk, spec, source$place)
      suffstats <- add_rows(suffstats, rows, settings, like, source$place)
    }
    if (none && is.null(like)) {
      stop_covary("data", "The source has no rows.", fields = list(arg = "data"))
    }
    suffstats
  })
}

# The first complete rows decide the scaling, what is continuous and the width of cells, unless
# `like` has.
add_rows <- function(suffstats, rows, settings, like = NULL, place = row_place) {
  read <- read_columns(suffstats$covariates, rows$covariates, place)
  rows$covariates <- read$values
  suffstats$covariates[names(read$known)] <- read$known
  pattern <- if (suffstats$rows > 0) suffstats else like
  if (!is.null(pattern)) {
    pattern <- pattern_of(pattern)
    pattern$covariates <- suffstats$covariates[names(pattern$covariates)]
    pattern <- choose_continuous(pattern, rows$covariates)
    if (suffstats$rows > 0) {
      new <- setdiff(seq_len(pattern$k), responses_seen(suffstats))
      pattern$scaling[new, ] <- power_scaling(rows$y)[new, ]
    }
  }
  # With one covariate and no weights the pass itself finds what is not finite.
  use <- settings$missing == "use" && length(rows$y) > 1
  plain <- !is.null(pattern) && length(pattern$covariates) == 1 &&
    length(continuous_names(pattern)) == 1 && is.null(rows$weights) &&
    !(use && any(vapply(rows$y, anyNA, TRUE)))
  if (plain) rows$place <- place else rows <- rows_that_count(rows, use, place)
  if (length(rows$y[[1]]) == 0) {
    suffstats$dropped <- suffstats$dropped + rows$dropped
    return(suffstats)
  }
  new <- if (is.null(pattern)) {
    suffstats_of_first_rows(rows, suffstats$covariates[names(rows$covariates)], settings$resolution,
      threads = settings$threads
    )
  } else {
    suffstats_of_rows(pattern, rows, settings$threads)
  }
  merge_suffstats(suffstats, new)
}

new_cells_object <- function(suffstats) {
  dropped <- suffstats$dropped[["missing"]]
  if (suffstats$rows == 0) {
    all <- if (dropped > 0) paste0("; all ", dropped, " have missing values")
    stop_covary("data", "No complete rows to compress", all, ".", fields = list(arg = "data"))
  }
  if (dropped > 0) {
    inform_covary("dropped_rows", say_left_out(dropped),
      fields = list(dropped = suffstats$dropped)
    )
  }
  if (length(suffstats$incomplete)) {
    inform_incomplete(suffstats$incomplete, suffstats$responses)
  }
  warn_wide_cells(suffstats)
  suffstats
}
