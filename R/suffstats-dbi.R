# Cells from a data base (package DBI). Cells of discrete covariates are computed there by GROUP BY.
# Moments of a continuous covariate are sums of products by cell: they are computed there too
# (`moments = "database"`), or rows are streamed to R.
#
# Sums of squares lose digits when the mean is large, so the data base sums (y - c) / s with c and
# s known before: from its own AVG and range, both rounded to few digits. Every statement evaluates
# the query anew; the last one holds all sums, whose counts and totals must be those of the first.

compress_database <- function(data, query, spec, resolution, chunk, threads, moments = "auto",
                              materialise = FALSE) {
  need_package("DBI", "data bases")
  if (inherits(data, "tbl_lazy")) {
    need_package("dbplyr", "lazy tables")
    query <- retype(
      as.character(dbplyr::sql_render(data)), "database",
      "The lazy table cannot be read: "
    )
    data <- dbplyr::remote_con(data)
  }
  check_connection(data)
  source <- query_source(data, query)
  if (materialise) {
    source <- materialise_query(data, source, spec)
    on.exit(attempt(DBI::dbExecute(data, paste("DROP TABLE", source))))
  }
  types <- query_types(data, source, spec)
  plan <- database_plan(data, source, spec, moments, types)
  if (is.null(plan)) {
    return(compress_source(fetch_source(data, source, chunk, types), spec, resolution, threads))
  }
  plan <- scale_plan(data, plan, spec)
  if (is.null(plan$x)) {
    sum_groups(data, plan, spec, resolution)
  } else {
    sum_moments(data, plan, spec, resolution)
  }
}

# The name of a temporary table with the columns of the query that are needed
materialise_query <- function(connection, source, spec) {
  moment <- sub(".*[.]", "", format(as.double(Sys.time()), digits = 17))
  name <- quote_names(connection, paste("covary_rows", Sys.getpid(), moment, sep = "_"))
  columns <- sql_list(quote_names(connection, used_columns(connection, source, spec)))
  sql <- paste("CREATE TEMPORARY TABLE", name, "AS SELECT", columns, "FROM", source)
  retype(
    DBI::dbExecute(connection, sql), "database",
    "The data base cannot write a temporary table: "
  )
  name
}

# Rows from which the sums of a data base server are asked for by themselves
# (validation/postgresql.R).
database_from <- 1e6

# list(source, by (not continuous), y, x, weights: SQL of columns, types, ...); NULL where rows
# must come to R.
database_plan <- function(connection, source, spec, moments,
                          types = query_types(connection, source, spec)) {
  check_query_types(types, spec)
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
  by <- stats::setNames(typed_sql(connection, spec$by, types), spec$by)
  numbers <- by[types[names(by)] %in% number_types]
  x <- numbers[vapply(numbers, many_values, TRUE, connection, source)]
  if (length(x) && moments == "auto") {
    embedded <- inherits(connection, c("SQLiteConnection", "duckdb_connection"))
    if (embedded || count_rows_of(connection, source) < database_from) {
      return(NULL)
    }
  }
  if (length(x) > 1 && moments == "database") {
    stop_covary("too_many_continuous",
      "The data base sums moments of one continuous covariate; found ", length(x), ": ",
      enumerate(names(x)),
      ". Use moments = \"stream\".",
      fields = list(covariates = names(x))
    )
  }
  dated <- names(x)[types[names(x)] != "numeric"]
  if (length(dated) && moments == "database") {
    stop_covary("argument", "The data base sums moments of numbers; ", enumerate(dated),
      " has the type ", types[[dated[1]]], ". Use moments = \"stream\".",
      fields = list(arg = "moments")
    )
  }
  if (length(x) > 1 || length(dated)) {
    return(NULL)
  }
  keys <- setdiff(spec$by, names(x))
  y <- vapply(spec$responses, as.character, "")
  w <- if (!is.null(spec$weights)) as.character(spec$weights)
  list(
    source = source, by = unname(by[keys]), keys = keys, types = types[keys],
    y = unname(quote_names(connection, y)), x = if (length(x)) unname(x), x_name = names(x),
    weights = if (length(w)) quote_names(connection, w),
    names = c(unname(y), names(x), w, keys[types[keys] %in% "numeric"])
  )
}

# Text is no response and no weight, whatever class the driver sends.
check_query_types <- function(types, spec) {
  large <- intersect(spec$by, attr(types, "large"))
  if (length(large)) {
    stop_covary("covariate", "Column ", enumerate(large),
      " has whole numbers beyond 2^53, of which doubles cannot tell neighbours apart. ",
      "Make it text in `query`, or subtract a constant.",
      fields = list(covariate = large)
    )
  }
  for (label in names(spec$responses)) {
    name <- spec$responses[[label]]
    if (is.symbol(name) && !types[[as.character(name)]] %in% c("numeric", NA)) {
      stop_covary("response", "Response '", label, "' is of type ", types[[as.character(name)]],
        " in the data base; it must be a number: CAST it in `query`.",
        fields = list(response = label)
      )
    }
  }
  if (is.symbol(spec$weights) && !types[[as.character(spec$weights)]] %in% c("numeric", NA)) {
    stop_covary("weights", "`weights` are of type ", types[[as.character(spec$weights)]],
      " in the data base; they must be numbers.",
      fields = list(arg = "weights")
    )
  }
}

count_rows_of <- function(connection, source) {
  as.double(ask_database(connection, paste("SELECT COUNT(*) AS n FROM", source))$n)
}

many_values <- function(column, connection, source) {
  sql <- paste0(
    "SELECT COUNT(*) AS n FROM (SELECT DISTINCT ", column, " AS v FROM ", source,
    " LIMIT ", exact_limit + 1, ") AS covary_distinct"
  )
  as.double(ask_database(connection, sql)$n) > exact_limit
}

sql_number <- function(x) sprintf("%.17e", x)
sql_list <- function(...) paste(c(...), collapse = ", ")
sql_double <- function(column) paste0("CAST(", column, " AS DOUBLE PRECISION)")

# Columns, of which RSQLite must see numbers as doubles: it takes the class from the first value.
typed_sql <- function(connection, names, types) {
  columns <- quote_names(connection, names)
  numbers <- inherits(connection, "SQLiteConnection") & types[names] %in% "numeric"
  columns[numbers] <- sql_double(columns[numbers])
  columns
}

# The plan with the counts of rows, the scaling, the range of the continuous covariate, totals to
# check later ones by, and the SELECT statement of scaled complete rows: columns g1.. (groups), w,
# z1.. (responses) and x.
scale_plan <- function(connection, plan, spec) {
  k <- length(plan$y)
  y <- sql_double(plan$y)
  x <- if (length(plan$x)) sql_double(plan$x)
  w <- if (length(plan$weights)) sql_double(plan$weights)
  numbers <- c(y, x, w, plan$by[plan$types %in% "numeric"])
  present <- paste(paste(c(plan$by, plan$y, plan$x, plan$weights), "IS NOT NULL"),
    collapse = " AND "
  )
  # Infinities are beyond, and so is NaN where data bases put it above all numbers.
  finite <- paste0(present, " AND ", paste0("ABS(", numbers, ") <= 1e308", collapse = " AND "))
  known <- if (is.null(w)) finite else paste0(finite, " AND ", w, " > 0")
  where <- function(condition, value, by, name) {
    paste0(
      by, "(CASE WHEN ", condition, " THEN ",
      value, " END) AS ", name
    )
  }
  each <- function(letter) paste0(letter, seq_len(k))
  first <- sql_list(
    "COUNT(*) AS n_all", where(present, 1, "COUNT", "n_present"),
    where(finite, 1, "COUNT", "n_finite"), where(known, 1, "COUNT", "n_known"),
    where(known, y, "AVG", each("a")), where(known, y, "MIN", each("l")),
    where(known, y, "MAX", each("h")), where(known, if (length(w)) w else "1.0", "SUM", "weight"),
    where(known, if (length(w)) paste(w, "*", y) else y, "SUM", each("t")),
    if (length(w)) where(finite, w, "MIN", "lightest"),
    if (length(x)) where(known, x, c("MIN", "MAX"), c("low", "high"))
  )
  n <- lapply(ask_database(connection, paste("SELECT", first, "FROM", plan$source)), as.double)
  if (n$n_all == 0) stop_covary("data", "The query has no rows.", fields = list(arg = "query"))
  if (n$n_present > n$n_finite) check_query_finite(connection, plan, numbers, present)
  if (isTRUE(n$lightest < 0)) {
    stop_covary("weights", "Weights must not be negative.",
      fields = list(arg = "weights")
    )
  }
  if (n$n_known == 0) {
    stop_covary("data", "The query has no complete rows.",
      fields = list(arg = "query")
    )
  }
  one <- function(letter) unlist(n[each(letter)], use.names = FALSE)
  largest <- pmax(abs(one("l")), abs(one("h")))
  huge <- largest > 1e150 | !is.finite(one("a")) | !is.finite(one("t"))
  if (any(huge)) {
    stop_covary("response", "Response ", enumerate(names(spec$responses)[huge]),
      " has values up to ",
      format(max(largest), digits = 3), ", whose squares the data base cannot sum. Divide it in ",
      "`query`, or use moments = \"stream\".",
      fields = list(arg = "responses")
    )
  }
  plan$rows <- n$n_known
  plan$dropped <- c(missing = n$n_all - n$n_finite)
  plan$range <- c(n$low, n$high)
  plan$totals <- list(weight = n$weight, sums = one("t"), largest = largest)
  spread <- one("h") - one("l")
  scale <- 2^round(log2(ifelse(spread > 0, spread / 4, pmax(largest, 1))))
  plan$scaling <- cbind(centre = round(one("a") / scale) * scale, scale = scale)
  z <- paste0("((", y, " - (", sql_number(plan$scaling[, 1]), ")) / ", sql_number(scale), ")")
  plan$group <- paste0("g", seq_along(plan$by), recycle0 = TRUE)
  columns <- sql_list(
    paste(plan$by, "AS", plan$group, recycle0 = TRUE),
    paste(if (length(w)) w else sql_double("1"), "AS w"), paste(z, "AS", each("z")),
    if (length(x)) paste(x, "AS x")
  )
  plan$scaled <- paste("SELECT", columns, "FROM", plan$source, "WHERE", known)
  plan
}

# Which numbers beyond all others are infinite; the rest are NaN, which is missing. One over
# infinity is zero, of NaN it is none.
check_query_finite <- function(connection, plan, numbers, present) {
  nan <- paste0(
    "(CASE WHEN ABS(", numbers, ") <= 1e308 THEN 0 WHEN ABS(1.0 / ", numbers,
    ") <= 1e-307 THEN 0 ELSE 1 END)"
  )
  count <- paste0(
    "COUNT(CASE WHEN ", present, " AND ", paste(nan, collapse = " + "),
    " = 0 AND ABS(", numbers, ") > 1e308 THEN 1 END) AS c", seq_along(numbers)
  )
  sql <- paste("SELECT", sql_list(count), "FROM", plan$source)
  count <- as.double(unlist(ask_database(connection, sql)))
  if (any(count > 0)) stop_infinite_rows(plan$names[count > 0][1], count[count > 0][1], "the query")
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
    ". Use materialise = TRUE, which writes them to a temporary table ",
    "first, or moments = \"stream\".",
    fields = list(arg = "query")
  )
}

group_by <- function(columns) if (length(columns)) paste(" GROUP BY", sql_list(columns)) else ""

# Digits that a group may lose where its squares are summed around the centre of all rows: squares
# / scatter.
squares_limit <- 100

# The tally of exact cells: by one sum over the rows or, where that would lose digits, with the
# squares around the mean of each group. Both cost the rows, and at most their sorting.
sum_groups <- function(connection, plan, spec, resolution) {
  k <- length(plan$y)
  pair <- lower_pairs(k)
  diagonal <- which(pair[, 1] == pair[, 2])
  groups <- group_sums(connection, plan, around_means = FALSE)
  means <- group_means(groups)
  scatter <- groups$products -
    means[pair[, 1], , drop = FALSE] * means[pair[, 2], , drop = FALSE] *
      rep(groups$n, each = nrow(pair))
  scatter[, groups$rows == 1] <- 0
  lost <- groups$products[diagonal, ] > squares_limit * scatter[diagonal, ]
  if (any(lost[rep(groups$rows > 1, each = k)])) {
    groups <- group_sums(connection, plan, around_means = TRUE)
    means <- group_means(groups)
    scatter <- groups$products
  }
  check_evaluation(plan, sum(groups$rows), sum(groups$n), rowSums(groups$sums))
  keys <- database_groups(groups$out, plan)
  at <- do.call(order, c(unname(keys$values), list(seq_along(groups$n))))
  stats <- rbind(groups$n, means, scatter_to_root(scatter, k))
  tally <- c(
    database_tally(plan, spec, resolution, keys$covariates),
    list(groups = keys$values[at, , drop = FALSE], stats = stats[, at, drop = FALSE])
  )
  settle_scaling(promote_tally(tally))
}

group_means <- function(groups) sweep(groups$sums, 2, groups$n, "/")

# By group, one statement: list(out: what came, groups in front, rows, n: weights, sums and
# products: weighted)
group_sums <- function(connection, plan, around_means) {
  k <- length(plan$y)
  pair <- lower_pairs(k)
  rows <- plan$scaled
  z <- paste0("z", seq_len(k))
  centred <- z
  if (around_means) {
    over <- if (length(plan$group)) paste("PARTITION BY", sql_list(plan$group))
    over <- paste0(" OVER (", over, ")")
    means <- paste0("SUM(w * ", z, ")", over, " / SUM(w)", over, " AS m", seq_len(k))
    rows <- paste0(
      "SELECT ", sql_list(plan$group, "w", z, means), " FROM (", rows,
      ") AS covary_scaled"
    )
    centred <- paste0("(", z, " - m", seq_len(k), ")")
  }
  sums <- c(
    "COUNT(*)", "SUM(w)", paste0("SUM(w * ", z, ")"),
    paste0("SUM(w * ", centred[pair[, 1]], " * ", centred[pair[, 2]], ")")
  )
  columns <- sql_list(plan$group, paste0(sums, " AS s", seq_along(sums)))
  out <- ask_database(connection, paste0(
    "SELECT ", columns, " FROM (", rows,
    ") AS covary_rows_of_groups", group_by(plan$group)
  ))
  values <- t(double_columns(out[length(plan$group) + seq_along(sums)]))
  list(
    out = out, rows = values[1, ], n = values[2, ], sums = values[2 + seq_len(k), ,
      drop = FALSE
    ],
    products = values[-seq_len(2 + k), , drop = FALSE]
  )
}

# Scaled as rows would be: by the sds, not the ranges.
settle_scaling <- function(tally) {
  moments <- tally_moments(tally)
  sd <- ifelse(moments$sd > 0, moments$sd, pmax(abs(moments$mean), 1))
  scale <- 2^round(log2(sd))
  rescale_tally(tally, unname(cbind(round(moments$mean / scale) * scale, scale)))
}

database_tally <- function(plan, spec, resolution, covariates) {
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
  values <- structure(values,
    names = plan$keys, row.names = .set_row_names(nrow(out)),
    class = "data.frame"
  )
  list(values = values, covariates = read$known)
}

double_columns <- function(out) matrix(vapply(out, as.double, numeric(nrow(out))), nrow(out))

# The tally of moments: sum of T_d(t) w (1, z_1.., z_1 z_1, ..) by group and cell, as in moments.h.
sum_moments <- function(connection, plan, spec, resolution) {
  k <- length(plan$y)
  groups <- as.double(ask_database(connection, paste0(
    "SELECT COUNT(*) AS n FROM (SELECT DISTINCT ",
    sql_list(if (length(plan$group)) plan$group else "1 AS one"),
    " FROM (", plan$scaled, ") AS covary_scaled) AS covary_distinct"
  ))$n)
  spread <- spread_sample(connection, plan)
  step <- choose_step(spread, resolution)
  repeat {
    ends <- floor(plan$range * 2^step)
    count <- ends[2] - ends[1] + 1
    if (count <= cells_limit && count * groups * 4 * moments_padded(k) <= table_limit) break
    if (count <= 1) stop_too_large(list(), groups)
    step <- step - 1
  }
  z <- paste0("z", seq_len(k))
  keep <- sql_list(plan$group, "w", z)
  floor_of <- floor_sql(connection, "u")
  placed <- paste0(
    "SELECT ", keep, ", x * ", sql_number(2^step), " - (", sql_number(ends[1]),
    ") AS u FROM (", plan$scaled, ") AS covary_scaled"
  )
  celled <- paste0(
    "SELECT ", keep, ", ", floor_of, " AS cell, 2 * (u - ", floor_of,
    ") - 1 AS t FROM (", placed, ") AS covary_placed"
  )
  powers <- paste0(
    "SELECT ", keep,
    ", cell, w * t AS w1, w * (2 * t * t - 1) AS w2, w * t * (4 * t * t - 3) AS w3 FROM (", celled,
    ") AS covary_celled"
  )
  pair <- lower_pairs(k)
  products <- c("", paste0(" * ", z), paste0(" * ", z[pair[, 1]], " * ", z[pair[, 2]]))
  power <- rep(c("w", "w1", "w2", "w3"), each = length(products))
  sums <- c("COUNT(*)", paste0("SUM(", power, products, ")"))
  columns <- sql_list(plan$group, "cell", paste0(sums, " AS s", seq_along(sums)))
  out <- ask_database(connection, paste0(
    "SELECT ", columns, " FROM (", powers,
    ") AS covary_powers",
    group_by(c(plan$group, "cell"))
  ))
  all_groups <- database_groups(out, plan)
  ids <- if (length(plan$group)) tuple_ids(all_groups$values, nrow(out)) else rep(1L, nrow(out))
  first <- !duplicated(ids)
  values <- t(double_columns(out[length(plan$group) + 1 + seq_along(sums)]))
  rows <- values[1, ]
  values <- values[-1, , drop = FALSE]
  cell <- as.double(out$cell)
  inside <- cell >= 0 & cell < count
  check_evaluation(
    plan, sum(rows[inside]), sum(values[1, ]),
    rowSums(values[1 + seq_len(k), , drop = FALSE])
  )
  table <- array(0, c(moments_padded(k), 4, count * sum(first)))
  table[seq_along(products), , cell + 1 + count * (ids - 1)] <- values
  covariates <- all_groups$covariates
  covariates[[plan$x_name]] <- list(
    kind = "continuous", type = "numeric", levels = NULL,
    ordered = FALSE
  )
  tally <- c(
    database_tally(plan, spec, resolution, covariates[spec$by]),
    list(
      groups = take_groups(all_groups$values, first), range = plan$range, step = step,
      core = core_width(spread), first = ends[1], table = array(
        table,
        c(dim(table)[1:2], count, sum(first))
      )
    )
  )
  settle_scaling(tally)
}

# Of what is not negative: SQLite need not have FLOOR, and its casts cut the fraction off.
floor_sql <- function(connection, u) {
  if (inherits(connection, "SQLiteConnection")) {
    paste0("CAST(", u, " AS INTEGER)")
  } else {
    paste0("FLOOR(", u, ")")
  }
}

# About 1e5 values distributed as the continuous covariate, from counts in the bins of a histogram,
# which is narrowed to the bulk of the data until outliers do not blur it.
spread_sample <- function(connection, plan, bins = 4096) {
  ends <- plan$range
  for (i in 1:8) {
    width <- diff(ends) / bins
    if (width == 0 || ends[1] + width == ends[1]) {
      return(ends)
    }
    out <- ask_database(connection, paste0(
      "SELECT bin, COUNT(*) AS n FROM (SELECT ",
      floor_sql(connection, "u"), " AS bin FROM (SELECT (x - (", sql_number(ends[1]), ")) / ",
      sql_number(width), " AS u FROM (", plan$scaled, ") AS covary_scaled WHERE x >= ",
      sql_number(ends[1]), " AND x <= ", sql_number(ends[2]),
      ") AS covary_placed) AS covary_bins GROUP BY bin"
    ))
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
