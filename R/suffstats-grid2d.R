# Sufficient statistics with two continuous covariates: a grid of rectangles, each with the products
# of the first four Chebyshev moments along both covariates. Only rectangles that hold rows are
# kept.

grid2d_table_limit <- 2^24 # doubles in a table (128 MB)
grid2d_limit <- 2^26 # rectangles of the whole grid

# Errors fall with the fourth power of the sides: 64 cells along each covariate in place of 1000
# along one.
grid2d_resolution <- function(resolution) sqrt(4 * resolution)

grid2d_step <- function(x, resolution) choose_step(x, grid2d_resolution(resolution), finer = 1)

sum_grid2d <- function(common, pattern, rows, group, threads) {
  names <- continuous_names(pattern)
  x <- lapply(rows$covariates[names], as.double)
  groups <- length(common$observed)
  step <- pattern$step
  core <- pattern$core
  if (length(step) < 2) {
    step <- vapply(names, function(v) grid2d_step(x[[v]], pattern$resolution), 0)
    core <- vapply(x, core_width, 0)
  }
  step <- step[names]
  range <- vapply(x, function(v) if (length(v)) range(v) else c(Inf, -Inf), numeric(2))
  repeat {
    ends <- floor(range * rep(2^step, each = 2))
    if (length(x[[1]]) == 0) ends[] <- 0
    count <- ends[2, ] - ends[1, ] + 1
    if (prod(count) * groups <= grid2d_limit) {
      grids <- lapply(1:2, function(i) {
        list(inverse_width = 2^step[[i]], first = ends[[1, i]], count = count[[i]])
      })
      out <- .Call(
        C_moments_two, x[[1]], x[[2]], unname(rows$y),
        if (!is.null(rows$weights)) as.double(rows$weights), group, grids, common$scaling,
        list(
          level = simd_level(), threads = threads, groups = groups,
          most_numbers = grid2d_table_limit
        )
      )
      if (!is.null(out$table)) break
    }
    if (all(count <= 1)) stop_too_large(groups)
    longest <- which.max(count)
    step[longest] <- step[longest] - 1
  }
  stopifnot(out$outside == 0)
  places <- unname(cbind(
    out$places %% count[1] + ends[1, 1],
    (out$places %/% count[1]) %% count[2] + ends[1, 2],
    out$places %/% (count[1] * count[2]) + 1
  ))
  table <- array(out$table, c(moments_padded(common$k), 4, 4, length(out$places)))
  new_suffstats_grid2d(common, range, step, core, places, table)
}

#' @export
merge_sums.covary_suffstats_grid2d <- function(a, b, ids) {
  b <- transpose_axes(b, names(a$step))
  if (length(a$core) && length(b$core)) a$core <- pmax(a$core, b$core)
  a$range <- rbind(pmin(a$range[1, ], b$range[1, ]), pmax(a$range[2, ], b$range[2, ]))
  step <- pmin(a$step, b$step)
  repeat {
    parts <- lapply(list(a, b), coarsen, step = step)
    places <- rbind(
      cbind(parts[[1]]$places[, 1:2, drop = FALSE], ids$a[parts[[1]]$places[, 3]]),
      cbind(parts[[2]]$places[, 1:2, drop = FALSE], ids$b[parts[[2]]$places[, 3]])
    )
    size <- prod(dim(a$table)[1:3])
    sums <- sum_places(
      places,
      cbind(matrix(parts[[1]]$table, size), matrix(parts[[2]]$table, size))
    )
    if (length(sums$table) <= grid2d_table_limit) break
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

# The same statistics with their axes in the order of `names`
transpose_axes <- function(x, names) {
  if (identical(names(x$step), names)) {
    return(x)
  }
  x$step <- x$step[names]
  x$core <- x$core[names]
  x$range <- x$range[, names, drop = FALSE]
  x$places <- x$places[, c(2, 1, 3), drop = FALSE]
  x$table <- aperm(x$table, c(1, 3, 2, 4))
  x
}

#' @export
coarsen.covary_suffstats_grid2d <- function(x, step) {
  for (d in 1:2) while (x$step[d] > step[d]) x <- merge_halves(x, d)
  x
}

# Rectangles of twice the side along covariate d.
merge_halves <- function(x, d) {
  shape <- dim(x$table)
  front <- if (d == 1) c(2, 1, 3, 4) else c(3, 1, 2, 4)
  moved <- aperm(x$table, front)
  right <- x$places[, d] %% 2
  for (side in 0:1) {
    mine <- which(right == side)
    moved[, , , mine] <- child_to_parent(side) %*% matrix(moved[, , , mine], 4)
  }
  x$places[, d] <- floor(x$places[, d] / 2)
  sums <- sum_places(x$places, matrix(aperm(moved, order(front)), prod(shape[1:3])))
  x$places <- sums$places
  x$table <- array(sums$table, c(shape[1:3], nrow(sums$places)))
  x$step[d] <- x$step[d] - 1
  x
}

#' @export
keep_groups.covary_suffstats_grid2d <- function(x, keep) {
  mine <- x$places[, 3] %in% keep
  x$places <- x$places[mine, , drop = FALSE]
  x$places[, 3] <- match(x$places[, 3], keep)
  x$table <- x$table[, , , mine, drop = FALSE]
  x$rows <- sum(x$table[1, 1, 1, ])
  for (d in 1:2) {
    x$range[1, d] <- max(x$range[1, d], min(x$places[, d]) * 2^-x$step[d])
    x$range[2, d] <- min(x$range[2, d], (max(x$places[, d]) + 1) * 2^-x$step[d])
  }
  take_groups_of(x, keep)
}

#' @export
raw_sums.covary_suffstats_grid2d <- function(x) matrix(x$table[, 1, 1, ], dim(x$table)[1])

#' @export
group_of_sums.covary_suffstats_grid2d <- function(x) x$places[, 3]

#' @export
count_cells.covary_suffstats_grid2d <- function(x) nrow(x$places)

#' @export
cell_axes.covary_suffstats_grid2d <- function(x) {
  lapply(1:2, function(d) axis_over(names(x$step)[d], x$step[[d]], x$range[, d]))
}

#' @export
wanted_cells.covary_suffstats_grid2d <- function(x) grid2d_resolution(x$resolution)

#' @export
counts_along.covary_suffstats_grid2d <- function(x, d = 1) {
  axis <- cell_axes(x)[[d]]
  counts <- numeric(axis$count)
  sums <- rowsum(x$table[1, 1, 1, ], x$places[, d] - axis$first + 1)
  counts[as.integer(rownames(sums))] <- sums
  list(
    counts = pmax(counts, 0), edge = (axis$first + 0:axis$count) * 2^-axis$step,
    range = axis$range
  )
}

#' @export
central_cells.covary_suffstats_grid2d <- function(x, d) {
  n <- as.vector(rowsum(x$table[1, 1, 1, ], x$places[, d]))
  cells_between_quartiles(n, sort(unique(x$places[, d])))
}

#' @export
add_axis.covary_suffstats_grid2d <- function(x, name) {
  x$covariates[[name]]$kind <- "continuous"
  check_continuous(x) # refuses a third
}
