# Cells from a database. Cells of discrete covariates are computed there by GROUP BY
# (suffstats-dbi-groups.R). Moments of a continuous covariate are sums of products by cell: they are
# computed there too (`moments = "database"`, suffstats-dbi-moments.R), or rows are streamed to R.
#
# Sums of squares lose digits when the mean is large, so the database sums (y - c) / s with c and
# s known before: from its own AVG and range, both rounded to few digits (suffstats-dbi-scaling.R).
# Every statement evaluates the query anew; the last one holds all sums, whose counts and totals
# must be those of the first.

compress_database <- function(data, query, spec, settings) {
  need_package("DBI", "data bases")
  query <- new_query(data, query)
  if (settings$materialise) {
    query <- materialise_query(query, spec)
    on.exit(drop_materialised(query))
  }
  query <- type_query(query, spec)
  use <- settings$missing == "use" && length(spec$responses) > 1
  plan <- database_plan(query, spec, settings$moments)
  if (use && !is.null(plan) && has_incomplete_rows(plan)) {
    if (settings$moments == "database") {
      stop_covary("database", "The data base sums rows with all responses; some lack one. Use ",
        "moments = \"stream\", or missing = \"drop\".",
        fields = list(arg = "moments")
      )
    }
    plan <- NULL
  }
  if (is.null(plan)) {
    return(compress_source(query_rows(query, settings$chunk), spec, settings))
  }
  plan <- scale_plan(plan, spec)
  if (is.null(plan$x)) {
    sum_groups(plan, spec, settings$resolution)
  } else {
    sum_moments(plan, spec, settings$resolution)
  }
}

# Rows from which the sums of a database server are asked for by themselves
# (validation/postgresql.R).
database_from <- 1e6

# What the database shall sum; NULL where rows must come to R. Fields of a `covary_sql_plan`:
#   query          rows-source-dbi.R
#   y, x, weights  SQL of the responses, of the continuous covariate and of the weights, NULL if
#                  there is none; `x_name` is the name of the covariate
#   by             SQL of the exact covariates; `keys` their names, `types` their types
#   names          of the columns that must be finite: y, x, weights, and keys that are numbers
# and, from scale_plan(),
#   rows, dropped  counts
#   range          of x
#   scaling        k x 2: centre and scale of the responses
#   totals         of the first evaluation, to check later ones by
#   group          names of the groups in `scaled`
#   scaled         the SELECT statement of the rows that are used: columns g1.. (groups), w, z1..
#                  (scaled responses) and x
database_plan <- function(query, spec, moments) {
  check_query_types(query$types, spec)
  expressions <- Filter(is.call, c(spec$responses, list(`the weights` = spec$weights)))
  if (length(expressions) && moments == "database") {
    stop_covary("argument", "The data base can sum columns only; compute ",
      enumerate(names(expressions)), " in `query`.",
      fields = list(arg = "responses")
    )
  }
  if (length(expressions) || moments == "stream") {
    return(NULL)
  }
  by <- stats::setNames(typed_sql(query, spec$by), spec$by)
  numbers <- by[query$types[names(by)] %in% number_types]
  x <- numbers[vapply(numbers, many_values, TRUE, query)]
  if (length(x) && moments == "auto" &&
    (query$dialect$embedded || count_query_rows(query) < database_from)) {
    return(NULL)
  }
  dated <- names(x)[query$types[names(x)] != "numeric"]
  if (moments == "database") check_summable(x, dated, query$types)
  if (length(x) > 1 || length(dated)) {
    return(NULL)
  }
  new_sql_plan(query, spec, by, x)
}

new_sql_plan <- function(query, spec, by, x) {
  keys <- setdiff(spec$by, names(x))
  y <- vapply(spec$responses, as.character, "")
  w <- if (!is.null(spec$weights)) as.character(spec$weights)
  types <- query$types[keys]
  structure(class = "covary_sql_plan", list(
    query = query, by = unname(by[keys]), keys = keys, types = types,
    y = unname(sql_names(query$connection, y)), x = if (length(x)) unname(x), x_name = names(x),
    weights = if (length(w)) sql_names(query$connection, w),
    names = c(unname(y), names(x), w, keys[types %in% "numeric"])
  ))
}

# Moments are summed of one continuous covariate that is a number.
check_summable <- function(x, dated, types) {
  if (length(x) > 1) {
    stop_covary("too_many_continuous",
      "The data base sums moments of one continuous covariate; found ", length(x), ": ",
      enumerate(names(x)), ". Use moments = \"stream\".",
      fields = list(covariates = names(x))
    )
  }
  if (length(dated)) {
    stop_covary("argument", "The data base sums moments of numbers; ", enumerate(dated),
      " has the type ", types[[dated[1]]], ". Use moments = \"stream\".",
      fields = list(arg = "moments")
    )
  }
}

# Has the column more distinct values than are kept exactly?
many_values <- function(column, query) {
  distinct <- paste("SELECT DISTINCT", column, "AS v FROM", query$source)
  sql <- paste0(
    "SELECT COUNT(*) AS n FROM (", query$dialect$first_rows(distinct, exact_limit + 1),
    ") covary_distinct"
  )
  as.double(ask_database(query$connection, sql)$n) > exact_limit
}

# The rows of this evaluation of the query, their weights and weighted sums must be those of the
# first.
check_evaluation <- function(plan, rows, weight, sums) {
  rounding <- plan$rows * .Machine$double.eps
  total <- plan$scaling[, 1] * weight + plan$scaling[, 2] * sums
  same <- rows == plan$rows && abs(weight - plan$totals$weight) <= rounding * weight &&
    all(abs(total - plan$totals$sums) <= 8 * rounding * weight * plan$totals$largest)
  if (same) {
    return()
  }
  stop_covary("evaluation", "The query gave other rows each time it was evaluated: ", plan$rows,
    " with a sum of ", format(plan$totals$sums[1], digits = 15), ", then ", rows, " with ",
    format(total[1], digits = 15),
    ". Use materialise = TRUE, which writes them to a temporary table first, ",
    "or moments = \"stream\".",
    fields = list(arg = "query")
  )
}

# The fields of sufficient statistics that the plan knows, all but the groups
plan_fields <- function(plan, spec, resolution, covariates) {
  list(
    k = length(plan$y), responses = names(spec$responses), scaling = plan$scaling,
    covariates = covariates, resolution = resolution,
    rows = plan$rows, dropped = plan$dropped
  )
}

# list(values: data frame of plain columns, covariates: their descriptions)
database_groups <- function(out, plan) {
  columns <- Map(typed_column, unname(as.list(out[seq_along(plan$by)])), plan$types, plan$keys)
  read <- read_columns(NULL, stats::setNames(columns, plan$keys), function(row) "the query")
  values <- lapply(read$values, plain_values)
  for (name in plan$keys) {
    bad <- sum(is.infinite(values[[name]]))
    if (bad > 0) stop_infinite_rows(name, bad, "the groups of the query")
  }
  values <- unchecked_frame(stats::setNames(values, plan$keys), nrow(out))
  list(values = values, covariates = read$known)
}

double_columns <- function(out) matrix(vapply(out, as.double, numeric(nrow(out))), nrow(out))

# Do rows have some of the responses only?
has_incomplete_rows <- function(plan) {
  y <- plan$query$dialect$as_double(plan$y)
  present <- paste0("(CASE WHEN ABS(", y, ") <= 1e308 THEN 1 ELSE 0 END)", collapse = " + ")
  sql <- paste0(
    "SELECT COUNT(*) AS n FROM (SELECT ", present, " AS observed FROM ", plan$query$source,
    ") covary_observed WHERE observed > 0 AND observed < ", length(y)
  )
  as.double(ask_database(plan$query$connection, sql)$n) > 0
}
