# Thin plate splines of one covariate (the default basis of s()) are sums of |x - knot|^3 over up to
# 2000 knots, so they are cubics between knots. Cumulated sums of the coefficients give these cubics and
# spare the sum over all knots at every point: ten times faster, equal to about 1e-12.

# A smooth of mgcv, or one with a faster Predict.matrix() where that gives the same.
with_cubics <- function(sm) {
  if (length(sm$margin)) sm$margin <- lapply(sm$margin, with_cubics)
  if (!identical(class(sm)[1], "tprs.smooth") || sm$dim != 1 || !sm$p.order[1] %in% c(0, 2) || isTRUE(sm$drop.null > 0)) return(sm)
  fast <- sm
  class(fast) <- c("covary_cubics", class(sm))
  # Not all versions of mgcv need to store the basis in the same way.
  ends <- range(sm$Xu)
  x <- as.vector(sm$shift) + ends[1] + diff(ends) * c(-0.1, 0.31, 0.57, 1.1)
  data <- stats::setNames(list(x), sm$term)
  basis <- mgcv::Predict.matrix(sm, data)
  gap <- tryCatch(max(abs(Predict.matrix.covary_cubics(fast, data) - basis)), error = function(e) Inf)
  if (isTRUE(gap < 1e-9 * max(abs(basis)))) fast else sm
}

#' @rawNamespace S3method(mgcv::Predict.matrix, covary_cubics)
Predict.matrix.covary_cubics <- function(object, data) {
  x <- as.double(data[[object$term]]) - as.vector(object$shift)
  m <- length(object$Xu)
  all <- matrix(object$UZ, ncol = object$bs.dim)
  order <- order(object$Xu)
  knots <- object$Xu[order]
  u <- all[order, , drop = FALSE]
  # In units of half the range, about its middle: powers of the knots stay at most 1.
  middle <- (knots[1] + knots[m]) / 2
  half <- max(knots[m] - middle, .Machine$double.xmin)
  knots <- (knots - middle) / half
  z <- (x - middle) / half
  piece <- findInterval(z, knots) + 1
  # sum u |z - k|^3 is twice that over the knots to the left of z, less that over all, without absolute values
  k <- ncol(u)
  left <- apply(rbind(0, cbind(u, u * knots, u * knots^2, u * knots^3)), 2, cumsum)
  powers <- (2 * left - rep(left[m + 1, ], each = m + 1))[piece, , drop = FALSE]
  at <- function(d) powers[, d * k + seq_len(k), drop = FALSE]
  out <- ((at(0) * z - 3 * at(1)) * z + 3 * at(2)) * z - at(3)
  out * (half^3 / 12) + cbind(1, x) %*% all[m + 1:2, , drop = FALSE]
}
