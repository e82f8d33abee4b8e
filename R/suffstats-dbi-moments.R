# Moments of a continuous covariate summed by a database.

# The statistics of one continuous covariate: sums of T_d(t) w (1, z_1.., z_1 z_1, ..) by group and
# cell, as in moments.h.
sum_moments <- function(plan, spec, settings) {
  k <- length(plan$y)
  spread <- spread_sample(plan)
  grid <- widest_axis(
    plan$x_name, choose_step(spread, settings$resolution), plan$range, count_groups(plan), k
  )
  moments <- moments_of_cells(plan, grid)
  groups <- database_groups(moments$out, plan)
  ids <- if (length(plan$group)) {
    tuple_ids(c(groups$values, list(groups$observed)), nrow(moments$out))
  } else {
    rep(1L, nrow(moments$out))
  }
  first <- !duplicated(ids)
  inside <- moments$cell >= 0 & moments$cell < grid$count
  values <- moments$values
  check_evaluation(
    plan, sum(moments$rows[inside]), values[seq_len(1 + k), , drop = FALSE], groups$observed
  )
  # padded x 4 x (cells x groups)
  table <- array(0, c(moments_padded(k), 4, grid$count * sum(first)))
  sums <- seq_len(nrow(values) / 4)
  table[sums, , moments$cell + 1 + grid$count * (ids - 1)] <- values
  covariates <- groups$covariates
  covariates[[plan$x_name]] <- list(
    kind = "continuous", type = "numeric", levels = NULL, ordered = FALSE
  )
  common <- plan_fields(
    plan, spec, settings$resolution, covariates[spec$by], moments$rows, groups$observed
  )
  common$groups <- take_groups(groups$values, first)
  common$observed <- groups$observed[first]
  rescale_to_sds(new_suffstats_grid1d(common,
    range = plan$range, step = grid$step, core = core_width(spread), first = grid$first,
    table = array(table, c(dim(table)[1:2], grid$count, sum(first)))
  ))
}

count_groups <- function(plan) {
  if (length(plan$group) == 0) {
    return(1)
  }
  sql <- paste0(
    "SELECT ", plan$query$dialect$count, " AS n FROM (SELECT DISTINCT ", sql_list(plan$group),
    " FROM (", plan$scaled, ") covary_scaled) covary_distinct"
  )
  sent_double(read_pass(plan, "number of groups", sql)[[1]])
}

# One statement: list(out: a row a group and cell, as it came; cell: its number from 0; rows;
# values: sums x rows of `out`, the sums of T_0 first, then of T_1 ..). u is the place on the grid,
# or, where all are positive, that from zero; t is the place in the cell, from -1/2 to 1/2, whose
# powers the database sums.
moments_of_cells <- function(plan, grid) {
  dialect <- plan$query$dialect
  k <- length(plan$y)
  z <- paste0("z", seq_len(k))
  from <- min(grid$first, 0)
  u <- paste(plan$x, "*", dialect$number(2^grid$step))
  if (from < 0) u <- paste0(u, " - (", dialect$number(from), ")")
  cell <- dialect$floor(u)
  celled <- scaled_rows(plan, c(
    paste(cell, "AS cell"), paste(u, "-", cell, "-", dialect$number(0.5), "AS t")
  ))
  pair <- lower_pairs(k)
  products <- c(list(NULL), as.list(z), Map(c, z[pair[, 1]], z[pair[, 2]], USE.NAMES = FALSE))
  w <- if (length(plan$w)) "w"
  sums <- unlist(lapply(0:3, function(power) {
    vapply(products, function(z) {
      paste(c(w, if (power > 0) dialect$power("t", power), z), collapse = " * ")
    }, "")
  }))
  # without weights the first is the number of rows
  sums <- paste0("SUM(", sums[nzchar(sums)], ")")
  sums <- c(dialect$count, sums)
  columns <- sql_list(plan$group, "cell", paste0(sums, " AS s", seq_along(sums)))
  sql <- paste0(
    "SELECT ", columns, " FROM (", dialect$kept(celled, uses = 6 * length(products)),
    ") covary_celled", sql_group_by(c(plan$group, "cell"))
  )
  groups <- length(plan$group)
  out <- read_pass(plan, say_moments(grid, k), sql)
  values <- answer_matrix(out, groups + 1 + seq_along(sums))
  powers <- if (length(w)) values[-1, , drop = FALSE] else values
  list(
    out = out, cell = sent_double(out[[groups + 1]]) - (grid$first - from), rows = values[1, ],
    values = chebyshev_sums(powers)
  )
}

say_moments <- function(grid, k) {
  bytes <- 8 * grid$count * 4 * moments_padded(k)
  paste0(
    "moments, at most ", format(structure(bytes, class = "object_size"), units = "auto"),
    " a group"
  )
}

# Sums by the Chebyshev polynomials T_0 to T_3 of 2 t, from those by powers of t: a quarter of the
# rows each.
chebyshev_sums <- function(powers) {
  n <- nrow(powers) / 4
  p <- lapply(0:3, function(power) 2^power * powers[power * n + seq_len(n), , drop = FALSE])
  rbind(p[[1]], p[[2]], 2 * p[[3]] - p[[1]], 4 * p[[4]] - 3 * p[[2]])
}

# About 1e5 values distributed as the continuous covariate, from counts in bins which are narrow
# around a typical value and wide far from it, where outliers are: with the distance d in units of a
# typical distance, bins are of equal width on d / (1 + |d|). They are made once more around the
# bulk of the rows where that lies in few of them.
spread_sample <- function(plan, half = 4096) {
  if (diff(plan$range) == 0) {
    return(plan$range)
  }
  for (i in 1:2) {
    counts <- count_bins(plan, half)
    share <- (cumsum(counts$n) - counts$n / 2) / sum(counts$n)
    bulk <- range(counts$bin[share > 0.01 & share < 0.99], counts$bin[which.max(counts$n)])
    if (diff(bulk) >= half / 32) break
    ends <- bin_edges(plan, c(bulk[1], bulk[2] + 1), half)
    plan$near <- c(mean(ends), diff(ends) / 2)
  }
  shown <- ceiling(1e5 * counts$n / sum(counts$n))
  low <- rep(bin_edges(plan, counts$bin, half), shown)
  high <- rep(bin_edges(plan, counts$bin + 1, half), shown)
  low + (high - low) * (sequence(shown) - 0.5) / rep(shown, shown)
}

# Rows that tell how a covariate is spread
rows_of_spread <- 2e5

# Data frame of bins 0 to 2 half, in order, and their numbers of rows n. One row in `every` is
# enough, chosen by what is left, beyond whole numbers, of an irrational multiple of the covariate
# plus one of a response: of both, so that rows of one frequent value are not all in or all out.
# (None is left of numbers with more digits than doubles have; such a row, far away, is not chosen.
# All are taken where that leaves none.)
count_bins <- function(plan, half, every = 2^max(0, floor(log2(plan$rows / rows_of_spread)))) {
  dialect <- plan$query$dialect
  number <- dialect$number
  e <- paste0(plan$x, " - (", number(plan$near[1]), ") AS e")
  e <- dialect$kept(scaled_rows(plan, e), uses = 4)
  place <- paste0(
    "SELECT (1 + e / (ABS(e) + ", number(plan$near[2]), ")) * ", half, " AS u FROM (", e,
    ") covary_distance"
  )
  if (every > 1) {
    factors <- number(1000 * (1 + sqrt(5)) / c(plan$near[2], plan$unit))
    multiple <- paste0("ABS(e * ", factors[1], " + z1 * ", factors[2], ")")
    left <- paste(multiple, "-", dialect$floor(multiple))
    place <- paste(place, "WHERE", left, ">=", number(1 - 1 / every))
  }
  binned <- paste0("SELECT ", dialect$floor("u"), " AS bin FROM (", place, ") covary_placed")
  out <- read_pass(plan, paste("spread of", plan$x_name), paste0(
    "SELECT bin, ", dialect$count, " AS n FROM (", binned, ") covary_bins GROUP BY bin"
  ))
  if (nrow(out) == 0) {
    return(count_bins(plan, half, every = 1))
  }
  out <- unchecked_frame(list(bin = sent_double(out[[1]]), n = sent_double(out[[2]])), nrow(out))
  out[order(out$bin), ]
}

# Where a bin begins, within the ends of the covariate
bin_edges <- function(plan, bin, half) {
  u <- bin / half - 1
  x <- plan$near[1] + plan$near[2] * u / (1 - abs(u))
  pmin(pmax(x, plan$range[1]), plan$range[2])
}
