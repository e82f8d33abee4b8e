# The design at other points: nodes, rows of a block, cells of tables.

# The design's columns at other points: list(x: p x m matrices, offset). Smooths shared by several
# predictors are evaluated once.
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
    smooths <- lapply(p$smooths, function(s) {
      key <- smooth_key(s)
      hit <- cache[[key]]
      if (is.null(hit) || !identical(hit$env, s$env)) {
        hit <- list(env = s$env, x = smooth_columns(s, data, design$tables[[key]]))
        cache[[key]] <- hit
      }
      hit$x
    })
    p$smooths <- list()
    at <- predictor_columns(p, data)
    parametric <- sweep(sweep(at$x, 2, p$centre), 2, p$scale, "/")
    if (!is.null(p$mixing)) parametric <- parametric %*% p$mixing
    zero <- which(rowSums(abs(design$x[[i]][seq_along(p$centre), , drop = FALSE])) == 0)
    parametric[, zero] <- 0
    x[[i]] <- do.call(rbind, c(list(unname(t(parametric))), smooths))
    offset[i, ] <- at$offset
    if (!all(is.finite(x[[i]])) || !all(is.finite(at$offset))) {
      stop_covary("infinite", "A term of ", p$key, " is not finite at a node between the data.",
        fields = list(predictor = p$key)
      )
    }
  }
  list(x = x, offset = offset)
}

at_nodes <- function(design, data) {
  at <- evaluate_design(design, data)
  design$x <- at$x
  design$offset <- at$offset
  design
}
