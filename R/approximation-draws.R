# Draws of approximations in the formats of package posterior.

draws_of <- function(x, ndraws = NULL) {
  check_approximation(x, "x")
  theta <- free_draws(x, ndraws)
  out <- constrain(x$target, theta)
  constant <- if (is.null(x$target$constant)) 0 else x$target$constant
  if (is.null(ndraws) && !is.null(x$lp)) {
    out <- cbind(out, lp__ = x$lp + constant)
    if (!is.null(x$lq)) out <- cbind(out, lp_approx__ = x$lq)
  }
  out
}

#' @rdname approximation
#' @importFrom posterior as_draws as_draws_matrix as_draws_array as_draws_df as_draws_list as_draws_rvars
#' @export
as_draws_matrix.covary_approximation <- function(x, ndraws = NULL, ...) posterior::as_draws_matrix(draws_of(x, ndraws))

#' @rdname approximation
#' @export
as_draws_array.covary_approximation <- function(x, ndraws = NULL, ...) {
  check_approximation(x, "x")
  draws <- draws_of(x, ndraws)
  if (is.null(x$chain) || !is.null(ndraws)) return(posterior::as_draws_array(posterior::as_draws_matrix(draws)))
  chains <- unique(x$chain)
  out <- array(draws, c(nrow(draws) / length(chains), length(chains), ncol(draws)), list(NULL, NULL, colnames(draws)))
  posterior::as_draws_array(out)
}

#' @rdname approximation
#' @export
as_draws.covary_approximation <- function(x, ndraws = NULL, ...) as_draws_array(x, ndraws)

#' @rdname approximation
#' @export
as_draws_df.covary_approximation <- function(x, ndraws = NULL, ...) posterior::as_draws_df(as_draws_array(x, ndraws))

#' @rdname approximation
#' @export
as_draws_list.covary_approximation <- function(x, ndraws = NULL, ...) posterior::as_draws_list(as_draws_array(x, ndraws))

#' @rdname approximation
#' @export
as_draws_rvars.covary_approximation <- function(x, ndraws = NULL, ...) posterior::as_draws_rvars(as_draws_array(x, ndraws))

#' @export
as.matrix.covary_approximation <- function(x, ...) {
  check_approximation(x, "x")
  out <- draws_of(x)
  out[, setdiff(colnames(out), c("lp__", "lp_approx__")), drop = FALSE]
}

#' @export
as.data.frame.covary_approximation <- function(x, row.names = NULL, optional = FALSE, ...) as.data.frame(as.matrix(x))

#' Predictions from a fitted regression
#'
#' @param object A fit to a [linear_regression()] target.
#' @param newdata A data frame with the predictors.
#' @param interval Probability of the intervals.
#' @param ... Not used.
#' @return A data frame: the columns of `newdata`, then mean, sd and bounds of the regression line, and bounds for a new observation.
#' @examples
#' fit <- advi(linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50)))
#' predict(fit, data.frame(wt = 2:4))
#' @export
predict.covary_approximation <- function(object, newdata, interval = 0.95, ...) {
  check_approximation(object)
  terms <- object$target$terms
  if (is.null(terms)) stop_covary("argument", "Only fits to linear_regression() can predict; this target is a ", object$target$label, ".", fields = list(arg = "object"))
  check_number(interval, "interval", 0, 1, open = TRUE)
  check_data(newdata)
  x <- tryCatch(stats::model.matrix(stats::delete.response(terms), stats::model.frame(stats::delete.response(terms), newdata, xlev = object$target$xlevels)),
    error = function(e) stop_covary("newdata", "`newdata` cannot be used: ", conditionMessage(e), ".", fields = list(arg = "newdata")))
  draws <- as.matrix(object)
  if (ncol(x) + 1 != ncol(draws)) {
    stop_covary("newdata", "`newdata` gives ", ncol(x), " columns of the model; it has ",
      ncol(draws) - 1, ". Its variables must be of the types ",
      "that were fitted.", fields = list(arg = "newdata"))
  }
  line <- draws[, seq_len(ncol(x)), drop = FALSE] %*% t(x)
  new <- line + draws[, ncol(x) + 1] * matched_noise(nrow(draws), 1)[, 1]
  p <- c((1 - interval) / 2, (1 + interval) / 2)
  bounds <- function(m) t(apply(m, 2, stats::quantile, p, names = FALSE))
  a <- bounds(line)
  b <- bounds(new)
  cbind(newdata, data.frame(estimate = colMeans(line), sd = apply(line, 2, stats::sd), lower = a[, 1], upper = a[, 2],
    predict_lower = b[, 1], predict_upper = b[, 2]))
}
