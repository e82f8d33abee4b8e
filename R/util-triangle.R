# The lower triangle of a k x k matrix as a vector of k (k + 1) / 2 numbers: by columns, diagonal
# included. Scatters, Cholesky factors and pairs of responses are in this order everywhere, also in
# the C core. For k = 3 the places are
#   1 2 3
#   2 4 5
#   3 5 6

triangle_size <- function(k) k * (k + 1) / 2

# k x k integers: the place of entry (i, j), and of (j, i), in the vector.
lower_places <- function(k) symmetric_matrix(seq_len(triangle_size(k)), k)

# A row an entry, in the order of the vector: its row i and its column j <= i.
lower_pairs <- function(k, diagonal = TRUE) which(lower.tri(diag(k), diagonal), arr.ind = TRUE)

lower_triangle <- function(a) a[lower.tri(a, TRUE)]

# The k x k lower triangular matrix with this lower triangle.
lower_matrix <- function(triangle, k) {
  out <- matrix(0L, k, k)
  out[lower.tri(out, TRUE)] <- triangle
  out
}

# The symmetric k x k matrix with this lower triangle.
symmetric_matrix <- function(triangle, k) {
  lower <- lower_matrix(triangle, k)
  above <- upper.tri(lower)
  lower[above] <- t(lower)[above]
  lower
}
