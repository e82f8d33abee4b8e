# Cells against those of the same rows.

# Largest difference between cells: of weights and means, relative to the values; of scatters, to
# the products of the roots of their diagonals; of moments, to the largest of each sum.
difference <- function(a, b) {
  stopifnot(identical(continuous_names(a), continuous_names(b)))
  a <- rescale(a, b$scaling)
  at <- match(group_keys(b$groups, b$observed), group_keys(a$groups, a$observed))
  same <- c("rows", "dropped", "incomplete")
  stopifnot(!anyNA(at), identical(a[same], b[same]))
  if (has_moments(b)) {
    step <- min(a$step, b$step)
    a <- coarsen(a, step)$table[, , , at, drop = FALSE]
    b <- coarsen(b, step)$table
    size <- apply(abs(b), 1, max)
    return(max((abs(a - b) / size)[size > 0, , , ]))
  }
  k <- b$k
  a$stats <- a$stats[, at, drop = FALSE]
  scatter <- function(x) {
    apply(x$stats[-seq_len(1 + k), , drop = FALSE], 2, function(v) tcrossprod(lower_matrix(v, k)))
  }
  first <- seq_len(1 + k)
  own <- matrix(scatter(b), k^2)
  root <- sqrt(apply(own, 2, function(s) diag(matrix(s, k))))
  size <- apply(matrix(root, k), 2, function(r) outer(r, r))
  max(
    abs(a$stats[first, ] - b$stats[first, ]) / pmax(abs(b$stats[first, ]), 1),
    abs(matrix(scatter(a), k^2) - own)[size > 0] / size[size > 0]
  )
}
