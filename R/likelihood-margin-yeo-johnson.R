# Powers of Yeo and Johnson, for responses of either sign.

#' @rdname margins
#' @export
yeo_johnson <- function(lambda = NULL, scale = NULL) {
  value <- c(lambda = margin_parameter(lambda, "lambda", -18, 20))
  if (!is.null(scale)) check_number(scale, "scale", 0, Inf, open = TRUE)
  new_margin("yeo_johnson", value, if (is.null(scale)) NA else scale)
}

# Both halves are a power of 1 + |u|, of lambda and of 2 - lambda.
half_power <- function(side, lambda) 1 + side * (lambda - 1)

#' @export
margin_curve.covary_margin_yeo_johnson <- function(margin, u, p) {
  side <- ifelse(u < 0, -1, 1)
  side * power_of_log(log1p(abs(u)), half_power(side, p$lambda))
}

#' @export
margin_inverse.covary_margin_yeo_johnson <- function(margin, t, p) {
  side <- ifelse(t < 0, -1, 1)
  side * expm1(log_of_power(abs(t), half_power(side, p$lambda)))
}

#' @export
margin_log_slope.covary_margin_yeo_johnson <- function(margin, u, p) {
  side <- ifelse(u < 0, -1, 1)
  (half_power(side, p$lambda) - 1) * log1p(abs(u))
}

#' @export
margin_limits.covary_margin_yeo_johnson <- function(margin, p) {
  l <- p$lambda
  list(lower = ifelse(l > 2, 1 / (2 - l), -Inf), upper = ifelse(l < 0, -1 / l, Inf))
}

#' @export
margin_settings.covary_margin_yeo_johnson <- function(margin) {
  data.frame(start = 1, lower = -4, upper = 6, row.names = "lambda")
}

#' @export
margin_of_data.covary_margin_yeo_johnson <- function(margin, y) {
  if (is.na(margin$scale)) margin$scale <- signif(stats::sd(y, na.rm = TRUE), 2)
  if (!isTRUE(margin$scale > 0)) margin$scale <- 1
  margin$centre <- rounded_median(y, margin$scale)
  margin
}
