# Columns of a predictor (p x m: a row a coefficient, a column a cell) of which most belong to the
# levels of one factor, one cell to one level: random effects of sites. Of these the number of the
# level is held, not p numbers of which all but one are zero. Every function here takes matrices
# too.

# dense  rows x m: the columns of other terms
# rows   which of the p coefficients they belong to
# level  m: level of each cell, from 1
# at     which of the p coefficients the effect of each level is
new_level_columns <- function(dense, rows, level, at) {
  structure(list(dense = dense, rows = as.integer(rows), level = level, at = as.integer(at)),
    class = "covary_level_columns"
  )
}

validate_level_columns <- function(x) {
  p <- length(x$rows) + length(x$at)
  stopifnot(
    is.matrix(x$dense), nrow(x$dense) == length(x$rows), ncol(x$dense) == length(x$level),
    is.integer(x$level), all(x$level >= 1L & x$level <= length(x$at)),
    identical(sort(c(x$rows, x$at)), seq_len(p))
  )
  x
}

#' @export
dim.covary_level_columns <- function(x) c(length(x$rows) + length(x$at), length(x$level))

#' @export
as.matrix.covary_level_columns <- function(x, ...) {
  check_dots(...)
  out <- matrix(0, nrow(x), ncol(x))
  out[x$rows, ] <- x$dense
  out[cbind(x$at[x$level], seq_along(x$level))] <- 1
  out
}

# The columns at some of the cells.
columns_of_cells <- function(x, cells) UseMethod("columns_of_cells")

#' @export
columns_of_cells.default <- function(x, cells) x[, cells, drop = FALSE]

#' @export
columns_of_cells.covary_level_columns <- function(x, cells) {
  new_level_columns(x$dense[, cells, drop = FALSE], x$rows, x$level[cells], x$at)
}

# b' x (m): what coefficients make of the columns.
columns_times <- function(x, b) UseMethod("columns_times")

#' @export
columns_times.default <- function(x, b) as.vector(crossprod(x, b))

#' @export
columns_times.covary_level_columns <- function(x, b) {
  as.vector(crossprod(x$dense, b[x$rows])) + b[x$at][x$level]
}

# The same of draws (S x p): S x m.
columns_times_draws <- function(x, draws) UseMethod("columns_times_draws")

#' @export
columns_times_draws.default <- function(x, draws) draws %*% x

#' @export
columns_times_draws.covary_level_columns <- function(x, draws) {
  draws[, x$rows, drop = FALSE] %*% x$dense + draws[, x$at, drop = FALSE][, x$level, drop = FALSE]
}

# x v (p): sums over the cells.
columns_sum <- function(x, v) UseMethod("columns_sum")

#' @export
columns_sum.default <- function(x, v) as.vector(x %*% v)

#' @export
columns_sum.covary_level_columns <- function(x, v) {
  out <- numeric(nrow(x))
  out[x$rows] <- as.vector(x$dense %*% v)
  out[x$at] <- sum_by_level(x, v)
  out
}

# Sums of v (m, or m x n) over the cells of each level
sum_by_level <- function(x, v) {
  sums <- rowsum(v, x$level)
  out <- matrix(0, length(x$at), NCOL(v))
  out[as.integer(rownames(sums)), ] <- sums
  drop(out)
}

# x diag(w) x' (p x p); an arrow where the columns are those of levels.
columns_gram <- function(x, w) UseMethod("columns_gram")

#' @export
columns_gram.default <- function(x, w) (x * rep(w, each = nrow(x))) %*% t(x)

#' @export
columns_gram.covary_level_columns <- function(x, w) {
  border <- matrix(sum_by_level(x, t(x$dense) * w), length(x$at))
  new_arrow(
    columns_gram(x$dense, w), t(border), rbind(sum_by_level(x, w)),
    new_arrow_shape(x$rows, rbind(x$at))
  )
}

# Variance of each predictor under a covariance of its coefficients, dense or an arrow.
columns_variance <- function(x, cov) UseMethod("columns_variance")

#' @export
columns_variance.default <- function(x, cov) colSums(x * (cov %*% x))

#' @export
columns_variance.covary_level_columns <- function(x, cov) {
  if (!inherits(cov, "covary_arrow")) cov <- arrow_of(cov, new_arrow_shape(x$rows, rbind(x$at)))
  with_level <- cov$border[, x$level, drop = FALSE]
  colSums(x$dense * (cov$head %*% x$dense + 2 * with_level)) + cov$block[1, ][x$level]
}

# The covariance of the coefficients `at` alone, those of one predictor.
part_of_covariance <- function(cov, at) UseMethod("part_of_covariance")

#' @export
part_of_covariance.default <- function(cov, at) cov[at, at, drop = FALSE]

#' @export
part_of_covariance.covary_arrow <- function(cov, at) {
  head <- which(cov$shape$head %in% at)
  slot <- which(cov$shape$level[, 1] %in% at)
  if (length(slot) == 0) {
    return(cov$head[head, head, drop = FALSE])
  }
  size <- nrow(cov$shape$level)
  effects <- seq(slot, by = size, length.out = ncol(cov$shape$level))
  new_arrow(
    cov$head[head, head, drop = FALSE], cov$border[head, effects, drop = FALSE],
    cov$block[slot + size * (slot - 1), , drop = FALSE],
    new_arrow_shape(match(cov$shape$head[head], at), rbind(match(cov$shape$level[slot, ], at)))
  )
}

# ---- which terms -----------------------------------------------------------------------------

# Levels from which on their effects are held by number; fewer are as quick as a matrix.
least_levels <- 20L

# The factor whose random effects are held by level, list(variable, levels), or NULL: of all
# factors that a term s(g, bs = "re") has, once a predictor, that with the most coefficients.
level_factor <- function(design, least = least_levels) {
  found <- list()
  for (p in design$predictors) {
    own <- list()
    for (s in p$smooths) {
      if (!is_level_term(s)) next
      if (is.null(own[[s$sm$term]])) own[[s$sm$term]] <- s$levels[[s$sm$term]]
    }
    for (name in names(own)) found[[name]] <- c(found[[name]], list(own[[name]]))
  }
  found <- Filter(function(levels) {
    length(levels[[1]]) >= least && all(vapply(levels, identical, TRUE, levels[[1]]))
  }, found)
  if (length(found) == 0) {
    return(NULL)
  }
  best <- which.max(vapply(found, function(levels) sum(lengths(levels)), 0))
  list(variable = names(found)[best], levels = found[[best]][[1]])
}

is_level_term <- function(s) {
  s$is_re && length(s$sm$term) == 1 && s$sm$by == "NA" && length(s$levels) == 1 &&
    s$n_fixed == 0 && identical(unname(s$n_block), length(s$levels[[1]]))
}

# Number of the smooth of predictor p that has the effects of the levels; NA without
level_smooth <- function(p, factor) {
  if (is.null(factor)) {
    return(NA_integer_)
  }
  Position(function(s) is_level_term(s) && identical(s$sm$term, factor$variable), p$smooths)
}

# Columns of all predictors but those that are held by level
dense_columns <- function(design) {
  sum(vapply(design$predictors, function(p) {
    by_level <- !is.na(level_smooth(p, design$level_factor))
    length(p$columns$name) - if (by_level) length(design$level_factor$levels) else 0
  }, 0))
}

# Level of every row of data
levels_at <- function(smooth, factor, data) {
  match(as.character(smooth_variable(smooth, factor$variable, data)), factor$levels)
}
