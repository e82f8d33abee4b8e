# Tallies: what a pass over rows leaves behind. Tallies of disjoint rows add, in any order and
# from any machine.
#
# A tally is list(k, scaling (k x 2: centre and scale of the responses in all sums), covariates (by
# name: kind "exact" or "continuous", type, levels), groups (data frame: distinct tuples of the
# exact covariates), rows, dropped (missing), range, step, core (width of the central half of the
# values), and
#   without a continuous covariate   stats: (1 + k + k(k+1)/2) x groups, cells as in kernel.h
#   with one                         first, table: padded x 4 x cells x groups, moments as in
#   moments.h with two                         places, table: see suffstats-grid2d.R
# Cells of the continuous covariate are [i, i + 1) 2^-step: those of two tallies nest, and moments
# of degree below 4 over two cells are moments of degree below 4 over their union, exactly
# (mathematics vignette, eqs 18 and 19).

table_limit <- 2^27 # doubles in a table (1 GB)
cells_limit <- 65536L # cells of the continuous covariate

# rows: list(y (n x k, or a named list of columns), covariates, weights or NULL, dropped), complete.
new_tally <- function(rows, covariates, resolution, continuous = NULL, threads = 1L) {
  tally <- list(
    k = length(rows$y), responses = names(rows$y), scaling = round_scaling(rows$y),
    covariates = covariates, resolution = resolution, rows = 0, dropped = rows$dropped
  )
  for (name in continuous) tally$covariates[[name]]$kind <- "continuous"
  tally <- choose_continuous(tally, rows$covariates)
  tally_rows(tally, rows, threads)
}

# Powers of two and multiples of them: scaling then costs no rounding.
round_scaling <- function(y) {
  y <- response_columns(y)
  n <- length(y[[1]])
  at <- round(seq(1, n, length.out = min(n, 8192)))
  some <- matrix(unlist(lapply(y, `[`, at), use.names = FALSE), length(at))
  sd <- apply(some, 2, stats::sd)
  size <- apply(abs(some), 2, max)
  sd[!is.finite(sd) | sd == 0] <- size[!is.finite(sd) | sd == 0]
  sd[sd == 0] <- 1
  scale <- 2^round(log2(sd))
  cbind(centre = round(colMeans(some) / scale) * scale, scale = scale)
}

# The tally of these rows alone, in the terms of `tally`.
tally_rows <- function(tally, rows, threads = 1L) {
  rows$y <- response_columns(rows$y)
  n <- length(rows$y[[1]])
  tally$rows <- as.double(n)
  tally$dropped <- rows$dropped
  exact <- setdiff(names(tally$covariates), continuous_names(tally))
  group <- if (length(exact)) tuple_ids(rows$covariates[exact], n)
  first <- if (is.null(group)) min(1L, n) else which(!duplicated(group))
  if (length(first) > groups_limit) {
    stop_covary("too_many_cells", "The covariates ", enumerate(exact), " have ", length(first),
      " distinct tuples; cells hold at most ",
      groups_limit, ". Use fewer or coarser covariates, or fit the rows themselves.",
      fields = list(covariates = exact)
    )
  }
  columns <- lapply(rows$covariates[exact], function(v) plain_values(v[first]))
  tally$groups <- structure(columns,
    row.names = .set_row_names(length(first)),
    class = "data.frame", names = exact
  )
  tally <- complete_levels(tally)
  continuous <- continuous_names(tally)
  if (length(continuous) == 0) {
    y <- matrix(unlist(Map(
      function(v, c, s) (v - c) / s, rows$y, tally$scaling[, 1],
      tally$scaling[, 2]
    ), use.names = FALSE), n)
    weights <- if (is.null(rows$weights)) rep(1, n) else as.double(rows$weights)
    tally$stats <- .Call(
      C_cells, if (is.null(group)) rep(1L, n) else group, length(first), y,
      weights
    )
    return(tally)
  }
  if (length(continuous) == 2) {
    return(add_tensor_moments(tally, rows, group, threads))
  }
  add_moments(tally, as.double(rows$covariates[[continuous]]), rows, group, threads)
}

add_moments <- function(tally, x, rows, group, threads) {
  tally$range <- .Call(C_finite_range, x)
  if (tally$range[1] > tally$range[2] && length(x)) { # no row has a covariate
    tally$dropped <- tally$dropped + complete_rows(rows, rows$place)$dropped
    tally$rows <- 0
    x <- x[0]
    rows <- list(y = lapply(rows$y, `[`, 0))
    group <- group[0]
  }
  groups <- nrow(tally$groups)
  if (is.null(tally$step)) {
    tally$step <- choose_step(x, tally$resolution)
    tally$core <- core_width(x)
  }
  repeat {
    ends <- floor(tally$range * 2^tally$step)
    if (length(x) == 0) ends <- c(0, 0)
    count <- ends[2] - ends[1] + 1
    if (count <= cells_limit && count * groups * 4 * moments_padded(tally$k) <= table_limit) break
    if (count <= 1) stop_too_large(tally, groups)
    tally$step <- tally$step - 1
  }
  tally$first <- ends[1]
  out <- .Call(
    C_moments, x, unname(rows$y), if (!is.null(rows$weights)) as.double(rows$weights),
    group,
    c(2^tally$step, ends[1], count), tally$scaling,
    list(level = simd_level(), threads = threads, groups = groups)
  )
  stopifnot(out$counts[3] == 0)
  # Rows that complete_rows() has not looked at; it names what is infinite.
  if (out$counts[2] > 0) complete_rows(rows, rows$place)
  tally$dropped <- tally$dropped + out$counts[1]
  tally$rows <- tally$rows - out$counts[1]
  tally$table <- array(out$table, c(moments_padded(tally$k), 4, count, groups))
  tally
}

stop_too_large <- function(tally, groups) {
  stop_covary(
    "too_many_cells", groups,
    " groups with moments of a continuous covariate do not fit into ",
    format(table_limit * 8 / 2^30), " GB. Use fewer discrete covariates."
  )
}

moments_padded <- function(k) ceiling((1 + k + k * (k + 1) / 2) / 4) * 4

# Vector code by option: "auto", or "plain", "base", "avx2" to hold it back.
simd_level <- function() {
  match(getOption("covary.simd", "avx2"), c("plain", "base", "avx2"),
    nomatch = 3L
  ) - 1
}

# Sum of two tallies.
merge_tallies <- function(a, b) {
  if (is.null(a)) {
    return(b)
  }
  if (a$rows == 0) {
    return(keep_counts(b, a))
  }
  if (b$rows == 0) {
    return(keep_counts(a, b))
  }
  check_alike(a, b)
  b <- rescale_tally(b, a$scaling)
  for (name in union(continuous_names(a), continuous_names(b))) {
    a <- make_continuous(a, name)
    b <- make_continuous(b, name)
  }
  for (name in names(a$covariates)) {
    a$covariates[[name]] <- join_columns(a$covariates[[name]], b$covariates[[name]])
  }
  # Cells of version 0.1.0 have none.
  if (length(a$core) && length(b$core)) {
    a$core <- if (is_tensor(a)) pmax(a$core, b$core[names(a$core)]) else max(a$core, b$core)
  }
  ids <- match_groups(a$groups, b$groups)
  out <- if (is.null(a$table)) {
    merge_exact(a, b, ids)
  } else if (is_tensor(a)) {
    merge_tensors(a, b, ids)
  } else {
    merge_moments(a, b, ids)
  }
  out$groups <- ids$groups
  out$rows <- a$rows + b$rows
  out$dropped <- c(missing = a$dropped[["missing"]] + b$dropped[["missing"]])
  promote_tally(complete_levels(out))
}

keep_counts <- function(a, b) {
  a$rows <- a$rows + b$rows
  a$dropped <- c(missing = a$dropped[["missing"]] + b$dropped[["missing"]])
  a
}

check_alike <- function(a, b) {
  if (!identical(a$responses, b$responses)) {
    stop_covary(
      "merge", "Cells of different responses cannot be merged: ", enumerate(a$responses),
      " and ", enumerate(b$responses), "."
    )
  }
  if (!setequal(names(a$covariates), names(b$covariates))) {
    stop_covary(
      "merge", "Cells by different covariates cannot be merged: ",
      enumerate(names(a$covariates)), " and ",
      enumerate(names(b$covariates)), "."
    )
  }
  for (name in names(a$covariates)) {
    how <- list(a$covariates[[name]], b$covariates[[name]])
    if (is.null(join_columns(how[[1]], how[[2]])) || !identical(how[[1]]$units, how[[2]]$units)) {
      says <- vapply(how, say_column, "")
      stop_covary("merge", "Covariate '", name, "' is ", says[1], " in some rows and ", says[2],
        " in others.",
        fields = list(covariate = name)
      )
    }
    check_contrasts_alike(name, a$covariates[[name]], b$covariates[[name]])
  }
}

check_contrasts_alike <- function(name, a, b) {
  if (identical(a$contrasts, b$contrasts) &&
    (!is.numeric(a$contrasts) || identical(a$levels, b$levels))) {
    return()
  }
  stop_covary("merge", "Factor '", name,
    "' has contrasts of its own that are not the same in all parts of the data. Give its levels and ",
    "contrasts to every part, or leave contrasts out.",
    fields = list(covariate = name)
  )
}

# Too many distinct values met on the way: the covariate becomes continuous.
promote_tally <- function(tally) {
  for (name in names(tally$groups)) {
    v <- tally$groups[[name]]
    if (tally$covariates[[name]]$type %in% number_types && length(v) > exact_limit &&
      length(unique(v)) > exact_limit) {
      tally <- make_continuous(check_continuous(within_kind(tally, name)), name, force = TRUE)
    }
  }
  if (nrow(tally$groups) > groups_limit) {
    stop_covary("too_many_cells", "The covariates ", enumerate(names(tally$groups)),
      " have more than ", groups_limit,
      " distinct tuples. Use fewer or coarser covariates, or fit the rows themselves.",
      fields = list(covariates = names(tally$groups))
    )
  }
  tally
}

within_kind <- function(tally, name) {
  tally$covariates[[name]]$kind <- "continuous"
  tally
}

merge_exact <- function(a, b, ids) {
  size <- nrow(a$stats)
  wide <- function(stats, at) {
    out <- matrix(0, size, nrow(ids$groups))
    out[, at] <- stats
    out
  }
  a$stats <- .Call(C_merge_cells, a$k, wide(a$stats, ids$a), wide(b$stats, ids$b))
  a
}

merge_moments <- function(a, b, ids) {
  a$range <- range(a$range, b$range)
  groups <- max(1L, nrow(ids$groups))
  step <- min(a$step, b$step)
  repeat {
    ends <- floor(a$range * 2^step)
    count <- ends[2] - ends[1] + 1
    if (count <= cells_limit && count * groups * prod(dim(a$table)[1:2]) <= table_limit) break
    if (count <= 1) stop_too_large(a, groups)
    step <- step - 1
  }
  out <- array(0, c(dim(a$table)[1:2], count, groups))
  for (part in list(list(a, ids$a), list(b, ids$b))) {
    one <- coarsen(part[[1]], step)
    at <- one$first - ends[1] + seq_len(dim(one$table)[3])
    out[, , at, part[[2]]] <- out[, , at, part[[2]], drop = FALSE] + one$table
  }
  a$step <- step
  a$first <- ends[1]
  a$table <- out
  a
}

# Cells of twice the width, until they are those of `step`. With s, t the places in the parent and
# in the child, s = (t - 1) / 2 in the left and (t + 1) / 2 in the right child.
coarsen <- function(tally, step) {
  while (tally$step > step) {
    d <- dim(tally$table)
    index <- tally$first + seq_len(d[3]) - 1
    parent <- floor(index / 2)
    out <- array(0, c(d[1:2], parent[d[3]] - parent[1] + 1, d[4]))
    for (right in 0:1) {
      children <- which(index %% 2 == right)
      if (length(children) == 0) next
      map <- child_to_parent(right)
      moved <- aperm(tally$table[, , children, , drop = FALSE], c(2, 1, 3, 4))
      shape <- dim(moved)
      moved <- aperm(array(map %*% matrix(moved, 4), shape), c(2, 1, 3, 4))
      at <- parent[children] - parent[1] + 1
      out[, , at, ] <- out[, , at, , drop = FALSE] + moved
    }
    tally$table <- out
    tally$first <- parent[1]
    tally$step <- tally$step - 1
  }
  tally
}

rescale_tally <- function(tally, scaling) {
  if (identical(tally$scaling, scaling)) {
    return(tally)
  }
  k <- tally$k
  a <- tally$scaling[, 2] / scaling[, 2]
  b <- (tally$scaling[, 1] - scaling[, 1]) / scaling[, 2]
  if (!is.null(tally$stats)) {
    tally$stats[1 + seq_len(k), ] <- tally$stats[1 + seq_len(k), , drop = FALSE] * a + b
    rows <- lower_pairs(k)[, 1]
    tally$stats[-seq_len(1 + k), ] <- tally$stats[-seq_len(1 + k), , drop = FALSE] * a[rows]
  } else {
    size <- 1 + k + k * (k + 1) / 2
    d <- dim(tally$table)
    flat <- matrix(tally$table, d[1])
    flat[seq_len(size), ] <- transform_sums(flat[seq_len(size), , drop = FALSE], k, a, b)
    tally$table <- array(flat, d)
  }
  tally$scaling <- scaling
  tally
}

# What a tally says of rows to come: all but its sums.
tally_pattern <- function(tally) {
  tally[setdiff(names(tally), c("stats", "table", "first", "places", "range", "groups"))]
}

# An exact covariate turned into moments: every group is a point.
make_continuous <- function(tally, name, force = FALSE) {
  if (tally$covariates[[name]]$kind == "continuous" && !force) {
    return(tally)
  }
  tally <- check_continuous(within_kind(tally, name))
  if (!is.null(tally$table)) {
    return(make_tensor(tally, name))
  }
  k <- tally$k
  x <- tally$groups[[name]]
  rest <- tally$groups[setdiff(names(tally$groups), name)]
  ids <- if (length(rest)) match(group_keys(rest), unique(group_keys(rest))) else rep(1L, length(x))
  groups <- max(ids, 1L)
  tally$range <- range(x)
  if (is.null(tally$step)) {
    tally$step <- choose_step(x, tally$resolution)
    tally$core <- core_width(x)
  }
  while (diff(floor(tally$range * 2^tally$step)) >= cells_limit) tally$step <- tally$step - 1
  ends <- floor(tally$range * 2^tally$step)
  count <- ends[2] - ends[1] + 1
  u <- x * 2^tally$step - ends[1]
  cell <- floor(u)
  power <- chebyshev_values(2 * (u - cell) - 1, 4)
  sums <- cells_to_sums(tally$stats, k)
  place <- factor(cell + count * (ids - 1), levels = seq_len(count * groups) - 1)
  table <- array(0, c(moments_padded(k), 4, count, groups))
  used <- sort(unique(as.integer(place)))
  for (d in 1:4) {
    flat <- matrix(0, nrow(sums), count * groups)
    flat[, used] <- t(rowsum(t(sums) * power[d, ], as.integer(place)))
    table[seq_len(nrow(sums)), d, , ] <- flat
  }
  tally$first <- ends[1]
  tally$table <- table
  tally$stats <- NULL
  kept <- !duplicated(ids)
  tally$groups <- structure(lapply(rest, `[`, kept),
    row.names = .set_row_names(groups),
    class = "data.frame", names = names(rest)
  )
  tally
}

# Rows in the cells: list(counts, edge, range of the data)
count_rows <- function(object) {
  counts <- rowSums(matrix(object$table[1, 1, , ], dim(object$table)[3]))
  list(
    counts = pmax(counts, 0), edge = (object$first + 0:length(counts)) * 2^-object$step,
    range = object$range
  )
}
