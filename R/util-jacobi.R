# Eigenvalues and eigenvectors of many small symmetric matrices at once, by Jacobi's rotations.

# a: d (d + 1) / 2 x m, lower triangles (util-triangle.R). list(values: d x m, vectors: d^2 x m,
# those of a value one after the other), in no order.
jacobi_eigen <- function(a, d) {
  at <- lower_places(d)
  m <- ncol(a)
  size <- sqrt(colSums(a^2))
  # Lists of rows: to change a row of a matrix copies all of it.
  vectors <- lapply(as.vector(diag(d)), rep, m)
  rows <- lapply(seq_len(nrow(a)), function(i) a[i, ])
  pair <- lower_pairs(d, diagonal = FALSE)
  for (sweep in 1:30) {
    off <- sqrt(Reduce(`+`, lapply(rows[at[pair]], function(v) v^2), numeric(m)))
    if (all(off <= 1e-16 * size)) break
    for (i in seq_len(nrow(pair))) {
      p <- pair[i, 2]
      q <- pair[i, 1]
      pq <- rows[[at[p, q]]]
      turn <- rotation_of(rows[[at[p, p]]], pq, rows[[at[q, q]]])
      rows[[at[p, p]]] <- rows[[at[p, p]]] - turn$tan * pq
      rows[[at[q, q]]] <- rows[[at[q, q]]] + turn$tan * pq
      rows[[at[p, q]]] <- numeric(m)
      for (r in setdiff(seq_len(d), c(p, q))) {
        both <- c(at[r, p], at[r, q])
        rows[both] <- rotate(rows[both], turn)
      }
      for (r in seq_len(d)) {
        both <- r + d * (c(p, q) - 1)
        vectors[both] <- rotate(vectors[both], turn)
      }
    }
  }
  list(values = do.call(rbind, rows[diag(at)]), vectors = do.call(rbind, vectors))
}

# The rotation that makes the entry pq of each matrix zero
rotation_of <- function(pp, pq, qq) {
  theta <- (qq - pp) / (2 * pq)
  tan <- ifelse(theta < 0, -1, 1) / (abs(theta) + sqrt(theta^2 + 1))
  tan[pq == 0 | !is.finite(tan)] <- 0
  cos <- 1 / sqrt(tan^2 + 1)
  list(tan = tan, cos = cos, sin = tan * cos)
}

rotate <- function(x, turn) {
  list(turn$cos * x[[1]] - turn$sin * x[[2]], turn$sin * x[[1]] + turn$cos * x[[2]])
}
