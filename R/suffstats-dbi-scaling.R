# What a database must know before it sums: how many rows are used, the centre and scale of the
# responses, which covariates are continuous and how they are spread, and totals to check later
# evaluations of the query by.

scale_plan <- function(plan, spec) {
  rules <- plan_rules(plan)
  typical <- typical_values(plan, rules)
  found <- summarise_query(plan, rules, typical)
  check_summary(plan, found, rules)
  used <- found[found$status == 0, ]
  each <- function(letter) unlist(used[paste0(letter, seq_along(plan$y))], use.names = FALSE)
  low <- each("low")
  high <- each("high")
  sums <- each("sum")
  none <- is.na(low)
  low[none] <- high[none] <- sums[none] <- 0
  largest <- pmax(abs(low), abs(high))
  for (i in which(plan$names %in% plan$query$whole)) check_whole_column(largest[i], plan$names[i])
  check_summed_squares(largest, !is.finite(sums), names(spec$responses))
  plan$rows <- used$n
  plan$dropped <- c(missing = sum(found$n[found$status == 3]))
  weight <- if (length(plan$w)) used$weight else used$n
  weights <- if (plan$use) each("weight") else rep(weight, length(plan$y))
  # A response that no row has
  weights[is.na(weights)] <- 0
  plan$incomplete <- plan$use && any(each("n") < used$n)
  plan$totals <- list(weight = weight, weights = weights, sums = sums, largest = largest)
  spread <- high - low
  scale <- 2^round(log2(ifelse(spread > 0, spread / 4, pmax(largest, 1))))
  centre <- round(sums / pmax(weights, none) / scale) * scale
  # Without a division where products of their powers are far from both ends of doubles
  plan$unit <- scale[1]
  scale[scale >= 2^-50 & scale <= 2^50] <- 1
  plan$unit <- plan$unit / scale[1]
  plan$scaling <- cbind(centre = centre, scale = scale)
  plan$many <- many_values(plan, used)
  x <- intersect(plan$many, names(plan$numbers))[1]
  if (!is.na(x)) {
    at <- match(x, names(plan$numbers))
    plan$x_name <- x
    plan$x <- plan$numbers[[x]]
    plan$range <- c(used[[paste0("from", at)]], used[[paste0("to", at)]])
    plan$near <- c(typical[at], 1 / used[[paste0("near", at)]])
  }
  plan$keys <- setdiff(names(plan$by), x)
  plan$types <- plan$query$types[plan$keys]
  plan$group <- paste0("g", seq_len(length(plan$keys) + plan$incomplete), recycle0 = TRUE)
  plan$scaled <- scaled_rows(plan)
  plan
}

# Conditions on rows (rows-select.R)
plan_rules <- function(plan) {
  others <- plan$query$columns[setdiff(names(plan$by), names(plan$numbers))]
  numbers <- c(plan$y, plan$w, unname(plan$numbers))
  sql_row_rules(
    c(unname(others), numbers), numbers, plan$w, if (plan$use) plan$y,
    plan$query$dialect[c("number", "finite")]
  )
}

# A value of each covariate that is a number: of the first row that is found
typical_values <- function(plan, rules) {
  if (length(plan$numbers) == 0) {
    return(numeric())
  }
  sql <- paste(
    "SELECT", sql_list(paste0(plan$numbers, " AS x", seq_along(plan$numbers))), "FROM",
    plan$query$source, "WHERE", rules$used
  )
  out <- ask_database(plan$query$connection, plan$query$dialect$first_rows(sql, 1))
  if (nrow(out)) sent_double(out[seq_along(plan$numbers)]) else numeric(length(plan$numbers))
}

# The first pass. A line a status of rows: 0 used, 1 without weight, 2 infinite, 3 missing. Of each,
#   n             the number
#   low, high     ends by response
#   sum           weighted, by response
#   n1 .., weight1 ..  number and weight of the rows that have a response, where it may be missing
#   weight, lightest   sum and smallest of the weights
#   from, to      ends by covariate that is a number
#   distinct      about how many values it has
#   near          the mean of 1 / distance from the typical value, which outliers do not move
#   dates         number of values of the covariates that are dates or times
summarise_query <- function(plan, rules, typical) {
  y <- plan$y
  if (plan$use) y <- paste("CASE WHEN", rules$finite, "THEN", y, "END")
  columns <- c(
    numbered(y, "y"), if (length(plan$w)) paste(plan$w, "AS w"), numbered(plan$numbers, "x"),
    numbered(plan$dated, "d"), paste(status_of_rows(plan, rules), "AS status")
  )
  asks <- summary_asks(plan, typical)
  rows <- paste("SELECT", sql_list(columns), "FROM", plan$query$source)
  sql <- paste0(
    "SELECT ", sql_list(numbered(asks, "a")), " FROM (", plan$query$dialect$kept(rows, uses = 2),
    ") covary_status", sql_group_by("status")
  )
  out <- read_pass(plan, "counts and ranges", sql, names(asks))
  unchecked_frame(lapply(out, sent_double), nrow(out))
}

# Expressions with names: the letter and their number
numbered <- function(sql, letter) {
  paste0(unname(sql), " AS ", letter, seq_along(sql), recycle0 = TRUE)
}

status_of_rows <- function(plan, rules) {
  weightless <- if (length(plan$w)) {
    paste("WHEN", rules$complete, "AND NOT (", rules$weighted, ") THEN 1")
  }
  paste(
    c(
      "CASE WHEN", rules$used, "THEN 0", weightless, "WHEN", rules$complete, "THEN 2 ELSE 3 END"
    ),
    collapse = " "
  )
}

# What is asked of the rows of a status, by the names of summarise_query()
summary_asks <- function(plan, typical) {
  dialect <- plan$query$dialect
  w <- length(plan$w) > 0
  y <- paste0("y", seq_along(plan$y))
  x <- paste0("x", seq_along(plan$numbers), recycle0 = TRUE)
  d <- paste0("d", seq_along(plan$dated), recycle0 = TRUE)
  each <- function(sql, name) {
    stats::setNames(sql, paste0(name, seq_along(sql), recycle0 = TRUE))
  }
  of <- function(by, v) paste0(by, "(", v, ")", recycle0 = TRUE)
  distance <- paste0("ABS(x", seq_along(x), " - (", dialect$number(typical), "))", recycle0 = TRUE)
  near <- paste0(
    "CASE WHEN ", distance, " > ", dialect$number(1e-100), " THEN ", dialect$number(1), " / ",
    distance, " END",
    recycle0 = TRUE
  )
  has <- of("COUNT", y)
  c(
    status = "MIN(status)", n = dialect$count,
    each(of("MIN", y), "low"), each(of("MAX", y), "high"),
    each(of("SUM", if (w) paste("w *", y) else y), "sum"),
    if (plan$use) each(has, "n"),
    if (plan$use) {
      each(
        if (w) of("SUM", paste("CASE WHEN NOT (", y, "IS NULL) THEN w END")) else has, "weight"
      )
    },
    if (w) c(weight = "SUM(w)", lightest = "MIN(w)"),
    each(of("MIN", x), "from"), each(of("MAX", x), "to"),
    each(as.character(unlist(Map(dialect$distinct, x, typical))), "distinct"),
    each(of("AVG", near), "near"),
    each(of("COUNT", paste("DISTINCT", d, recycle0 = TRUE)), "dates")
  )
}

check_summary <- function(plan, found, rules) {
  if (nrow(found) == 0) {
    stop_covary("data", "The query has no rows.", fields = list(arg = "query"))
  }
  if (any(found$lightest < 0, na.rm = TRUE)) stop_negative_weights()
  if (any(found$status == 2)) stop_infinite_query(plan, rules)
  if (!any(found$status == 0)) {
    stop_covary("data", "The query has no complete rows.", fields = list(arg = "query"))
  }
}

# Which numbers are infinite, in rows that would count
stop_infinite_query <- function(plan, rules) {
  names <- c(plan$names, if (length(plan$w)) "the weights", names(plan$numbers))
  asks <- paste0(
    "COUNT(CASE WHEN ", rules$infinite, " THEN 1 END) AS c", seq_along(rules$infinite)
  )
  where <- paste(c(rules$complete, rules$weighted), collapse = " AND ")
  sql <- paste("SELECT", sql_list(asks), "FROM", plan$query$source, "WHERE", where)
  count <- vapply(ask_database(plan$query$connection, sql), sent_double, 0)
  bad <- which(count > 0)[1]
  stop_infinite_rows(names[bad], count[[bad]], "the query")
}

# Names of the covariates with more distinct values than are kept exactly. Where the engine counts
# roughly, those with about as many are grouped, and what turns out to be too many then becomes
# continuous.
many_values <- function(plan, used) {
  count <- function(name, n) unlist(used[paste0(name, seq_len(n), recycle0 = TRUE)])
  limit <- exact_limit * plan$query$dialect$distinct_error
  c(
    names(plan$numbers)[count("distinct", length(plan$numbers)) > limit],
    names(plan$dated)[count("dates", length(plan$dated)) > exact_limit]
  )
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

# The rows that are used; `more`: columns beside the groups, weights and scaled responses
scaled_rows <- function(plan, more = NULL) {
  rules <- plan_rules(plan)
  number <- plan$query$dialect$number
  centred <- paste0("(", plan$y, " - (", number(plan$scaling[, 1]), "))")
  divisor <- number(plan$scaling[, 2])
  z <- ifelse(plan$scaling[, 2] == 1, centred, paste0("(", centred, " / ", divisor, ")"))
  if (plan$incomplete) z <- paste("CASE WHEN", rules$finite, "THEN", z, "ELSE 0 END")
  bits <- paste("CASE WHEN", rules$finite, "THEN", 2^(seq_along(z) - 1), "ELSE 0 END")
  values <- sql_list(
    numbered(plan$by[plan$keys], "g"),
    if (plan$incomplete) paste(paste(bits, collapse = " + "), "AS", utils::tail(plan$group, 1)),
    if (length(plan$w)) paste(plan$w, "AS w"), numbered(z, "z"), more
  )
  paste("SELECT", values, "FROM", plan$query$source, "WHERE", rules$used)
}
