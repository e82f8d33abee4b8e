#' Compress rows to cells
#'
#' One pass over the data, in bounded memory, leaves sufficient statistics from which [covary()] fits any
#' formula on the chosen covariates, any basis, knots and priors, without seeing the rows again. The
#' time of a fit does then not depend on the number of rows.
#'
#' @section What cells hold:
#' Factors, characters, logicals and numbers with at most 4096 distinct values are grouped exactly: one
#' cell a distinct tuple, with the weight, means and scatter of its responses; nothing is lost. One
#' further numeric covariate may be continuous: its range is cut into about 1000 cells a group, and each
#' keeps the first four Chebyshev moments of the responses and their products. The log likelihood is
#' smooth in the covariate, so what this leaves out is tiny: about 1e-7 posterior standard deviations in
#' a million rows; the fit measures and reports it (`diagnostics(fit)$certificate`).
#'
#' Two numeric covariates may be continuous together: rectangles, about 64 along each covariate, of which only
#' those with rows are kept, hold the 16 products of four moments along each. Any formula in the two can be fitted,
#' joint smooths such as `s(x, z)` and `t2(x, z)` included; what is left out is about 1e-4 to 1e-3 posterior
#' standard deviations.
#' Three or more continuous covariates cannot be held; `compress()` says so and the rows must be fitted.
#'
#' @section Sources:
#' * a data frame;
#' * a chunk reader, `function(reset)`: with `TRUE` it starts again and returns nothing of interest,
#'   with `FALSE` it returns the next data frame, or `NULL` after the last;
#' * file names: CSV by [utils::read.csv()] in chunks, RDS files of data frames, Parquet files
#'   through nanoparquet if it is installed, anything else through `reader`;
#' * a DBI connection with `query`, the name of a table or a SELECT statement, or a lazy table of dbplyr
#'   (`dplyr::tbl(connection, "visits") |> dplyr::filter(year > 2020)`). Exact cells are
#'   computed by the data base itself (`GROUP BY`); for a continuous covariate see `moments`. Tested with
#'   SQLite (RSQLite 2.2.20), PostgreSQL 15 (RPostgres 1.4.10), DuckDB (duckdb 2.0.0) and lazy tables by
#'   dbplyr 2.3.0; other back ends, such as Spark, get the same SQL.
#'
#' @section Clusters:
#' Tested, all with R 4.2.2, two workers and one of them killed on the way: PSOCK and fork clusters of
#' package parallel, SOCK clusters of snow 0.4-4, `mirai::make_cluster()` of mirai 2.7.3, and MPI through
#' snow and Rmpi 0.6-9.2 with Open MPI 4.1.4 (`inst/validation/clusters.R`). Cells are those of one process,
#' to rounding, and the same bits for any number of workers.
#'
#' MPI may end the whole job, this session included, when one of its processes dies. Open MPI does so under
#' `mpirun` unless told `mpirun --enable-recovery`; then, and without `mpirun`, the work of the dead went to
#' another as everywhere. The death is seen for workers on this machine only. A cluster of MPI that has lost a
#' worker cannot be used again, and the session may have to be killed at its end. Even without a death
#' `stopCluster()` may not return under Open MPI.
#'
#' @param data See Sources.
#' @param responses Names of the responses, or expressions in the columns such as `"log(y)"`.
#' @param by Covariates: a one-sided formula such as `~ age + sex`, or names. `NULL`: all other columns
#'   of a data frame.
#' @param weights Name of a column of weights, or an expression as a string; `NULL` for ones.
#' @param resolution Cells over the central 98% of a continuous covariate; `"auto"` is 1000. Of two, each has
#'   `sqrt(4 * resolution)`.
#' @param query For a DBI connection: a table or a SELECT statement.
#' @param moments For a data base and a continuous covariate: `"database"` has the moments summed there, so that only
#'   the cells travel; `"stream"` fetches the rows. `"auto"` asks the data base from a million rows on, unless
#'   it runs inside R, as SQLite does. Rows with two continuous covariates are always streamed.
#' @param reader For files: `function(file)` that returns a data frame.
#' @param chunk Rows read at a time.
#' @param cluster A cluster of package parallel (or snow, or mirai): files and row blocks go to its
#'   workers and their cells are added in a fixed order. Blocks of a worker that dies are done by others;
#'   see Clusters.
#' @param threads Threads of the pass over rows. Results are the same bits for any number.
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
compress <- function(data, responses, by = NULL, weights = NULL, resolution = "auto", query = NULL, reader = NULL,
                     chunk = 1e6, cluster = NULL, threads = 1, moments = c("auto", "stream", "database")) {
  resolution <- check_resolution(resolution)
  threads <- check_count(threads, "threads")
  chunk <- check_count(chunk, "chunk", 100)
  moments <- check_choice(moments[1], c("auto", "stream", "database"), "moments")
  spec <- new_compress_spec(data, responses, by, weights, parent.frame())
  tally <- if (!is.null(cluster)) compress_on_cluster(cluster, data, spec, resolution, reader, chunk)
    else if (inherits(data, c("DBIConnection", "tbl_lazy"))) compress_database(data, query, spec, resolution, chunk, threads, moments)
    else compress_source(new_source(data, chunk, reader), spec, resolution, threads)
  new_cells_object(tally)
}

check_resolution <- function(resolution) {
  if (identical(resolution, "auto")) return(1000)
  check_number(resolution, "resolution", 10, 30000)
}

# What to take from each chunk.
new_compress_spec <- function(data, responses, by, weights, env) {
  if (!is.character(responses) || length(responses) == 0 || anyNA(responses)) {
    stop_covary("argument", "`responses` must name columns, such as c(\"sbp\", \"dbp\"), not ", describe(responses), ".",
      fields = list(arg = "responses"))
  }
  exprs <- lapply(responses, function(r) if (is.data.frame(data) && r %in% names(data)) as.name(r) else parse_expression(r, "responses"))
  if (length(exprs) > 8) stop_covary("argument", "At most 8 responses can be compressed together.", fields = list(arg = "responses"))
  names(exprs) <- vapply(exprs, label_of, "")
  if (inherits(by, "formula")) {
    by <- if (length(by) == 2) all.vars(by) else stop_covary("argument", "`by` must be a one-sided formula such as ~ age + sex.", fields = list(arg = "by"))
  }
  if (!is.null(by) && !is.character(by)) {
    stop_covary("argument", "`by` must be a one-sided formula or names of covariates, not ", describe(by), ".", fields = list(arg = "by"))
  }
  if (inherits(weights, "formula")) weights <- deparse1(weights[[length(weights)]])
  if (!is.null(weights) && !(is.character(weights) && length(weights) == 1 && !is.na(weights))) {
    stop_covary("argument", "`weights` must name a column, such as \"w\", not ", describe(weights), ".", fields = list(arg = "weights"))
  }
  weights <- if (!is.null(weights)) parse_expression(weights, "weights")
  if ("." %in% by) by <- NULL
  if (is.null(by)) {
    if (!is.data.frame(data)) stop_covary("argument", "`by` must name the covariates.", fields = list(arg = "by"))
    by <- setdiff(names(data), c(unlist(lapply(exprs, all.vars)), all.vars(weights)))
  }
  list(responses = exprs, by = by, weights = weights, env = env)
}

parse_expression <- function(text, arg) {
  tryCatch(if (make.names(text) == text) as.name(text) else str2lang(text), error = function(e) {
    stop_covary("argument", "`", arg, "` holds ", dQuote(text, FALSE), ", which is no R expression.", fields = list(arg = arg))
  })
}

# list(y, covariates, weights) of a chunk
chunk_rows <- function(chunk, spec) {
  if (!is.data.frame(chunk)) stop_covary("data", "Chunks must be data frames, not ", describe(chunk), ".", fields = list(arg = "data"))
  absent <- setdiff(spec$by, names(chunk))
  if (length(absent)) {
    stop_covary("variable", "The data have no column ", enumerate(absent), "; they have ", enumerate(names(chunk), most = 12), ".",
      fields = list(variable = absent))
  }
  weights <- if (!is.null(spec$weights)) as.double(evaluate(spec$weights, chunk, spec$env, "Weights"))
  list(y = lapply(stats::setNames(nm = names(spec$responses)), chunk_response, spec, chunk), covariates = lapply(stats::setNames(nm = spec$by), function(b) chunk[[b]]),
    weights = weights)
}

chunk_response <- function(label, spec, chunk) {
  v <- evaluate(spec$responses[[label]], chunk, spec$env, "Response")
  if (!is.numeric(v) || is.factor(v) || length(v) != nrow(chunk)) {
    stop_covary("response", "Response '", label, "' must be a numeric vector with a value a row, not ", describe(v), ".",
      fields = list(response = label))
  }
  as.double(v)
}

compress_source <- function(source, spec, resolution, threads = 1L, like = NULL) {
  tally <- NULL
  repeat {
    chunk <- source$read()
    if (is.null(chunk)) break
    if (nrow(chunk) > 0) tally <- add_rows(tally, chunk_rows(chunk, spec), resolution, threads, like)
  }
  if (is.null(tally)) stop_covary("data", "The source has no rows.", fields = list(arg = "data"))
  tally
}

# The first rows decide the scaling, what is continuous and the width of cells, unless `like` has.
add_rows <- function(tally, rows, resolution, threads = 1L, like = NULL) {
  pattern <- if (is.null(tally)) like else tally
  if (is.null(pattern)) return(new_tally(rows, resolution))
  pattern <- tally_pattern(pattern)
  for (name in names(rows$covariates)) {
    pattern$covariates[[name]]$levels <- describe_covariate(rows$covariates[[name]])$levels
  }
  pattern <- choose_continuous(pattern, rows$covariates)
  # With one covariate and no weights the pass itself finds what is not finite.
  plain <- length(pattern$covariates) == 1 && length(continuous_names(pattern)) == 1 && is.null(rows$weights)
  rows <- if (plain) c(rows, list(dropped = c(missing = 0, infinite = 0))) else finite_rows(rows)
  new <- tally_rows(pattern, rows, threads)
  if (is.null(tally)) new else merge_tallies(tally, new)
}

new_cells_object <- function(tally) {
  if (tally$rows == 0) stop_covary("data", "No complete rows to compress.", fields = list(arg = "data"))
  dropped <- tally$dropped
  if (any(dropped > 0)) {
    inform_covary("dropped_rows", sum(dropped), " rows have missing (", dropped[["missing"]], ") or infinite (", dropped[["infinite"]],
      ") values and are left out.", fields = list(dropped = dropped))
  }
  structure(tally, class = "cells")
}
