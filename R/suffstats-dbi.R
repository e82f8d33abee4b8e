# Cells from a database. Cells of discrete covariates are computed there by GROUP BY
# (suffstats-dbi-groups.R). Moments of a continuous covariate are sums of products by cell: they are
# computed there too (`moments = "database"`, suffstats-dbi-moments.R), or rows are streamed to R.
#
# Sums of squares lose digits when the mean is large, so the database sums (y - c) / s with c and
# s known before, both rounded to few digits (suffstats-dbi-scaling.R).
#
# Every statement that has no limit of rows evaluates the query anew, and is counted (passes):
#   1  counts, ranges, numbers of distinct values
#   2  of a continuous covariate, how it is spread
#   3  and with how many groups
#   4  the sums, whose counts and totals must be those of the first
# So cells of discrete covariates take two passes, a third where groups lie far apart.

compress_database <- function(data, query, spec, settings) {
  need_package("DBI", "data bases")
  query <- new_query(data, query)
  progress <- new_progress()
  on.exit(progress$close())
  if (settings$materialise) {
    progress$tick("the data base writes the rows down", 0)
    columns <- used_columns(query, spec)
    name <- temporary_name(query)
    # An interrupt may come when the table is there already.
    on.exit(drop_temporary(query, name), add = TRUE)
    write_temporary(query, name, columns)
    query$source <- name
  }
  query <- type_query(query, spec)
  check_query_types(query$types, spec)
  stream <- function() compress_source(query_rows(query, settings$chunk), spec, settings)
  if (!is_summable(query, spec, settings$moments)) {
    return(stream())
  }
  plan <- scale_plan(
    new_sql_plan(query, spec, settings$missing == "use", progress), spec
  )
  if (!choose_sums(plan, settings$moments)) {
    return(stream())
  }
  sums <- if (length(plan$x)) sum_moments else sum_groups
  out <- sums(plan, spec, settings)
  if (is.null(out)) {
    return(stream())
  }
  # After it was written down, the query itself was read once.
  out$passes <- if (settings$materialise) 1 else plan$passes$n
  out
}

# Rows from which the sums of a database server are asked for by themselves
# (validation/postgresql.R).
database_from <- 1e6

# Could the database sum at all? What it cannot is an error where its sums are asked for.
is_summable <- function(query, spec, moments) {
  if (moments == "stream") {
    return(FALSE)
  }
  expressions <- Filter(is.call, c(spec$responses, list(`the weights` = spec$weights)))
  if (length(expressions)) {
    if (moments == "database") {
      stop_covary("argument", "The data base can sum columns only; compute ",
        enumerate(names(expressions)), " in `query`.",
        fields = list(arg = "responses")
      )
    }
    return(FALSE)
  }
  double <- query$dialect$double
  if (is.na(double)) {
    return(cannot_sum(moments, "it has no type of doubles that is known. ", attr(double, "said")))
  }
  TRUE
}

# TRUE where the database shall sum, now that it is known which covariates are continuous.
choose_sums <- function(plan, moments) {
  dated <- intersect(plan$many, names(plan$dated))
  if (moments == "database") check_summable(plan$many, dated, plan$query$types)
  if (length(plan$many) == 0) {
    return(TRUE)
  }
  small <- plan$query$dialect$embedded || plan$rows < database_from
  if (length(plan$many) > 1 || length(dated) || moments == "auto" && small) {
    return(FALSE)
  }
  if (is.null(plan$query$dialect$floor)) {
    return(cannot_sum(moments, "it has no FLOOR."))
  }
  TRUE
}

# Moments are summed of one continuous covariate that is a number.
check_summable <- function(x, dated, types) {
  if (length(x) > 1) {
    stop_covary("too_many_continuous",
      "The data base sums moments of one continuous covariate; found ", length(x), ": ",
      enumerate(x), ". Use moments = \"stream\".",
      fields = list(covariates = x)
    )
  }
  if (length(dated)) {
    stop_covary("argument", "The data base sums moments of numbers; ", enumerate(dated),
      " has the type ", types[[dated[1]]], ". Use moments = \"stream\".",
      fields = list(arg = "moments")
    )
  }
}
