# Curvature of a target, without a matrix of it: A = sd E[-H] sd is applied to vectors by
# differences of gradients, from which come solutions of A x = b and the directions of least
# curvature.

# list(dim, times: v -> A v), averaged over the columns of theta (d x n). `reach`: the largest move
# of a coordinate, in sds. `here`: the gradients at theta.
difference_curvature <- function(target, theta, sd, reach, here = gradient_at(target, theta)) {
  list(dim = length(sd), times = function(v) {
    size <- reach / max(abs(v))
    -sd * rowMeans(gradient_at(target, theta + sd * v * size) - here) / size
  })
}

# list(values, vectors (d x r)): the least eigenvalues, by Lanczos' method with blocks of r + 2
# vectors, so that eigenvalues which are nearly equal are all found
least_eigen <- function(curve, r, depth = 4) {
  d <- curve$dim
  width <- min(r + 2, d)
  q <- image <- matrix(0, d, 0)
  block <- matrix(stats::rnorm(d * width), d)
  for (i in seq_len(min(depth, d %/% width))) {
    # twice is enough
    for (j in 1:2) block <- qr.Q(qr(block - q %*% crossprod(q, block)))
    q <- cbind(q, block)
    block <- vapply(seq_len(width), function(j) curve$times(block[, j]), numeric(d))
    image <- cbind(image, block)
  }
  inner <- crossprod(q, image)
  e <- eigen((inner + t(inner)) / 2, symmetric = TRUE)
  at <- rev(seq_len(ncol(q)))[seq_len(r)]
  list(values = e$values[at], vectors = q %*% e$vectors[, at, drop = FALSE])
}

# A^-1 (d x d), of few parameters
inverse_curvature <- function(curve) {
  a <- vapply(seq_len(curve$dim), function(i) curve$times(diag(curve$dim)[, i]), numeric(curve$dim))
  chol2inv(robust_chol(matrix(a + t(a), curve$dim) / 2))
}

# A^-1 b by conjugate gradients; b itself where the curvature is not that of a maximum.
solve_curvature <- function(curve, b, most = 60, enough = 0.1) {
  x <- numeric(length(b))
  r <- p <- b
  square <- sum(r^2)
  goal <- enough^2 * square
  for (i in seq_len(min(most, curve$dim + 1))) {
    if (!(square > goal)) break
    ap <- curve$times(p)
    bend <- sum(p * ap)
    if (!isTRUE(bend > 1e-3 * sum(p^2))) {
      return(if (i == 1) b else x)
    }
    x <- x + p * (square / bend)
    r <- r - ap * (square / bend)
    now <- sum(r^2)
    p <- r + p * (now / square)
    square <- now
  }
  x
}
