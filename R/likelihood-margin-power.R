# Powers of Box and Cox.

#' Margins: responses that are normal after a transformation
#'
#' For the argument `margin` of [covary()]: which transformation of a response is normal, with its
#' parameter given or estimated.
#'
#' @section Transformations:
#' * `power()`, of positive responses (Box and Cox 1964): `y^lambda` up to location and scale;
#'   `lambda = 0` is the log, 1 none. With constant `lambda` this is the LMS method of Cole and
#'   Green (1992) with a constant L.
#' * `yeo_johnson()`, of responses of either sign (Yeo and Johnson 2000): with `u = y / scale`,
#'   `((1 + u)^lambda - 1) / lambda` where u is positive and
#'   `-((1 - u)^(2 - lambda) - 1) / (2 - lambda)` where it is negative; 1 is none. The `scale`
#'   belongs to the transformation; by default it is the standard deviation of the response, to two
#'   digits, so that units do not matter. `scale = 1` is the classical form.
#' * `shash()`, sinh-arcsinh (Jones and Pewsey 2009), of responses of either sign whose tails are
#'   heavy or light on both sides: with `v = (y - centre) / scale` it is
#'   `sinh(delta asinh(v) - epsilon)`; `epsilon = 0, delta = 1` is none, `delta` below 1 means
#'   heavier tails than the normal, a positive `epsilon` a longer tail above. `centre` and `scale`
#'   belong to the transformation; they are the median and standard deviation of the response unless
#'   given. This is a transformation of
#'   the response, the same at all covariates, as in warped Bayesian linear regression (Fraza et al.
#'   2021). It is not the family of distributions whose location and scale follow the covariates
#'   (`SHASHo()` of gamlss): where the mean moves by several standard deviations, tails far from
#'   `centre` are bent as a power bends them, and not by themselves. Where covariates explain most
#'   of the response, give the standard deviation of what they leave as `scale`, or prefer
#'   `yeo_johnson()`.
#'
#' The transformation T is moved and scaled so that `T(c) = c` and `T'(c) = 1` at a centre c of the
#' response (three digits of its geometric mean for a power, of its median else, or what `shash()`
#' was given). Transformed
#' responses then have the units of the response whatever the parameter is: coefficients and priors
#' of means are as for the response itself near its centre, and a power of 1 changes nothing.
#'
#' @section Estimation:
#' A parameter that is `NULL` is estimated with the rest of the model. Its prior is uniform between
#' -4 and 4 (`power()`) or -4 and 6 (`yeo_johnson()`), of `shash()` between -3 and 3 (`epsilon`) and
#' .1 and 4 (`delta`); its posterior is the evidence of the model given it, times the Jacobian of
#' the transformation: found at some nodes between three posterior sds on both sides of its mode,
#' each a fit of its own, and interpolated. Draws of the coefficients belong to the draw of the
#' parameter in the same row: they are those of the nearest node, moved along the path of posterior
#' means and sds between nodes. `diagnostics(fit)$margin` has the nodes. Several parameters are
#' estimated together.
#'
#' @section Results:
#' Everything after the fit is on the scale of the response: means and standard deviations are those
#' of the response itself (by Gauss-Hermite quadrature with 11 nodes over the normal transformed
#' response; nodes beyond its limit are left out), and `predict(type = "median")` has medians.
#' Centiles, intervals and simulated responses are transformed back, densities have the
#' Jacobian, so that [loo()] compares margins.
#' Exceptions are named: coefficients and [posterior_linpred()] are of the transformed response,
#' correlations ([correlation()], `rho`) of the transformed responses. What cannot answer for a
#' margin yet is an error (`covary_error_margin`).
#'
#' A power knows no responses below zero, so the transformed response has a limit on one side; a
#' normal one has none. The fit warns (`covary_warning_margin_limit`) where more than 1e-4 of the
#' distribution lies beyond it at some row. Simulated responses are drawn within the limit.
#'
#' @param lambda The power; `NULL` (default) to estimate it.
#' @param epsilon,delta Skewness and weight of the tails; `NULL` (default) to estimate them.
#' @param scale What a response is divided by before the transformation, its centre (`shash()`)
#'   taken off.
#' @param centre The response at which the transformation is the identity.
#' @return An object of class `covary_margin`.
#' @section Errors:
#' `covary_error_argument`; in [covary()] `covary_error_margin` for responses that a margin cannot
#' transform, such as values at or below zero under `power()`.
#' @references Box and Cox (1964) \doi{10.1111/j.2517-6161.1964.tb00553.x}; Yeo and Johnson (2000)
#'   \doi{10.1093/biomet/87.4.954}; Cole and Green (1992) \doi{10.1002/sim.4780111005}; Jones and
#'   Pewsey (2009) \doi{10.1093/biomet/asp053}; Fraza, Dinga, Beckmann and Marquand (2021)
#'   \doi{10.1016/j.neuroimage.2021.118715}.
#' @seealso [covary()], [loo.covary()] to compare margins.
#' @examples
#' power()
#' fit <- covary(mpg ~ wt, data = mtcars, margin = list(mpg = power(0)), draws = 500)
#' fit
#' predict(fit, data.frame(wt = 3))
#' @name margins
NULL

#' @rdname margins
#' @export
power <- function(lambda = NULL) {
  margin <- new_margin("power", c(lambda = margin_parameter(lambda, "lambda", -20, 20)))
  # stats::power() is masked: this is its link too.
  link <- stats::power(if (is.null(lambda)) 1 else lambda)
  link <- structure(link[setdiff(names(link), "name")], class = class(link))
  structure(c(unclass(margin), unclass(link)), class = c(class(margin), class(link)))
}

# (exp(l x) - 1) / l, and log(1 + l t) / l with its limits where 1 + l t is not positive
power_of_log <- function(x, l) ratio_at_zero(l * x, expm1) * x

log_of_power <- function(t, l) {
  x <- pmax(l * t, -1)
  ifelse(x == 0, t, log1p(x) / l + 0 * t)
}

# f(x) / x, 1 at 0, for functions of slope 1 there
ratio_at_zero <- function(x, f) {
  out <- f(x) / x
  out[!is.na(x) & x == 0] <- 1
  out
}

#' @export
margin_curve.covary_margin_power <- function(margin, u, p) power_of_log(log(u), p$lambda)

#' @export
margin_inverse.covary_margin_power <- function(margin, t, p) exp(log_of_power(t, p$lambda))

#' @export
margin_log_slope.covary_margin_power <- function(margin, u, p) (p$lambda - 1) * log(u)

#' @export
margin_limits.covary_margin_power <- function(margin, p) {
  l <- p$lambda
  list(lower = ifelse(l > 0, -1 / l, -Inf), upper = ifelse(l < 0, -1 / l, Inf))
}

#' @export
margin_settings.covary_margin_power <- function(margin) {
  data.frame(start = 0.5, lower = -4, upper = 4, row.names = "lambda")
}

#' @export
margin_of_data.covary_margin_power <- function(margin, y) {
  margin$scale <- margin$centre <- signif(exp(mean(log(y), na.rm = TRUE)), 3)
  margin
}

#' @export
check_margin_support.covary_margin_power <- function(margin, y, label) {
  bad <- which(y <= 0)
  if (length(bad) == 0) {
    return(invisible())
  }
  stop_covary("margin", "power() is for positive responses; '", label, "' has ", length(bad),
    " values at or below zero, the first in row ", bad[1], ". Use margin = list(", label,
    " = yeo_johnson()), or leave such rows out.",
    fields = list(arg = "margin", response = label, count = length(bad), rows = bad)
  )
}
