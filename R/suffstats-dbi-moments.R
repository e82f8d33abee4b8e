# Moments of a continuous covariate summed by a database.

# The statistics of one continuous covariate: sums of T_d(t) w (1, z_1.., z_1 z_1, ..) by group and
# cell, as in moments.h.
sum_moments <- function(plan, spec, resolution) {
  k <- length(plan$y)
  spread <- spread_sample(plan)
  grid <- widest_axis(
    plan$x_name, choose_step(spread, resolution), plan$range, count_groups(plan), k
  )
  moments <- moments_of_cells(plan, grid)
  groups <- database_groups(moments$out, plan)
  ids <- if (length(plan$group)) {
    tuple_ids(groups$values, nrow(moments$out))
  } else {
    rep(1L, nrow(moments$out))
  }
  first <- !duplicated(ids)
  inside <- moments$cell >= 0 & moments$cell < grid$count
  values <- moments$values
  check_evaluation(
    plan, sum(moments$rows[inside]), sum(values[1, ]),
    rowSums(values[1 + seq_len(k), , drop = FALSE])
  )
  # padded x 4 x (cells x groups)
  table <- array(0, c(moments_padded(k), 4, grid$count * sum(first)))
  sums <- seq_len(nrow(values) / 4)
  table[sums, , moments$cell + 1 + grid$count * (ids - 1)] <- values
  covariates <- groups$covariates
  covariates[[plan$x_name]] <- list(
    kind = "continuous", type = "numeric", levels = NULL, ordered = FALSE
  )
  common <- plan_fields(plan, spec, resolution, covariates[spec$by])
  common$groups <- take_groups(groups$values, first)
  rescale_to_sds(new_suffstats_grid1d(common,
    range = plan$range, step = grid$step, core = core_width(spread), first = grid$first,
    table = array(table, c(dim(table)[1:2], grid$count, sum(first)))
  ))
}

count_groups <- function(plan) {
  sql <- paste0(
    "SELECT COUNT(*) AS n FROM (SELECT DISTINCT ",
    sql_list(if (length(plan$group)) plan$group else "1 AS one"),
    " FROM (", plan$scaled, ") covary_scaled) covary_distinct"
  )
  as.double(ask_database(plan$query$connection, sql)$n)
}

# One statement: list(out: a row a group and cell, as it came; cell: its number from 0; rows;
# values: sums x rows of `out`, the sums of T_0 first, then of T_1 ..). u is the place on the grid,
# t that in the cell, from -1 to 1.
moments_of_cells <- function(plan, grid) {
  z <- paste0("z", seq_along(plan$y))
  keep <- sql_list(plan$group, "w", z)
  cell <- plan$query$dialect$floor("u")
  placed <- paste0(
    "SELECT ", keep, ", x * ", sql_number(2^grid$step), " - (", sql_number(grid$first),
    ") AS u FROM (", plan$scaled, ") covary_scaled"
  )
  celled <- paste0(
    "SELECT ", keep, ", ", cell, " AS cell, 2 * (u - ", cell, ") - 1 AS t FROM (", placed,
    ") covary_placed"
  )
  powers <- paste0(
    "SELECT ", keep, ", cell, ",
    "w * t AS w1, w * (2 * t * t - 1) AS w2, w * t * (4 * t * t - 3) AS w3 ",
    "FROM (", celled, ") covary_celled"
  )
  pair <- lower_pairs(length(plan$y))
  products <- c("", paste0(" * ", z), paste0(" * ", z[pair[, 1]], " * ", z[pair[, 2]]))
  power <- rep(c("w", "w1", "w2", "w3"), each = length(products))
  sums <- c("COUNT(*)", paste0("SUM(", power, products, ")"))
  columns <- sql_list(plan$group, "cell", paste0(sums, " AS s", seq_along(sums)))
  out <- ask_database(plan$query$connection, paste0(
    "SELECT ", columns, " FROM (", powers, ") covary_powers",
    sql_group_by(c(plan$group, "cell"))
  ))
  values <- t(double_columns(out[length(plan$group) + 1 + seq_along(sums)]))
  list(
    out = out, cell = as.double(out$cell), rows = values[1, ], values = values[-1, , drop = FALSE]
  )
}

# About 1e5 values distributed as the continuous covariate, from counts in the bins of a histogram,
# which is narrowed to the bulk of the data until outliers do not blur it.
spread_sample <- function(plan, bins = 4096) {
  ends <- plan$range
  for (i in 1:8) {
    width <- diff(ends) / bins
    if (width == 0 || ends[1] + width == ends[1]) {
      return(ends)
    }
    out <- ask_database(plan$query$connection, paste0(
      "SELECT bin, COUNT(*) AS n FROM (SELECT ",
      plan$query$dialect$floor("u"), " AS bin FROM (SELECT (x - (", sql_number(ends[1]), ")) / ",
      sql_number(width), " AS u FROM (", plan$scaled, ") covary_scaled WHERE x >= ",
      sql_number(ends[1]), " AND x <= ", sql_number(ends[2]),
      ") covary_placed) covary_bins GROUP BY bin"
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
