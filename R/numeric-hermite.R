# Gauss-Hermite nodes for a standard normal: list(x, weight).
normal_nodes <- function(n) {
  off <- sqrt(seq_len(n - 1))
  jacobi <- matrix(0, n, n)
  jacobi[cbind(seq_len(n - 1), seq_len(n - 1) + 1)] <- off
  parts <- eigen(jacobi + t(jacobi), symmetric = TRUE)
  list(x = parts$values, weight = parts$vectors[1, ]^2)
}
