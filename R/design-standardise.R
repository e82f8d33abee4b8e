# Parametric columns centred and scaled over the rows, and which of them say nothing new.

# Columns centred and scaled to sd one. list(x, centre, scale, constant: combination of the user's
# columns that is one at every row, NULL if there is none; its own columns are not centred).
# `all_rows`: list(mean, square (about the mean), size) of the columns over all rows, where x are
# those of a sketch.
standardise_columns <- function(x, weights, intercept, all_rows = NULL) {
  share <- weights / sum(weights)
  size <- apply(abs(x), 2, function(v) if (length(v)) max(v) else 1)
  if (!is.null(all_rows)) size <- pmax(size, all_rows$size)
  size[size == 0] <- 1
  shares <- sweep(x, 2, size, "/")
  constant <- if (intercept) {
    as.double(colnames(x) == "(Intercept)")
  } else {
    constant_combination(shares, weights)
  }
  mean <- if (is.null(all_rows)) colSums(shares * share) * size else all_rows$mean
  centre <- if (is.null(constant)) rep(0, ncol(x)) else ifelse(constant == 0, mean, 0)
  out <- sweep(sweep(x, 2, centre), 2, size, "/")
  spread <- sqrt(if (is.null(all_rows)) {
    colSums(out^2 * share)
  } else {
    (all_rows$square + (mean - centre)^2) / size^2
  })
  # A column that is constant up to rounding says nothing; its coefficient keeps its prior.
  fixed <- colnames(x) == "(Intercept)"
  out[, spread < 1e-14 & !fixed] <- 0
  scale <- ifelse(spread < 1e-14, 1, spread) * size
  scale[fixed] <- 1
  out <- sweep(out, 2, scale / size, "/")
  list(x = out, centre = unname(centre), scale = unname(scale), constant = if (!is.null(constant)) {
    constant / if (intercept) 1 else size
  })
}

# Names of the columns that are zero or sums of the others, and which of the two: list(names,
# constant)
collinear_columns <- function(x) {
  if (ncol(x) < 2) {
    return(list(names = colnames(x)[ncol(x) == 1 && all(x == 0)], constant = TRUE))
  }
  fit <- qr(x, tol = 1e-9)
  list(names = colnames(x)[fit$pivot[seq_len(ncol(x)) > fit$rank]], constant = FALSE)
}
