# The design at other points: nodes, rows of a block, cells of tables.

# The design's columns at other points: list(x: p x m matrices, offset). Smooths shared by several
# predictors are evaluated once. Of predictors with effects of design$level_factor, where there is
# one, they are held by level (design-levels.R).
evaluate_design <- function(design, data) {
  cache <- new.env(parent = emptyenv())
  x <- list()
  offset <- matrix(0, length(design$predictors), nrow(data))
  for (i in seq_along(design$predictors)) {
    p <- design$predictors[[i]]
    known <- Position(function(j) identical(design$predictors[[j]]$rhs, p$rhs), seq_len(i - 1))
    if (!is.na(known)) {
      x[[i]] <- x[[known]]
      offset[i, ] <- offset[known, ]
      next
    }
    by_level <- level_smooth(p, design$level_factor)
    level_term <- if (!is.na(by_level)) p$smooths[[by_level]]
    smooths <- lapply(p$smooths[setdiff(seq_along(p$smooths), by_level)], function(s) {
      key <- smooth_key(s)
      hit <- cache[[key]]
      if (is.null(hit) || !identical(hit$env, s$env)) {
        hit <- list(env = s$env, x = smooth_columns(s, data, design$tables[[key]]))
        cache[[key]] <- hit
      }
      hit$x
    })
    before <- sum(vapply(p$smooths[seq_len(max(by_level - 1, 0, na.rm = TRUE))], function(s) {
      s$n_fixed + sum(s$n_block)
    }, 0))
    p$smooths <- list()
    at <- predictor_columns(p, data)
    parametric <- standard_parametric(p, at$x)
    parametric[, zero_columns(design$x[[i]], seq_along(p$centre))] <- 0
    columns <- do.call(rbind, c(list(unname(t(parametric))), smooths))
    offset[i, ] <- at$offset
    x[[i]] <- if (is.null(level_term)) {
      columns
    } else {
      effects <- length(p$centre) + before + seq_along(design$level_factor$levels)
      new_level_columns(
        columns, setdiff(seq_len(nrow(columns) + length(effects)), effects),
        levels_at(level_term, design$level_factor, data), effects
      )
    }
    if (!all(is.finite(columns)) || !all(is.finite(at$offset))) {
      stop_covary("infinite", "A term of ", p$key, " is not finite at a node between the data.",
        fields = list(predictor = p$key)
      )
    }
  }
  list(x = x, offset = offset)
}

# Parametric columns on the user's scale -> those that a predictor is fitted with.
standard_parametric <- function(p, x) {
  x <- sweep(sweep(x, 2, p$centre), 2, p$scale, "/")
  if (is.null(p$mixing)) x else x %*% p$mixing
}

# All columns of predictor_columns() -> those that a predictor is fitted with.
standard_columns <- function(p, x) {
  parametric <- seq_along(p$centre)
  smooth <- setdiff(seq_len(ncol(x)), parametric)
  cbind(
    standard_parametric(p, x[, parametric, drop = FALSE]),
    sweep(x[, smooth, drop = FALSE], 2, p$columns$x_scale[smooth], "/")
  )
}

# Which of the first columns, `some`, are zero everywhere?
zero_columns <- function(x, some) {
  if (inherits(x, "covary_level_columns")) x <- x$dense # parametric columns stand before others
  which(rowSums(abs(x[some, , drop = FALSE])) == 0)
}

at_nodes <- function(design, data) {
  at <- evaluate_design(design, data)
  design$x <- at$x
  design$offset <- at$offset
  design
}
