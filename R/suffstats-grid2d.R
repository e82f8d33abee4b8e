# Tallies of two continuous covariates: a grid of rectangles, each with the products of the first
# four Chebyshev moments along both covariates. Only rectangles that hold rows are kept.
#
# In place of the fields of one covariate (suffstats-grid1d.R) the tally has
#   step, core (by covariate): sides of the rectangles are 2^-step
#   range: 2 x 2, a column a covariate
#   places: m x 3, numbers of the rectangle ([i, i + 1) 2^-step along each covariate) and its group
#   table: padded x 4 x 4 x m, rectangles in the order of their places

tensor_limit <- 2^24 # doubles in a table (128 MB)
tensor_grid_limit <- 2^26 # rectangles of the whole grid

is_tensor <- function(tally) length(tally$step) == 2

# Errors fall with the fourth power of the sides: 64 cells along each covariate in place of 1000
# along one.
tensor_resolution <- function(resolution) sqrt(4 * resolution)

tensor_step <- function(x, resolution) choose_step(x, tensor_resolution(resolution), finer = 1)

add_tensor_moments <- function(tally, rows, group, threads) {
  names <- continuous_names(tally)
  x <- lapply(rows$covariates[names], as.double)
  groups <- max(1L, nrow(tally$groups))
  if (!is_tensor(tally)) {
    tally$step <- vapply(names, function(v) tensor_step(x[[v]], tally$resolution), 0)
    tally$core <- vapply(x, core_width, 0)
  }
  step <- tally$step[names]
  tally$range <- vapply(x, function(v) if (length(v)) range(v) else c(Inf, -Inf), numeric(2))
  repeat {
    ends <- floor(tally$range * rep(2^step, each = 2))
    if (length(x[[1]]) == 0) ends[] <- 0
    count <- ends[2, ] - ends[1, ] + 1
    if (prod(count) * groups <= tensor_grid_limit) {
      out <- .Call(
        C_moments_two, x[[1]], x[[2]], unname(rows$y), if (!is.null(rows$weights)) {
          as.double(rows$weights)
        }, group,
        rbind(2^step, ends[1, ], count), tally$scaling,
        list(
          level = simd_level(), threads = threads, groups = groups, most_numbers = tensor_limit
        )
      )
      if (!is.null(out$table)) break
    }
    if (all(count <= 1)) stop_too_large(tally, groups)
    longest <- which.max(count)
    step[longest] <- step[longest] - 1
  }
  stopifnot(out$outside == 0)
  tally$step <- step
  tally$places <-
    unname(cbind(
      out$places %% count[1] + ends[1, 1], (out$places %/% count[1]) %% count[2] +
        ends[1, 2],
      out$places %/% (count[1] * count[2]) + 1
    ))
  tally$table <- array(out$table, c(moments_padded(tally$k), 4, 4, length(out$places)))
  tally
}

merge_tensors <- function(a, b, ids) {
  names <- names(a$step)
  b <- transpose_tensor(b, names)
  a$range <- rbind(pmin(a$range[1, ], b$range[1, ]), pmax(a$range[2, ], b$range[2, ]))
  step <- pmin(a$step, b$step)
  repeat {
    parts <- lapply(list(a, b), coarsen_tensor, step = step)
    places <- rbind(
      cbind(parts[[1]]$places[, 1:2, drop = FALSE], ids$a[parts[[1]]$places[, 3]]),
      cbind(parts[[2]]$places[, 1:2, drop = FALSE], ids$b[parts[[2]]$places[, 3]])
    )
    size <- prod(dim(a$table)[1:3])
    sums <- sum_places(
      places,
      cbind(matrix(parts[[1]]$table, size), matrix(parts[[2]]$table, size))
    )
    if (length(sums$table) <= tensor_limit) break
    step <- step - 1
  }
  a$step <- step
  a$places <- sums$places
  a$table <- array(sums$table, c(dim(a$table)[1:3], nrow(sums$places)))
  a
}

# Columns of equal places added: list(places (in order), table)
sum_places <- function(places, table) {
  order <- order(places[, 3], places[, 2], places[, 1])
  places <- places[order, , drop = FALSE]
  new <- c(TRUE, rowSums(abs(diff(places))) > 0)[seq_len(nrow(places))]
  table <- table[, order, drop = FALSE]
  if (!all(new)) table <- t(rowsum(t(table), cumsum(new), reorder = FALSE))
  list(places = places[new, , drop = FALSE], table = unname(table))
}

# The same tally with its covariates in the order of `names`.
transpose_tensor <- function(tally, names) {
  if (identical(names(tally$step), names)) {
    return(tally)
  }
  tally$step <- tally$step[names]
  tally$core <- tally$core[names]
  tally$range <- tally$range[, names, drop = FALSE]
  tally$places <- tally$places[, c(2, 1, 3), drop = FALSE]
  tally$table <- aperm(tally$table, c(1, 3, 2, 4))
  tally
}

coarsen_tensor <- function(tally, step) {
  for (d in 1:2) while (tally$step[d] > step[d]) tally <- halve_tensor(tally, d)
  tally
}

# Rectangles of twice the side along covariate d.
halve_tensor <- function(tally, d) {
  shape <- dim(tally$table)
  front <- if (d == 1) c(2, 1, 3, 4) else c(3, 1, 2, 4)
  moved <- aperm(tally$table, front)
  right <- tally$places[, d] %% 2
  for (side in 0:1) {
    mine <- which(right == side)
    moved[, , , mine] <- child_to_parent(side) %*% matrix(moved[, , , mine], 4)
  }
  tally$places[, d] <- floor(tally$places[, d] / 2)
  sums <- sum_places(tally$places, matrix(aperm(moved, order(front)), prod(shape[1:3])))
  tally$places <- sums$places
  tally$table <- array(sums$table, c(shape[1:3], nrow(sums$places)))
  tally$step[d] <- tally$step[d] - 1
  tally
}

# An exact covariate of a tally with one continuous covariate becomes the second: its groups are
# points along it.
make_tensor <- function(tally, name) {
  old <- setdiff(continuous_names(tally), name)
  values <- tally$groups[[name]]
  rest <- tally$groups[setdiff(names(tally$groups), name)]
  ids <- if (length(rest)) {
    match(group_keys(rest), unique(group_keys(rest)))
  } else {
    rep(1L, length(values))
  }
  # As wide as the rectangles of rows would be.
  wanted <- tally$step - round(log2(tally$resolution / tensor_resolution(tally$resolution)))
  tally <- coarsen(tally, wanted)
  step <- stats::setNames(c(tally$step, tensor_step(values, tally$resolution)), c(old, name))
  d <- dim(tally$table)
  filled <- which(matrix(colSums(matrix(abs(tally$table[1, , , ]), d[2])) > 0, d[3], d[4]),
    arr.ind = TRUE
  )
  u <- values[filled[, 2]] * 2^step[2]
  power <- chebyshev_values(2 * (u - floor(u)) - 1, 4)
  table <- matrix(tally$table, d[1] * d[2])[, filled[, 1] + d[3] * (filled[, 2] - 1), drop = FALSE]
  table <- do.call(rbind, lapply(1:4, function(b) table * rep(power[b, ], each = d[1] * d[2])))
  sums <- sum_places(
    unname(cbind(tally$first + filled[, 1] - 1, floor(u), ids[filled[, 2]])),
    table
  )
  tally$range <- structure(cbind(tally$range, range(values)), dimnames = list(NULL, names(step)))
  tally$core <- stats::setNames(c(tally$core, core_width(values)), names(step))
  tally$step <- step
  tally$first <- NULL
  tally$places <- sums$places
  tally$table <- array(sums$table, c(d[1], 4, 4, nrow(sums$places)))
  kept <- !duplicated(ids)
  tally$groups <- structure(lapply(rest, `[`, kept),
    row.names = .set_row_names(sum(kept)),
    class = "data.frame", names = names(rest)
  )
  transpose_tensor(tally, continuous_names(tally))
}

keep_tensor_groups <- function(x, keep) {
  mine <- x$places[, 3] %in% keep
  x$places <- x$places[mine, , drop = FALSE]
  x$places[, 3] <- match(x$places[, 3], keep)
  x$table <- x$table[, , , mine, drop = FALSE]
  x$rows <- sum(x$table[1, 1, 1, ])
  for (d in 1:2) {
    x$range[1, d] <- max(x$range[1, d], min(x$places[, d]) * 2^-x$step[d])
    x$range[2, d] <- min(x$range[2, d], (max(x$places[, d]) + 1) * 2^-x$step[d])
  }
  x
}

# Rows in the cells along one covariate, as count_rows().
tensor_counts <- function(object, d) {
  grid <- tensor_grid(object, d)
  counts <- numeric(grid$count)
  sums <- rowsum(object$table[1, 1, 1, ], object$places[, d] - grid$first + 1)
  counts[as.integer(rownames(sums))] <- sums
  list(
    counts = pmax(counts, 0), edge = (grid$first + 0:grid$count) * 2^-grid$step,
    range = grid$range
  )
}
