# Cells from a data base (package DBI): exact cells are computed there by GROUP BY; rows with a continuous
# covariate are streamed.
#
# Sums of squares lose digits when the mean is large, so the data base sums (y - c) / s with c and s
# known before: from its own AVG and range, both rounded to few digits.

compress_query <- function(connection, query, spec, resolution, chunk, threads) {
  if (!requireNamespace("DBI", quietly = TRUE)) stop_covary("package", "Data bases need package DBI.", fields = list(package = "DBI"))
  if (!is.character(query) || length(query) != 1) {
    stop_covary("argument", "`query` must be the name of a table or a SELECT statement, not ", describe(query), ".", fields = list(arg = "query"))
  }
  source <- query_source(connection, query)
  plan <- database_plan(connection, source, spec)
  if (!is.null(plan)) return(compress_groups(connection, plan, spec, resolution))
  reader <- fetch_source(connection, source, spec, chunk)
  on.exit(reader$close())
  compress_source(reader, spec, resolution, threads)
}

query_source <- function(connection, query) {
  if (grepl("^\\s*(select|with)\\b", query, ignore.case = TRUE)) return(paste0("(", sub(";\\s*$", "", query), ") AS covary_rows"))
  if (!DBI::dbExistsTable(connection, query)) {
    stop_covary("data", "The data base has no table ", dQuote(query, FALSE), ".", fields = list(arg = "query"))
  }
  as.character(DBI::dbQuoteIdentifier(connection, query))
}

# NULL where rows must come to R: a continuous covariate, or responses and weights that are no columns.
database_plan <- function(connection, source, spec) {
  plain <- vapply(c(spec$responses, list(spec$weights)), function(e) is.null(e) || is.symbol(e), TRUE)
  quote <- function(x) as.character(DBI::dbQuoteIdentifier(connection, x))
  columns <- quote(c(spec$by, vapply(spec$responses, as.character, "")))
  # Types by a first row; drivers may report integers, doubles or strings.
  types <- DBI::dbGetQuery(connection, paste("SELECT", paste(columns, collapse = ", "), "FROM", source, "LIMIT 1"))
  if (nrow(types) == 0) stop_covary("data", "The query has no rows.", fields = list(arg = "query"))
  if (!all(plain)) return(NULL)
  by <- quote(spec$by)
  numeric <- vapply(types[seq_along(by)], is.numeric, TRUE)
  for (name in by[numeric]) {
    sql <- paste0("SELECT COUNT(*) AS n FROM (SELECT DISTINCT ", name, " FROM ", source, " LIMIT ", exact_limit + 1, ") AS covary_distinct")
    if (as.double(DBI::dbGetQuery(connection, sql)$n) > exact_limit) return(NULL)
  }
  y <- quote(vapply(spec$responses, as.character, ""))
  list(source = source, by = by, y = unname(y), weights = if (!is.null(spec$weights)) quote(as.character(spec$weights)))
}

compress_groups <- function(connection, plan, spec, resolution) {
  k <- length(plan$y)
  known <- paste(paste(c(plan$by, plan$y, plan$weights), "IS NOT NULL"), collapse = " AND ")
  if (!is.null(plan$weights)) known <- paste0(known, " AND ", plan$weights, " > 0")
  first <- paste0("SELECT COUNT(*) AS n", paste0(", AVG(1.0 * ", plan$y, ") AS a", seq_len(k), ", AVG(1.0 * ", plan$y, " * ", plan$y, ") AS b",
    seq_len(k), collapse = ""), " FROM ", plan$source, " WHERE ", known)
  totals <- DBI::dbGetQuery(connection, first)
  rows <- as.double(totals$n)
  if (rows == 0) stop_covary("data", "The query has no complete rows.", fields = list(arg = "query"))
  all_rows <- as.double(DBI::dbGetQuery(connection, paste("SELECT COUNT(*) AS n FROM", plan$source))$n)
  mean <- as.double(unlist(totals[paste0("a", seq_len(k))]))
  sd <- sqrt(pmax(as.double(unlist(totals[paste0("b", seq_len(k))])) - mean^2, 0))
  sd[sd == 0] <- pmax(abs(mean[sd == 0]), 1)
  scale <- 2^round(log2(sd))
  centre <- round(mean / scale) * scale
  number <- function(x) sprintf("%.17e", x)
  # The mean of every group first: squares around it lose nothing.
  z <- paste0("((", plan$y, " - (", number(centre), ")) / ", number(scale), ")")
  w <- if (is.null(plan$weights)) "1.0" else plan$weights
  keys <- paste0("g", seq_along(plan$by), recycle0 = TRUE)
  inner <- paste0("SELECT ", paste(c(paste(plan$by, "AS", keys, recycle0 = TRUE), paste(w, "AS w"), paste(z, "AS", paste0("z", seq_len(k)))), collapse = ", "),
    " FROM ", plan$source, " WHERE ", known)
  by <- if (length(keys)) paste(" GROUP BY", paste(keys, collapse = ", ")) else ""
  means <- paste0("SELECT ", paste(c(keys, "SUM(w) AS n", paste0("SUM(w * z", seq_len(k), ") / SUM(w) AS m", seq_len(k))), collapse = ", "),
    " FROM (", inner, ") AS covary_scaled", by)
  pair <- which(lower.tri(diag(k), TRUE), arr.ind = TRUE)
  squares <- paste0("SUM(r.w * (r.z", pair[, 1], " - m.m", pair[, 1], ") * (r.z", pair[, 2], " - m.m", pair[, 2], ")) AS s", seq_len(nrow(pair)))
  join <- if (length(keys)) paste(paste0("r.", keys, " = m.", keys), collapse = " AND ") else "1 = 1"
  columns <- c(paste0("m.", keys, recycle0 = TRUE), "m.n", paste0("m.m", seq_len(k)))
  sql <- paste0("SELECT ", paste(c(columns, squares), collapse = ", "), " FROM (", inner, ") AS r JOIN (", means, ") AS m ON ", join,
    " GROUP BY ", paste(columns, collapse = ", "))
  out <- DBI::dbGetQuery(connection, sql)
  groups <- structure(lapply(out[seq_along(keys)], plain_values), names = spec$by, row.names = .set_row_names(nrow(out)), class = "data.frame")
  rest <- vapply(out[length(keys) + seq_len(1 + k + nrow(pair))], as.double, numeric(nrow(out)))
  rest <- t(matrix(rest, nrow(out)))
  covariates <- lapply(groups, describe_covariate)
  at <- do.call(order, c(unname(groups), list(seq_len(nrow(out)))))
  stats <- rbind(rest[seq_len(1 + k), , drop = FALSE], scatter_to_root(rest[-seq_len(1 + k), , drop = FALSE], k))
  list(k = k, responses = names(spec$responses), scaling = cbind(centre = centre, scale = scale), covariates = covariates,
    resolution = resolution, rows = rows, dropped = c(missing = all_rows - rows, infinite = 0), groups = groups[at, , drop = FALSE],
    stats = stats[, at, drop = FALSE])
}

fetch_source <- function(connection, source, spec, chunk) {
  names <- unique(c(spec$by, unlist(lapply(spec$responses, all.vars)), all.vars(spec$weights)))
  columns <- as.character(DBI::dbQuoteIdentifier(connection, names))
  result <- DBI::dbSendQuery(connection, paste("SELECT", paste(columns, collapse = ", "), "FROM", source))
  list(
    read = function() {
      out <- DBI::dbFetch(result, n = chunk)
      if (nrow(out) == 0) return(NULL)
      out[] <- lapply(out, function(v) if (inherits(v, "integer64")) as.double(v) else v)
      names(out) <- names
      out
    },
    close = function() DBI::dbClearResult(result)
  )
}
