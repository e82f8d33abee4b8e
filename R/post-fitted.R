#' Fitted values, residuals and likelihood
#'
#' @param object A fit of [covary()].
#' @param dpar `"mu"` (default), `"sigma"` or `"rho"`.
#' @param resp A response, or a pair `"a:b"`; `NULL` (default) for all.
#' @param type `"raw"` (default): response minus mean. `"pearson"`: divided by the fitted standard
#'   deviation. `"whitened"`: multiplied by the inverse of the Cholesky factor of the fitted
#'   covariance matrix of the row (responses in their order), so that all values are independent
#'   N(0, 1) if the model is right; the first response is as in `"pearson"`. Rows that lack some
#'   response have those of the others, whitened alone. Of responses with margins they are those of
#'   the transformed responses, at the posterior means of the parameters of margins.
#' @param newdata `NULL` (default) for the rows of the fit, or a data frame with the covariates, as
#'   in [posterior_epred.covary()].
#' @inheritParams posterior_predict.covary
#' @param ... Not used.
#' @return
#' * `fitted()`: N x K matrix of posterior means of `dpar`, or a vector of N for one response
#'   of several given by `resp`. For `"rho"`, a column a pair. Standard deviations and correlations
#'   are marginal, whatever the predictors of the model are.
#' * `sigma()`: N x K matrix of fitted standard deviations, the same as `fitted(dpar = "sigma")`.
#'   They vary with covariates, so this is never a single number.
#' * `residuals()`: N x K matrix, `NA` where a response is missing. Rows that were dropped from the
#'   fit do not appear.
#' * `logLik()`: log likelihood (nats, weights included) at the posterior mean of the coefficients.
#'   Its attribute `df` is the effective number of parameters: twice this value minus twice the
#'   posterior mean of the log likelihood over the draws, or over 400 and more of them if there are
#'   many cells (Spiegelhalter, Best, Carlin and van der Linde 2002,
#'   \doi{10.1111/1467-9868.00353}). To compare models prefer [loo.covary()].
#' @section Errors:
#' `covary_error_argument`.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' head(fitted(fit))
#' head(sigma(fit))
#' cor(residuals(fit, "whitened"))
#' logLik(fit)
#' @importFrom stats fitted
#' @export
fitted.covary <- function(
  object, dpar = "mu", resp = NULL,
  exclude = NULL, re_formula = NULL, ..., newdata = NULL
) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  object <- leave_out(object, exclude, re_formula)
  keys <- find_keys(object, check_dpar(dpar), resp)
  if (is.null(newdata)) {
    out <- marginal_means(new_marginals(object, keys))
    labels <- row_labels_or_numbers(object)
  } else {
    of <- function(key) {
      p <- object$design$predictors[[key]]
      colMeans(posterior_epred(object, newdata, dpar = p$dpar, resp = unit_label(p$resp)))
    }
    out <- do.call(cbind, lapply(keys, of))
    labels <- row.names(as.data.frame(newdata))
  }
  dimnames(out) <- list(labels, key_labels(object, keys))
  if (is.null(resp)) out else out[, 1]
}

#' @rdname fitted.covary
#' @importFrom stats sigma
#' @export
sigma.covary <- function(object, newdata = NULL, resp = NULL, ...) {
  check_dots(...)
  stats::fitted(object, dpar = "sigma", resp = resp, newdata = newdata)
}

#' @rdname fitted.covary
#' @importFrom stats residuals
#' @export
residuals.covary <- function(object, type = c("raw", "pearson", "whitened"), resp = NULL, ...) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  type <- check_choice(type, c("raw", "pearson", "whitened"), "type")
  if (type == "whitened") object <- without_margins(object)
  average <- function(role) marginal_means(new_marginals(object, role_keys(object, role)))
  out <- object$frame$y - average("mean")
  dimnames(out) <- list(row_labels_or_numbers(object), object$responses)
  if (type != "raw") out <- out / average("sd")
  if (type == "whitened" && ncol(out) > 1) {
    cor <- marginal_means(new_marginals(object, role_keys(object, "correlation", object$pairs)))
    out[] <- whiten_observed(out, cor)
  }
  if (is.null(resp)) out else out[, choose_responses(object, resp)]
}

# The same as whiten_rows() for rows that lack some residuals: those that they have, alone.
whiten_observed <- function(z, cor) {
  pairs <- lower_pairs(ncol(z), diagonal = FALSE)
  pairs <- pairs[order(pairs[, 1], pairs[, 2]), , drop = FALSE]
  each_kind(z, function(rows, at) {
    among <- pairs[, 1] %in% at & pairs[, 2] %in% at
    z[rows, at] <<- whiten_rows(z[rows, at, drop = FALSE], cor[rows, among, drop = FALSE])
  })
  z
}

# Residuals z (N x K) divided by their sds, made independent of those before (eq. 33): L^-1 z with
# the Cholesky factor L of the correlations of each row. cor: N x pairs, in the order of
# response_pairs(). What the responses before leave is kept away from zero.
whiten_rows <- function(z, cor) {
  k <- ncol(z)
  at <- matrix(0, k, k)
  at[upper.tri(at)] <- seq_len(k * (k - 1) / 2) # by column, as the pairs are
  chol <- matrix(list(), k, k)
  for (i in seq_len(k)) {
    left <- rep(1, nrow(z))
    for (j in seq_len(i - 1)) {
      v <- cor[, at[j, i]]
      for (l in seq_len(j - 1)) v <- v - chol[[i, l]] * chol[[j, l]]
      chol[[i, j]] <- v / chol[[j, j]]
      left <- left - chol[[i, j]]^2
      z[, i] <- z[, i] - chol[[i, j]] * z[, j]
    }
    chol[[i, i]] <- sqrt(pmax(left, .Machine$double.eps))
    z[, i] <- z[, i] / chol[[i, i]]
  }
  z
}
