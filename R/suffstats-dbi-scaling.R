# What a database must know before it sums: how many rows are used, the centre and scale of the
# responses, the range of the continuous covariate, and totals to check later evaluations of the
# query by.

scale_plan <- function(plan, spec) {
  columns <- sql_columns(plan)
  rules <- sql_row_rules(columns$all, columns$numbers, columns$w)
  found <- summarise_query(plan, columns, rules)
  if (found$n_all == 0) stop_covary("data", "The query has no rows.", fields = list(arg = "query"))
  if (isTRUE(found$lightest < 0)) stop_negative_weights()
  complete <- found$n_present
  if (found$n_present > found$n_finite) complete <- count_complete(plan, columns$numbers, rules)
  if (found$n_used == 0) {
    stop_covary("data", "The query has no complete rows.", fields = list(arg = "query"))
  }
  k <- length(plan$y)
  low <- unlist(found[paste0("l", seq_len(k))], use.names = FALSE)
  high <- unlist(found[paste0("h", seq_len(k))], use.names = FALSE)
  mean <- unlist(found[paste0("a", seq_len(k))], use.names = FALSE)
  sums <- unlist(found[paste0("t", seq_len(k))], use.names = FALSE)
  largest <- pmax(abs(low), abs(high))
  check_summed_squares(largest, !is.finite(mean) | !is.finite(sums), names(spec$responses))
  plan$rows <- found$n_used
  plan$dropped <- c(missing = found$n_all - complete)
  plan$range <- c(found$low, found$high)
  plan$totals <- list(weight = found$weight, sums = sums, largest = largest)
  spread <- high - low
  scale <- 2^round(log2(ifelse(spread > 0, spread / 4, pmax(largest, 1))))
  plan$scaling <- cbind(centre = round(mean / scale) * scale, scale = scale)
  plan$group <- paste0("g", seq_along(plan$by), recycle0 = TRUE)
  plan$scaled <- scaled_rows(plan, columns, rules)
  plan
}

# SQL of the columns of a plan: y, x, w as doubles, all, and the numbers among them.
sql_columns <- function(plan) {
  as_double <- plan$query$dialect$as_double
  y <- as_double(plan$y)
  x <- if (length(plan$x)) as_double(plan$x)
  w <- if (length(plan$weights)) as_double(plan$weights)
  list(
    y = y, x = x, w = w, all = c(plan$by, plan$y, plan$x, plan$weights),
    numbers = c(y, x, w, plan$by[plan$types %in% "numeric"])
  )
}

# One pass: counts n_all, n_present, n_finite, n_used; of the rows that are used, by response mean
# a, ends l and h and weighted sum t, the sum of weights, the ends `low` and `high` of x; and the
# `lightest` of all weights.
summarise_query <- function(plan, columns, rules) {
  y <- columns$y
  w <- columns$w
  each <- function(letter) paste0(letter, seq_along(y))
  used <- function(value, by, name) sql_aggregate_if(rules$used, value, by, name)
  asks <- sql_list(
    "COUNT(*) AS n_all", sql_aggregate_if(rules$present, 1, "COUNT", "n_present"),
    sql_aggregate_if(rules$finite, 1, "COUNT", "n_finite"), used(1, "COUNT", "n_used"),
    used(y, "AVG", each("a")), used(y, "MIN", each("l")), used(y, "MAX", each("h")),
    used(if (length(w)) w else "1.0", "SUM", "weight"),
    used(if (length(w)) paste(w, "*", y) else y, "SUM", each("t")),
    if (length(w)) paste0("MIN(", w, ") AS lightest"),
    if (length(columns$x)) used(columns$x, c("MIN", "MAX"), c("low", "high"))
  )
  sql <- paste("SELECT", asks, "FROM", plan$query$source)
  lapply(ask_database(plan$query$connection, sql), as.double)
}

# Rows in which nothing is missing, where some number is not finite: NaN is missing, infinity an
# error.
count_complete <- function(plan, numbers, rules) {
  asks <- sql_list(
    sql_aggregate_if(rules$complete, 1, "COUNT", "complete"),
    sql_aggregate_if(rules$infinite, 1, "COUNT", paste0("c", seq_along(numbers)))
  )
  sql <- paste("SELECT", asks, "FROM", plan$query$source)
  count <- as.double(unlist(ask_database(plan$query$connection, sql)))
  infinite <- which(count[-1] > 0)
  if (length(infinite)) {
    stop_infinite_rows(plan$names[infinite[1]], count[-1][infinite[1]], "the query")
  }
  count[1]
}

check_summed_squares <- function(largest, overflown, responses) {
  huge <- largest > 1e150 | overflown
  if (!any(huge)) {
    return()
  }
  stop_covary("response", "Response ", enumerate(responses[huge]), " has values up to ",
    format(max(largest), digits = 3), ", whose squares the data base cannot sum. Divide it in ",
    "`query`, or use moments = \"stream\".",
    fields = list(arg = "responses")
  )
}

scaled_rows <- function(plan, columns, rules) {
  centre <- sql_number(plan$scaling[, 1])
  z <- paste0("((", columns$y, " - (", centre, ")) / ", sql_number(plan$scaling[, 2]), ")")
  values <- sql_list(
    paste(plan$by, "AS", plan$group, recycle0 = TRUE),
    paste(if (length(columns$w)) columns$w else plan$query$dialect$as_double("1"), "AS w"),
    paste(z, "AS", paste0("z", seq_along(z))),
    if (length(columns$x)) paste(columns$x, "AS x")
  )
  paste("SELECT", values, "FROM", plan$query$source, "WHERE", rules$used)
}
