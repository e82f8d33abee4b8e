# Chebyshev polynomials on [-1, 1]: the basis of moments within a cell, and of functions at nodes
# (mathematics vignette, eqs 18 and 20).

chebyshev_nodes <- function(q) cos(pi * (2 * rev(seq_len(q)) - 1) / (2 * q))

# q x length(t): T_0 .. T_(q-1)
chebyshev_values <- function(t, q) t(chebyshev_columns(t, q))

chebyshev_columns <- function(t, q) {
  out <- matrix(1, length(t), q)
  if (q > 1) out[, 2] <- t
  for (d in seq_len(max(0, q - 2)) + 2) out[, d] <- 2 * t * out[, d - 1] - out[, d - 2]
  out
}

# length(x) x length(nodes) values of the Lagrange polynomials of chebyshev_nodes(), by the discrete
# orthogonality of Chebyshev polynomials at them.
lagrange_values <- function(x, nodes) {
  q <- length(nodes)
  chebyshev_columns(x, q) %*% (chebyshev_values(nodes, q) * (c(1, rep(2, q - 1)) / q))
}

# The 4 x 4 map of moments of a cell to those of the cell of twice the width that holds it: with t
# the place in the half and s that in the whole, T_d(s) = sum_j map[d, j] T_j(t).
# s = (t - 1) / 2 in the left half, (t + 1) / 2 in the right.
child_to_parent <- function(right) {
  t <- chebyshev_nodes(4)
  s <- if (right) (t + 1) / 2 else (t - 1) / 2
  chebyshev_values(s, 4) %*% solve(chebyshev_values(t, 4))
}
