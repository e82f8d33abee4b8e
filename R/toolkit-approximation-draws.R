# Draws of approximations in the formats of package posterior.

# Matrix of draws (S x p): parameters, log density and, of the draws in the fit, log approximation.
# `lp`: evaluate the density at all draws, where the fit has looked at some of them only
draws_of <- function(x, ndraws = NULL, lp = FALSE) {
  check_approximation(x, "x")
  check_flag(lp, "lp")
  theta <- free_draws(x, ndraws)
  out <- constrain(x$target, theta)
  constant <- if (is.null(x$target$constant)) 0 else x$target$constant
  known <- if (is.null(ndraws)) x$lp
  if (lp) known <- complete_lp(x$target, theta, known)
  if (!is.null(known)) out <- cbind(out, lp__ = known + constant)
  if (is.null(ndraws) && !is.null(x$lq)) out <- cbind(out, lp_approx__ = x$lq)
  out
}

# Log densities (S) at free numbers theta (S x dim), of which some or none are `known`.
complete_lp <- function(target, theta, known = NULL) {
  if (is.null(known)) known <- rep(NA_real_, nrow(theta))
  lacking <- is.na(known)
  if (any(lacking)) known[lacking] <- density_at(target, theta[lacking, , drop = FALSE])$value
  known
}

#' @rdname approximation
#' @importFrom posterior as_draws as_draws_matrix as_draws_array as_draws_df as_draws_list
#'   as_draws_rvars
#' @export
as_draws_matrix.covary_approximation <- function(x, ndraws = NULL, ..., lp = FALSE) {
  check_dots(...)
  posterior::as_draws_matrix(draws_of(x, ndraws, lp))
}

#' @rdname approximation
#' @export
as_draws_array.covary_approximation <- function(x, ndraws = NULL, ..., lp = FALSE) {
  check_dots(...)
  check_approximation(x, "x")
  draws <- draws_of(x, ndraws, lp)
  if (is.null(x$chain) || !is.null(ndraws)) {
    return(posterior::as_draws_array(posterior::as_draws_matrix(draws)))
  }
  chains <- unique(x$chain)
  out <- array(
    draws, c(nrow(draws) / length(chains), length(chains), ncol(draws)),
    list(NULL, NULL, colnames(draws))
  )
  posterior::as_draws_array(out)
}

#' @rdname approximation
#' @export
as_draws.covary_approximation <- function(x, ndraws = NULL, ..., lp = FALSE) {
  check_dots(...)
  as_draws_array(x, ndraws, lp = lp)
}

#' @rdname approximation
#' @export
as_draws_df.covary_approximation <- function(x, ndraws = NULL, ..., lp = FALSE) {
  check_dots(...)
  posterior::as_draws_df(as_draws_array(x, ndraws, lp = lp))
}

#' @rdname approximation
#' @export
as_draws_list.covary_approximation <- function(x, ndraws = NULL, ..., lp = FALSE) {
  check_dots(...)
  posterior::as_draws_list(as_draws_array(x, ndraws, lp = lp))
}

#' @rdname approximation
#' @export
as_draws_rvars.covary_approximation <- function(x, ndraws = NULL, ..., lp = FALSE) {
  check_dots(...)
  posterior::as_draws_rvars(as_draws_array(x, ndraws, lp = lp))
}

#' @export
as.matrix.covary_approximation <- function(x, ...) {
  check_dots(...)
  check_approximation(x, "x")
  out <- draws_of(x)
  out[, setdiff(colnames(out), c("lp__", "lp_approx__")), drop = FALSE]
}

#' @export
as.data.frame.covary_approximation <- function(x, row.names = NULL, optional = FALSE, ...) {
  check_dots(...)
  as.data.frame(as.matrix(x))
}

#' Predictions from a fitted regression
#'
#' @param object A fit to a [linear_regression()] target.
#' @param newdata A data frame with the predictors, and the columns of offsets, if any.
#' @param interval Probability of the intervals.
#' @param ... Not used.
#' @return A data frame with a row for each of `newdata`: its columns, then `estimate`, `sd`,
#'   `lower` and `upper` of the regression line (with offsets), and bounds for a new observation,
#'   `predict_lower` and `predict_upper`; `NA` where a predictor is missing. Columns of these names
#'   in `newdata` are replaced.
#' @section Errors: `covary_error_newdata` for columns that are missing or of another kind, and
#'   for regressions in which a row's predictors depend on the other rows;
#'   `covary_error_new_level`; `covary_error_infinite`.
#' @examples
#' fit <- advi(linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50)))
#' predict(fit, data.frame(wt = 2:4))
#' @export
predict.covary_approximation <- function(object, newdata, interval = 0.95, ...) {
  check_dots(...)
  check_approximation(object)
  own <- object$target$blueprint
  if (is.null(own)) {
    stop_covary("argument",
      "Only fits to linear_regression() can predict; the target of this one: ",
      object$target$label, ".",
      fields = list(arg = "object")
    )
  }
  check_number(interval, "interval", 0, 1, open = TRUE)
  if (missing(newdata)) {
    stop_covary("newdata",
      "`newdata` is missing: the fit keeps sums, not rows. Give a data frame with the predictors.",
      fields = list(arg = "newdata")
    )
  }
  rows <- regression_rows(own, newdata)
  draws <- as.matrix(object)
  line <- draws[, seq_len(own$size), drop = FALSE] %*% t(rows$x)
  line <- line + rep(rows$offset, each = nrow(draws))
  new <- line + draws[, own$size + 1] * matched_noise(nrow(draws), 1)[, 1]
  p <- c((1 - interval) / 2, (1 + interval) / 2)
  a <- column_quantiles(line, p)
  b <- column_quantiles(new, p)
  out <- data.frame(
    estimate = colMeans(line), sd = column_sds(line), lower = a[, 1],
    upper = a[, 2], predict_lower = b[, 1], predict_upper = b[, 2]
  )
  cbind(newdata[setdiff(names(newdata), names(out))], out)
}
