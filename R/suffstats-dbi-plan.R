# What a database shall sum, how it is asked, and what every kind of sums has in common.

# FALSE, with a message why rows come to R, or the error that they do not.
cannot_sum <- function(moments, ...) {
  if (moments == "database") {
    stop_covary("database", "The data base cannot make these sums: ", ...)
  }
  inform_covary("streamed", "The rows come to R, because the data base cannot make the sums: ", ...)
  FALSE
}

# Fields of a `covary_sql_plan`:
#   query          rows-source-dbi.R
#   y, w           SQL of the responses and the weights as doubles, or responses as what becomes
#                  one beside a double; w is NULL if there are none
#   names          of the columns that are responses
#   use            do rows count that have some of the responses?
#   numbers        SQL of the covariates that are numbers, as y, by name
#   dated          of those that are dates or times
#   by             SQL of all covariates, by name, as it is grouped by
#   progress, passes  progress$tick, and an environment with the number n of passes
# and, from scale_plan(),
#   rows, dropped  counts
#   many           names of the covariates with many distinct values
#   x_name, x      name and SQL of the continuous covariate, NULL if there is none
#   range, near    its ends; a typical value and a typical distance from it
#   keys, types    names and types of the exact covariates
#   incomplete     are there rows that lack some response?
#   group          names in `scaled` of the exact covariates and, where rows are incomplete, of
#                  `observed` (rows-observed.R)
#   scaling        k x 2: centre and scale of the responses
#   unit           a typical distance of the first response from its centre, scaled
#   totals         of the first pass, to check the last by: weight, and by response weights, sums
#                  and the largest size
#   scaled         the SELECT statement of the rows that are used: columns g1.. (groups), w where
#                  there are weights, z1.. (scaled responses) and x
new_sql_plan <- function(query, spec, use = TRUE, progress = new_progress(FALSE)) {
  of_type <- function(types) spec$by[query$types[spec$by] %in% types]
  double <- function(names, cast = !query$dialect$widens | names %in% query$whole) {
    columns <- query$columns[names]
    stats::setNames(ifelse(cast, as_double(query$dialect, columns), columns), names)
  }
  w <- if (!is.null(spec$weights)) as.character(spec$weights)
  names <- unname(vapply(spec$responses, as.character, ""))
  structure(class = "covary_sql_plan", list(
    query = query, y = unname(double(names)), names = names,
    use = use && length(names) > 1,
    w = if (length(w)) unname(double(w, cast = TRUE)), numbers = double(of_type("numeric")),
    dated = query$columns[of_type(setdiff(number_types, "numeric"))],
    by = grouped_sql(query, spec$by), progress = progress,
    passes = list2env(list(n = if (is.null(attr(query$types, "passes"))) 0 else 1))
  ))
}

# Columns as they are grouped by. Texts have one more character at their end, taken off in
# database_groups(), where the engine takes texts of other case or with more spaces for the same.
grouped_sql <- function(query, names) {
  columns <- typed_sql(query, names)
  texts <- query$types[names] %in% "character"
  if (!is.null(query$dialect$exact_text)) columns[texts] <- query$dialect$exact_text(columns[texts])
  stats::setNames(columns, names)
}

# The answer to a statement that reads all rows; `what`: what the pass is for
read_pass <- function(plan, what, sql, names = NULL, most = Inf) {
  plan$passes$n <- plan$passes$n + 1
  last <- if (length(plan$x)) 3 + (length(plan$group) > 0) else 2
  plan$progress$tick(
    paste0("pass ", plan$passes$n, " over the rows in the data base: ", what),
    (plan$passes$n - 1) / max(last, plan$passes$n)
  )
  ask_database(plan$query$connection, sql, names, most)
}

# The rows of this evaluation of the query, their weights and weighted sums must be those of the
# first. sums: of (w, w z1, ..) by group or cell; observed: of each
check_evaluation <- function(plan, rows, sums, observed) {
  k <- length(plan$y)
  seen <- is_observed(observed, k)
  weights <- rowSums(seen * rep(sums[1, ], each = k))
  rounding <- plan$rows * .Machine$double.eps
  total <- plan$scaling[, 1] * weights + plan$scaling[, 2] * rowSums(sums[-1, , drop = FALSE])
  weight <- sum(sums[1, ])
  known <- plan$totals
  same <- rows == plan$rows && abs(weight - known$weight) <= rounding * weight &&
    all(abs(weights - known$weights) <= rounding * weight) &&
    all(abs(total - known$sums) <= 8 * rounding * weight * known$largest)
  if (same) {
    return()
  }
  stop_covary("evaluation", "The query gave other rows each time it was evaluated: ", plan$rows,
    " with a sum of ", format(known$sums[1], digits = 15), ", then ", rows, " with ",
    format(total[1], digits = 15),
    ". Use materialise = TRUE, which writes them to a temporary table first, ",
    "or moments = \"stream\".",
    fields = list(arg = "query")
  )
}

# The fields of sufficient statistics that the plan knows, all but the groups; rows: numbers of them
# by group or cell, which are `observed`
plan_fields <- function(plan, spec, resolution, covariates, rows, observed) {
  lacking <- observed != all_observed(length(plan$y))
  incomplete <- if (any(lacking)) {
    counts <- rowsum(rows[lacking], observed[lacking])
    sort_counts(stats::setNames(counts[, 1], rownames(counts)))
  } else {
    no_incomplete()
  }
  list(
    k = length(plan$y), responses = names(spec$responses), scaling = plan$scaling,
    covariates = covariates, resolution = resolution,
    rows = plan$rows, dropped = plan$dropped, incomplete = incomplete
  )
}

# list(values: data frame of plain columns, observed, covariates: their descriptions)
database_groups <- function(out, plan) {
  whole <- plan$keys %in% plan$query$whole
  sent <- unname(as.list(out[seq_along(plan$keys)]))
  texts <- plan$types %in% "character" & !is.null(plan$query$dialect$exact_text)
  sent[texts] <- lapply(sent[texts], function(v) sub(".$", "", v))
  columns <- Map(typed_column, sent, plan$types, plan$keys, whole)
  read <- read_columns(NULL, stats::setNames(columns, plan$keys), function(row) "the query")
  values <- lapply(read$values, plain_values)
  for (name in plan$keys) {
    bad <- sum(is.infinite(values[[name]]))
    if (bad > 0) stop_infinite_rows(name, bad, "the groups of the query")
  }
  values <- unchecked_frame(stats::setNames(values, plan$keys), nrow(out))
  observed <- if (plan$incomplete) {
    as.integer(sent_double(out[[length(plan$keys) + 1]]))
  } else {
    rep(all_observed(length(plan$y)), nrow(out))
  }
  list(values = values, observed = observed, covariates = read$known)
}

# Columns of an answer as the rows of a matrix of doubles
answer_matrix <- function(out, at) {
  matrix(unlist(lapply(out[at], sent_double)), length(at), byrow = TRUE)
}

# Scaled as rows would be: by the sds, not the ranges.
rescale_to_sds <- function(x) {
  moments <- response_moments(x)
  sd <- ifelse(moments$sd > 0, moments$sd, pmax(abs(moments$mean), 1))
  scale <- 2^round(log2(sd))
  rescale(x, unname(cbind(round(moments$mean / scale) * scale, scale)))
}
