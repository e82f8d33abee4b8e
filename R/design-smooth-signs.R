# The signs of the columns of a smooth, whatever the BLAS.

# From the largest values of the covariates down; matrices count by their first column.
order_of_points <- function(data) {
  first <- lapply(data, function(v) if (is.matrix(v)) v[, 1] else xtfrm(v))
  do.call(order, c(unname(first), list(decreasing = TRUE)))
}

# smooth2random() takes its columns from an eigendecomposition, whose signs are those of rounding.
# They are turned so that each column is positive at the first point, from the largest covariates
# down, where it is at least half as large as anywhere; x: the columns before, place: that order.
with_signs <- function(random, x, place) {
  if (is.null(random) || isTRUE(random$fixed)) {
    return(random)
  }
  if (!is.null(random$trans.U)) x <- x %*% random$trans.U
  sign_of <- function(v) {
    v <- v[place]
    v[match(TRUE, abs(v) > max(abs(v)) / 2, 1L)]
  }
  random$trans.D <- random$trans.D * ifelse(apply(x, 2, sign_of) < 0, -1, 1)
  random
}
