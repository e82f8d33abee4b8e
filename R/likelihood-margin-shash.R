# Sinh-arcsinh transformations, for responses of either sign with heavy or light tails.

#' @rdname margins
#' @export
shash <- function(epsilon = NULL, delta = NULL, centre = NULL, scale = NULL) {
  value <- c(
    epsilon = margin_parameter(epsilon, "epsilon", -20, 20),
    delta = margin_parameter(delta, "delta", 0.01, 20)
  )
  if (!is.null(centre)) check_number(centre, "centre")
  if (!is.null(scale)) check_number(scale, "scale", 0, Inf, open = TRUE)
  new_margin(
    "shash", value, if (is.null(scale)) NA else scale, if (is.null(centre)) NA else centre
  )
}

# Responses from the centre, in scales; u counts from zero.
from_centre <- function(margin, u) u - margin$centre / margin$scale

#' @export
margin_curve.covary_margin_shash <- function(margin, u, p) {
  sinh(p$delta * asinh(from_centre(margin, u)) - p$epsilon)
}

#' @export
margin_inverse.covary_margin_shash <- function(margin, t, p) {
  margin$centre / margin$scale + sinh((asinh(t) + p$epsilon) / p$delta)
}

#' @export
margin_log_slope.covary_margin_shash <- function(margin, u, p) {
  v <- from_centre(margin, u)
  log(p$delta) + log_cosh(p$delta * asinh(v) - p$epsilon) - 0.5 * log1p(v^2)
}

#' @export
margin_limits.covary_margin_shash <- function(margin, p) {
  none <- 0 * p$epsilon * p$delta
  list(lower = none - Inf, upper = none + Inf)
}

#' @export
margin_settings.covary_margin_shash <- function(margin) {
  data.frame(
    start = c(0, 1), lower = c(-3, 0.1), upper = c(3, 4), row.names = c("epsilon", "delta")
  )
}

#' @export
margin_of_data.covary_margin_shash <- function(margin, y) {
  if (is.na(margin$scale)) margin$scale <- signif(stats::sd(y, na.rm = TRUE), 2)
  if (!isTRUE(margin$scale > 0)) margin$scale <- 1
  if (is.na(margin$centre)) margin$centre <- rounded_median(y, margin$scale)
  margin
}
