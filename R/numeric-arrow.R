# Symmetric matrices in the shape of an arrow: a dense head, and levels of a factor that meet the
# head and themselves but no other level (src/arrow.h; mathematics vignette, eq. 48). Entries
# between two levels are zero, or, of an inverse, not kept.

# head   h x h
# border h x effects
# block  size^2 x levels
# shape  list(head: numbers of the coefficients of the head, level: size x levels, those of levels)
new_arrow <- function(head, border, block, shape) {
  structure(list(head = head, border = border, block = block, shape = shape),
    class = "covary_arrow"
  )
}

new_arrow_shape <- function(head, level) {
  storage.mode(level) <- "integer"
  list(head = as.integer(head), level = level)
}

validate_arrow <- function(x) {
  h <- length(x$shape$head)
  size <- nrow(x$shape$level)
  levels <- ncol(x$shape$level)
  stopifnot(
    identical(sort(c(x$shape$head, as.vector(x$shape$level))), seq_len(h + size * levels)),
    identical(dim(x$head), c(h, h)), identical(dim(x$border), c(h, size * levels)),
    identical(dim(x$block), c(size * size, levels))
  )
  x
}

arrow_parts <- c("head", "border", "block")

# The entries of a dense matrix that an arrow keeps.
arrow_of <- function(m, shape) {
  effects <- as.vector(shape$level)
  block <- vapply(seq_len(ncol(shape$level)), function(l) {
    as.vector(m[shape$level[, l], shape$level[, l]])
  }, numeric(nrow(shape$level)^2))
  new_arrow(
    m[shape$head, shape$head, drop = FALSE], m[shape$head, effects, drop = FALSE],
    matrix(block, nrow(shape$level)^2), shape
  )
}

# A dense matrix in the shape of another, which is an arrow or dense as well.
as_shaped <- function(m, like) {
  if (inherits(like, "covary_arrow")) arrow_of(m, like$shape) else m
}

#' @export
dim.covary_arrow <- function(x) rep(length(x$shape$head) + length(x$shape$level), 2)

#' @export
as.matrix.covary_arrow <- function(x, ...) {
  check_dots(...)
  d <- dim(x)[1]
  out <- matrix(0, d, d)
  head <- x$shape$head
  effects <- as.vector(x$shape$level)
  out[head, head] <- x$head
  out[head, effects] <- x$border
  out[effects, head] <- t(x$border)
  for (l in seq_len(ncol(x$shape$level))) {
    at <- x$shape$level[, l]
    out[at, at] <- x$block[, l]
  }
  out
}

# Arrows of one shape, and numbers: +, -, *, /
#' @export
Ops.covary_arrow <- function(e1, e2) {
  f <- get(.Generic)
  arrow <- if (inherits(e1, "covary_arrow")) e1 else e2
  for (part in arrow_parts) {
    arrow[[part]] <- if (missing(e2)) {
      f(e1[[part]])
    } else {
      f(
        if (inherits(e1, "covary_arrow")) e1[[part]] else e1,
        if (inherits(e2, "covary_arrow")) e2[[part]] else e2
      )
    }
  }
  arrow
}

# Sum of the entries, those of the border twice.
#' @export
sum.covary_arrow <- function(..., na.rm = FALSE) {
  x <- list(...)[[1]]
  sum(x$head) + 2 * sum(x$border) + sum(x$block)
}

# Places of the diagonal in the blocks
block_diagonal <- function(size) seq.int(1, size^2, by = size + 1)

# Diagonal of a symmetric matrix, dense or an arrow.
diagonal <- function(a) UseMethod("diagonal")

#' @export
diagonal.default <- function(a) diag(a)

#' @export
diagonal.covary_arrow <- function(a) {
  out <- numeric(dim(a)[1])
  out[a$shape$head] <- diag(a$head)
  out[a$shape$level] <- a$block[block_diagonal(nrow(a$shape$level)), ]
  out
}

# a with v added to its diagonal
add_diagonal <- function(a, v) UseMethod("add_diagonal")

#' @export
add_diagonal.default <- function(a, v) {
  at <- seq.int(1, length(a), length.out = nrow(a))
  a[at] <- a[at] + v
  a
}

#' @export
add_diagonal.covary_arrow <- function(a, v) {
  v <- rep_len(v, dim(a)[1])
  a$head <- add_diagonal(a$head, v[a$shape$head])
  on <- block_diagonal(nrow(a$shape$level))
  a$block[on, ] <- a$block[on, ] + v[a$shape$level]
  a
}

# a x for a vector x
symmetric_times <- function(a, x) UseMethod("symmetric_times")

#' @export
symmetric_times.default <- function(a, x) as.vector(a %*% x)

#' @export
symmetric_times.covary_arrow <- function(a, x) {
  size <- nrow(a$shape$level)
  head <- x[a$shape$head]
  effects <- x[a$shape$level]
  own <- 0
  for (k in seq_len(size)) {
    column <- a$block[seq_len(size) + size * (k - 1), , drop = FALSE]
    own <- own + column * rep(x[a$shape$level[k, ]], each = size)
  }
  out <- numeric(length(x))
  out[a$shape$head] <- as.vector(a$head %*% head + a$border %*% effects)
  out[a$shape$level] <- as.vector(own) + as.vector(crossprod(a$border, head))
  out
}

# The factor of an arrow (class covary_arrow_factor) with the matrix, `precision`, or NULL where it
# is not positive definite.
#' @export
chol_or_null.covary_arrow <- function(h) {
  factor <- .Call(C_arrow_factor, h, simd_level())
  if (!is.null(factor)) {
    factor$precision <- h
    class(factor) <- "covary_arrow_factor"
  }
  factor
}

# Pivots of a factor: their product is the root of the determinant.
factor_diagonal <- function(factor) UseMethod("factor_diagonal")

#' @export
factor_diagonal.default <- function(factor) diag(factor)

#' @export
factor_diagonal.covary_arrow_factor <- function(factor) {
  c(diag(factor$head), factor$block[block_diagonal(nrow(factor$shape$level)), ])
}

#' @export
precision_from.covary_arrow_factor <- function(chol_precision) chol_precision$precision

# The inverse of a precision from its factor; of an arrow the entries within its shape, with the
# factor.
covariance_of <- function(chol_precision) UseMethod("covariance_of")

#' @export
covariance_of.default <- function(chol_precision) chol2inv(chol_precision)

#' @export
covariance_of.covary_arrow_factor <- function(chol_precision) {
  out <- .Call(C_arrow_invert, chol_precision)
  out$chol_precision <- chol_precision
  out
}

# The precision of a covariance, 100 I where it has none.
precision_of <- function(cov) UseMethod("precision_of")

#' @export
precision_of.default <- function(cov) attempt(solve_spd(cov), scaled_identity(cov, 100))

#' @export
precision_of.covary_arrow <- function(cov) precision_from(cov$chol_precision)

# covariance_of() times a vector
covariance_times <- function(cov, x) UseMethod("covariance_times")

#' @export
covariance_times.default <- function(cov, x) as.vector(cov %*% x)

#' @export
covariance_times.covary_arrow <- function(cov, x) solve_chol(cov$chol_precision, x)

# value I, of the shape of a matrix
scaled_identity <- function(like, value) UseMethod("scaled_identity")

#' @export
scaled_identity.default <- function(like, value) diag(value, nrow(like))

#' @export
scaled_identity.covary_arrow <- function(like, value) {
  for (part in arrow_parts) like[[part]][] <- 0
  add_diagonal(new_arrow(like$head, like$border, like$block, like$shape), value)
}

#' @export
solve_chol.covary_arrow_factor <- function(chol_precision, g) {
  out <- .Call(C_arrow_solve, chol_precision, as.matrix(g), FALSE)
  if (is.matrix(g)) out else as.vector(out)
}

#' @export
gaussian_moves.covary_arrow_factor <- function(chol_precision, z) {
  .Call(C_arrow_solve, chol_precision, z, TRUE)
}

# An arrow that is not safely positive definite gets more on its diagonal, as much as it needs.
#' @export
robust_factor.covary_arrow <- function(h, least = 0.05) {
  size <- max(abs(diagonal(h)))
  if (!is.finite(size)) stop_covary("numerics", "The curvature of the posterior is not finite.")
  for (more in c(0, least, size * 10^(-6:2))) {
    precision <- if (more > 0) add_diagonal(h, more) else h
    factor <- chol_or_null(precision)
    if (is_well_conditioned(factor)) {
      return(list(precision = precision, chol_precision = factor))
    }
  }
  stop_indefinite()
}

#' @export
without_cross_blocks.covary_arrow <- function(h, first) {
  if (is.null(first)) {
    return(h)
  }
  head <- first[h$shape$head]
  own <- first[h$shape$level[, 1]]
  h$head[outer(head, head, "!=")] <- 0
  h$border[outer(head, first[h$shape$level], "!=")] <- 0
  h$block[outer(own, own, "!="), ] <- 0
  h
}
