# Cells from a data base (package DBI). Cells of discrete covariates are computed there by GROUP BY. Moments of
# a continuous covariate are sums of products by cell: they are computed there too (`moments = "database"`), or
# rows are streamed to R.
#
# Sums of squares lose digits when the mean is large, so the data base sums (y - c) / s with c and s
# known before: from its own AVG and range, both rounded to few digits.

compress_database <- function(data, query, spec, resolution, chunk, threads, moments = "auto") {
  need_package("DBI", "data bases")
  if (inherits(data, "tbl_lazy")) {
    need_package("dbplyr", "lazy tables")
    query <- as.character(dbplyr::sql_render(data))
    data <- dbplyr::remote_con(data)
  }
  if (!is.character(query) || length(query) != 1) {
    stop_covary("argument", "`query` must be the name of a table or a SELECT statement, not ", describe(query), ".", fields = list(arg = "query"))
  }
  source <- query_source(data, query)
  plan <- database_plan(data, source, spec, moments)
  if (is.null(plan)) {
    reader <- fetch_source(data, source, spec, chunk)
    on.exit(reader$close())
    return(compress_source(reader, spec, resolution, threads))
  }
  plan <- scale_plan(data, plan, spec)
  if (is.null(plan$x)) sum_groups(data, plan, spec, resolution) else sum_moments(data, plan, spec, resolution)
}

query_source <- function(connection, query) {
  if (grepl("^\\s*(select|with)\\b", query, ignore.case = TRUE)) return(paste0("(", sub(";\\s*$", "", query), ") AS covary_rows"))
  if (!DBI::dbExistsTable(connection, query)) {
    stop_covary("data", "The data base has no table ", dQuote(query, FALSE), ".", fields = list(arg = "query"))
  }
  as.character(DBI::dbQuoteIdentifier(connection, query))
}

# Rows from which the sums of a data base server are asked for by themselves (inst/validation/postgresql.R).
database_from <- 1e6

# list(source, by, y, x, weights: quoted names); NULL where rows must come to R.
database_plan <- function(connection, source, spec, moments) {
  plain <- vapply(c(spec$responses, list(spec$weights)), function(e) is.null(e) || is.symbol(e), TRUE)
  quote <- function(x) as.character(DBI::dbQuoteIdentifier(connection, x))
  columns <- quote(query_columns(spec))
  # Types by a first row; drivers may report integers, doubles or strings.
  types <- DBI::dbGetQuery(connection, paste("SELECT", paste(columns, collapse = ", "), "FROM", source, "LIMIT 1"))
  if (nrow(types) == 0) stop_covary("data", "The query has no rows.", fields = list(arg = "query"))
  if (!all(plain)) {
    if (moments != "database") return(NULL)
    stop_covary("argument", "The data base can sum columns only; compute ", enumerate(names(plain)[!plain]), " in `query`.", fields = list(arg = "responses"))
  }
  by <- stats::setNames(quote(spec$by), spec$by)
  numeric <- vapply(types[seq_along(by)], is.numeric, TRUE)
  many <- vapply(by[numeric], function(name) {
    sql <- paste0("SELECT COUNT(*) AS n FROM (SELECT DISTINCT ", name, " FROM ", source, " LIMIT ", exact_limit + 1, ") AS covary_distinct")
    as.double(DBI::dbGetQuery(connection, sql)$n) > exact_limit
  }, TRUE)
  x <- by[numeric][many]
  if (length(x) && moments == "auto") {
    embedded <- inherits(connection, c("SQLiteConnection", "duckdb_connection"))
    if (embedded || as.double(DBI::dbGetQuery(connection, paste("SELECT COUNT(*) AS n FROM", source))$n) < database_from) moments <- "stream"
  }
  if (length(x) > 1 && moments == "database") {
    stop_covary("too_many_continuous", "The data base sums moments of one continuous covariate; found ", length(x), ": ", enumerate(names(x)),
      ". Use moments = \"stream\".", fields = list(covariates = names(x)))
  }
  if (length(x) > 1 || length(x) && moments == "stream") return(NULL)
  y <- quote(vapply(spec$responses, as.character, ""))
  list(source = source, by = setdiff(by, x), keys = setdiff(spec$by, names(x)), y = unname(y), x = if (length(x)) unname(x), x_name = names(x),
    weights = if (!is.null(spec$weights)) quote(as.character(spec$weights)))
}

number <- function(x) sprintf("%.17e", x)
listed <- function(...) paste(c(...), collapse = ", ")
double <- function(column) paste0("CAST(", column, " AS DOUBLE PRECISION)")

# The plan with the counts of rows, the scaling, the range of the continuous covariate, and the SELECT statement of
# scaled complete rows: columns g1.. (groups), w, z1.. (responses) and x.
scale_plan <- function(connection, plan, spec) {
  k <- length(plan$y)
  y <- double(plan$y)
  x <- if (length(plan$x)) double(plan$x)
  w <- if (length(plan$weights)) double(plan$weights)
  present <- paste(paste(c(plan$by, plan$y, plan$x, plan$weights), "IS NOT NULL"), collapse = " AND ")
  # Infinities are beyond, and so is NaN where data bases put it above all numbers.
  finite <- paste0(present, " AND ", paste0("ABS(", c(y, x, w), ") <= 1e308", collapse = " AND "))
  known <- if (is.null(w)) finite else paste0(finite, " AND ", w, " > 0")
  where <- function(condition, value, by, name) paste0(by, "(CASE WHEN ", condition, " THEN ", value, " END) AS ", name)
  n <- DBI::dbGetQuery(connection, paste("SELECT", listed("COUNT(*) AS n_all", where(present, 1, "COUNT", "n_present"), where(finite, 1, "COUNT", "n_finite"),
    where(known, 1, "COUNT", "n_known"), where(known, y, "AVG", paste0("a", seq_len(k))), if (length(w)) where(finite, w, "MIN", "lightest"),
    if (length(x)) where(known, x, c("MIN", "MAX"), c("low", "high"))), "FROM", plan$source))
  n <- lapply(n, as.double)
  if (isTRUE(n$lightest < 0)) stop_covary("weights", "Weights must not be negative.", fields = list(arg = "weights"))
  if (n$n_known == 0) stop_covary("data", "The query has no complete rows.", fields = list(arg = "query"))
  plan$rows <- n$n_known
  plan$dropped <- c(missing = n$n_all - n$n_present, infinite = n$n_present - n$n_finite)
  plan$range <- c(n$low, n$high)
  mean <- unlist(n[paste0("a", seq_len(k))], use.names = FALSE)
  around <- paste0("(", y, " - (", number(mean), "))")
  variance <- DBI::dbGetQuery(connection, paste0("SELECT ", listed(paste0("AVG(", around, " * ", around, ") AS b", seq_len(k))), " FROM ", plan$source,
    " WHERE ", known))
  sd <- sqrt(as.double(unlist(variance)))
  sd[sd == 0] <- pmax(abs(mean[sd == 0]), 1)
  scale <- 2^round(log2(sd))
  plan$scaling <- cbind(centre = round(mean / scale) * scale, scale = scale)
  z <- paste0("((", y, " - (", number(plan$scaling[, 1]), ")) / ", number(scale), ")")
  plan$group <- paste0("g", seq_along(plan$by), recycle0 = TRUE)
  plan$scaled <- paste0("SELECT ", listed(paste(plan$by, "AS", plan$group, recycle0 = TRUE), paste(if (length(w)) w else double("1"), "AS w"),
    paste(z, "AS", paste0("z", seq_len(k))), if (length(x)) paste(x, "AS x")), " FROM ", plan$source, " WHERE ", known)
  plan
}

group_by <- function(columns) if (length(columns)) paste(" GROUP BY", listed(columns)) else ""

lower_pairs <- function(k) which(lower.tri(diag(k), TRUE), arr.ind = TRUE)

# The tally of exact cells. The mean of every group first: squares around it lose nothing.
sum_groups <- function(connection, plan, spec, resolution) {
  k <- length(plan$y)
  keys <- plan$group
  means <- paste0("SELECT ", listed(keys, "SUM(w) AS n", paste0("SUM(w * z", seq_len(k), ") / SUM(w) AS m", seq_len(k))),
    " FROM (", plan$scaled, ") AS covary_scaled", group_by(keys))
  pair <- lower_pairs(k)
  squares <- paste0("SUM(r.w * (r.z", pair[, 1], " - m.m", pair[, 1], ") * (r.z", pair[, 2], " - m.m", pair[, 2], ")) AS s", seq_len(nrow(pair)))
  join <- if (length(keys)) paste(paste0("r.", keys, " = m.", keys), collapse = " AND ") else "1 = 1"
  columns <- c(paste0("m.", keys, recycle0 = TRUE), "m.n", paste0("m.m", seq_len(k)))
  out <- DBI::dbGetQuery(connection, paste0("SELECT ", listed(columns, squares), " FROM (", plan$scaled, ") AS r JOIN (", means, ") AS m ON ", join,
    group_by(columns)))
  groups <- database_groups(out, plan)
  at <- do.call(order, c(unname(groups), list(seq_len(nrow(out)))))
  sums <- t(double_columns(out[length(keys) + seq_len(1 + k + nrow(pair))]))
  stats <- rbind(sums[seq_len(1 + k), , drop = FALSE], scatter_to_root(sums[-seq_len(1 + k), , drop = FALSE], k))
  c(database_tally(plan, spec, resolution, lapply(groups, describe_covariate)),
    list(groups = groups[at, , drop = FALSE], stats = stats[, at, drop = FALSE]))
}

database_tally <- function(plan, spec, resolution, covariates) {
  list(k = length(plan$y), responses = names(spec$responses), scaling = plan$scaling, covariates = covariates, resolution = resolution,
    rows = plan$rows, dropped = plan$dropped)
}

database_groups <- function(out, plan) {
  structure(lapply(out[seq_along(plan$by)], plain_values), names = plan$keys, row.names = .set_row_names(nrow(out)), class = "data.frame")
}

double_columns <- function(out) matrix(vapply(out, as.double, numeric(nrow(out))), nrow(out))

# The tally of moments: sum of T_d(t) w (1, z_1.., z_1 z_1, ..) by group and cell, as in moments.h.
sum_moments <- function(connection, plan, spec, resolution) {
  k <- length(plan$y)
  groups <- as.double(DBI::dbGetQuery(connection, paste0("SELECT COUNT(*) AS n FROM (SELECT DISTINCT ", listed(if (length(plan$group)) plan$group else "1 AS one"),
    " FROM (", plan$scaled, ") AS covary_scaled) AS covary_distinct"))$n)
  step <- choose_step(spread_sample(connection, plan), resolution)
  repeat {
    ends <- floor(plan$range * 2^step)
    count <- ends[2] - ends[1] + 1
    if (count <= cells_limit && count * groups * 4 * moments_padded(k) <= table_limit) break
    if (count <= 1) stop_too_large(list(), groups)
    step <- step - 1
  }
  z <- paste0("z", seq_len(k))
  keep <- listed(plan$group, "w", z)
  floor_of <- floor_sql(connection, "u")
  placed <- paste0("SELECT ", keep, ", x * ", number(2^step), " - (", number(ends[1]), ") AS u FROM (", plan$scaled, ") AS covary_scaled")
  celled <- paste0("SELECT ", keep, ", ", floor_of, " AS cell, 2 * (u - ", floor_of, ") - 1 AS t FROM (", placed, ") AS covary_placed")
  powers <- paste0("SELECT ", keep, ", cell, w * t AS w1, w * (2 * t * t - 1) AS w2, w * t * (4 * t * t - 3) AS w3 FROM (", celled, ") AS covary_celled")
  pair <- lower_pairs(k)
  products <- c("", paste0(" * ", z), paste0(" * ", z[pair[, 1]], " * ", z[pair[, 2]]))
  sums <- paste0("SUM(", rep(c("w", "w1", "w2", "w3"), each = length(products)), products, ") AS s", seq_len(4 * length(products)))
  out <- DBI::dbGetQuery(connection, paste0("SELECT ", listed(plan$group, "cell", sums), " FROM (", powers, ") AS covary_powers", group_by(c(plan$group, "cell"))))
  all_groups <- database_groups(out, plan)
  ids <- if (length(plan$group)) tuple_ids(all_groups, nrow(out)) else rep(1L, nrow(out))
  first <- !duplicated(ids)
  table <- array(0, c(moments_padded(k), 4, count * sum(first)))
  values <- t(double_columns(out[length(plan$group) + 1 + seq_along(sums)]))
  table[seq_along(products), , as.double(out$cell) + 1 + count * (ids - 1)] <- values
  groups <- structure(lapply(all_groups, `[`, first), names = plan$keys, row.names = .set_row_names(sum(first)), class = "data.frame")
  covariates <- lapply(groups, describe_covariate)
  covariates[[plan$x_name]] <- list(kind = "continuous", type = "numeric", levels = NULL, ordered = FALSE)
  c(database_tally(plan, spec, resolution, covariates[spec$by]),
    list(groups = groups, range = plan$range, step = step, first = ends[1], table = array(table, c(dim(table)[1:2], count, sum(first)))))
}

# Of what is not negative: SQLite need not have FLOOR, and its casts cut the fraction off.
floor_sql <- function(connection, u) if (inherits(connection, "SQLiteConnection")) paste0("CAST(", u, " AS INTEGER)") else paste0("FLOOR(", u, ")")

# About 1e5 values distributed as the continuous covariate, from counts in the bins of a histogram, which is
# narrowed to the bulk of the data until outliers do not blur it.
spread_sample <- function(connection, plan, bins = 4096) {
  ends <- plan$range
  for (i in 1:8) {
    width <- diff(ends) / bins
    if (width == 0 || ends[1] + width == ends[1]) return(ends)
    out <- DBI::dbGetQuery(connection, paste0("SELECT bin, COUNT(*) AS n FROM (SELECT ", floor_sql(connection, "u"), " AS bin FROM (SELECT (x - (", number(ends[1]), ")) / ",
      number(width), " AS u FROM (", plan$scaled, ") AS covary_scaled WHERE x >= ", number(ends[1]), " AND x <= ", number(ends[2]),
      ") AS covary_placed) AS covary_bins GROUP BY bin"))
    out <- data.frame(bin = pmin(as.double(out$bin), bins - 1), n = as.double(out$n))
    out <- out[order(out$bin), ]
    share <- (cumsum(out$n) - out$n / 2) / sum(out$n)
    bulk <- range(out$bin[share > 0.01 & share < 0.99], out$bin[which.max(out$n)])
    if (diff(bulk) >= bins / 64) break
    ends <- ends[1] + (bulk + c(0, 1)) * width
  }
  shown <- ceiling(1e5 * out$n / sum(out$n))
  ends[1] + width * (rep(out$bin, shown) + (sequence(shown) - 0.5) / rep(shown, shown))
}

query_columns <- function(spec) unique(c(spec$by, unlist(lapply(spec$responses, all.vars)), all.vars(spec$weights)))

fetch_source <- function(connection, source, spec, chunk) {
  names <- query_columns(spec)
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
