# Tables of curves and surfaces: what a term of a predictor is worth, on an even grid of one or two
# numeric covariates, for every combination of the levels of some factors. No table at all is a
# constant. Between nodes it is a sum of cubic B-splines, beyond the grid a straight line. A grid of
# power 2 is even in the square root of the distance from its lower end: terms such as s(sqrt(age))
# are steep there.

# labels   labels of the terms that it holds, as mgcv spells them
# random   is it a random effect?
# sd       of a random effect: root mean square of the posterior of its standard deviation, else 0
# numeric  names of its numeric covariates, at most two; grid: by name, c(from, to, nodes), and a
#          fourth number, the power, if it is not one
# factors  names of the others; levels: by name, their levels
# values   nodes of the first covariate x nodes of the second x levels of the first factor x ..., as
#          a vector
new_chart_table <- function(labels, random, grid, levels, values, sd = 0) {
  list(
    labels = labels, random = random, sd = sd, numeric = names(grid), factors = names(levels),
    grid = grid, levels = levels, values = as.double(values)
  )
}

# Tables of very many curves of one term are sums of the columns of its basis: the table has besides
#   basis    points of one curve x columns
#   weights  columns x curves
# with 15 digits, which make its values exactly, so that a file needs no others.
with_basis <- function(table, basis, weights) {
  table$basis <- signif(unname(basis), 15)
  table$weights <- signif(unname(weights), 15)
  table$values <- values_of_basis(table$basis, table$weights)
  table
}

# Sums in a stated order, the same on any machine
values_of_basis <- function(basis, weights) {
  out <- 0
  for (k in seq_len(ncol(basis))) out <- out + outer(basis[, k], weights[k, ])
  as.vector(round_to(out, table_rounding))
}

validate_chart_table <- function(x) {
  stopifnot(
    is.character(x$labels), is_flag(x$random), is_one_number(x$sd, 0), length(x$grid) <= 2,
    all(vapply(x$grid, is_table_grid, TRUE)),
    all(vapply(x$levels, function(l) is.character(l) && length(l) > 0 && !anyDuplicated(l), TRUE)),
    is.double(x$values), length(x$values) == prod(table_size(x)), all(is.finite(x$values))
  )
  x
}

# Its numbers of nodes and levels
table_size <- function(x) {
  c(vapply(x$grid, `[[`, 0, 3), lengths(x$levels), recursive = TRUE, use.names = FALSE)
}

is_table_grid <- function(g) {
  is_matrix(rbind(g[1:3]), 1, 3) && g[1] < g[2] && g[3] >= 4 && length(g) <= 4 &&
    grid_power(g) %in% 1:2
}

grid_power <- function(g) if (length(g) > 3) g[[4]] else 1

grid_points <- function(g) {
  g[[1]] + (g[[2]] - g[[1]]) * seq(0, 1, length.out = g[[3]])^grid_power(g)
}

# A covariate on the scale on which the nodes are even; list(x, from, step).
even_axis <- function(g, x = NULL) {
  if (grid_power(g) == 1) {
    return(list(x = x, from = g[[1]], step = (g[[2]] - g[[1]]) / (g[[3]] - 1)))
  }
  root <- function(distance) sign(distance) * sqrt(abs(distance))
  list(
    x = if (!is.null(x)) root(x - g[[1]]), from = 0, step = root(g[[2]] - g[[1]]) / (g[[3]] - 1)
  )
}

# A data frame of the points that the values belong to, in their order; factors as text.
table_points <- function(grid, levels) {
  columns <- c(lapply(grid, grid_points), levels)
  if (length(columns) == 0) {
    return(data.frame(row.names = 1L))
  }
  do.call(expand.grid, c(columns, list(KEEP.OUT.ATTRS = FALSE, stringsAsFactors = FALSE)))
}

# Coefficients of the B-splines, (nodes + 2) numbers a curve: the quasi-interpolant of de Boor and
# Fix, (-f[j - 1] + 8 f[j] - f[j + 1]) / 6, is exact for cubics. Values and coefficients beyond the
# ends are those of the cubic through the last four.
spline_coefficients <- function(values) {
  extend <- function(v) {
    n <- nrow(v)
    cubic <- c(4, -6, 4, -1)
    first <- crossprod(cubic, v[1:4, , drop = FALSE])
    last <- crossprod(cubic, v[n:(n - 3), , drop = FALSE])
    rbind(first, v, last)
  }
  f <- extend(values)
  inner <- seq_len(nrow(values)) + 1
  extend((8 * f[inner, , drop = FALSE] - f[inner - 1, , drop = FALSE] -
    f[inner + 1, , drop = FALSE]) / 6)
}

# What the C code takes of a table, without points.
table_for_c <- function(x) {
  nodes <- vapply(x$grid, `[[`, 0, 3)
  coefficients <- x$values
  if (length(nodes)) {
    coefficients <- spline_coefficients(matrix(coefficients, nodes[[1]]))
  }
  if (length(nodes) == 2) {
    size <- c(nodes[[1]] + 2, nodes[[2]], prod(lengths(x$levels)))
    by_second <- aperm(array(coefficients, size), c(2, 1, 3))
    second <- spline_coefficients(matrix(by_second, nodes[[2]]))
    coefficients <- aperm(array(second, size[c(2, 1, 3)] + c(2, 0, 0)), c(2, 1, 3))
  }
  axes <- lapply(unname(x$grid), function(g) c(unlist(even_axis(g)), g[[3]]))
  list(
    axes = axes, combinations = as.integer(prod(lengths(x$levels))),
    coefficients = as.double(coefficients)
  )
}

# The sum of tables at n rows. columns: by covariate, n numbers, or the codes of levels (from 1, NA
# for none) of factors, in the order of `levels` of all tables that have it.
tables_at <- function(tables, columns, n) {
  parts <- lapply(tables, function(x) {
    c(table_for_c(x), list(
      x = unname(Map(function(g, v) even_axis(g, v)$x, x$grid, columns[x$numeric])),
      combination = combination_of_levels(x, columns, n)
    ))
  })
  .Call(C_chart_tables, parts, n)
}

# From 0; NA where a factor has no level.
combination_of_levels <- function(x, columns, n) {
  out <- integer(n)
  stride <- 1L
  for (name in x$factors) {
    out <- out + (columns[[name]] - 1L) * stride
    stride <- stride * length(x$levels[[name]])
  }
  out
}
