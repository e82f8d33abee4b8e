#' Posterior and predictive intervals, and the share of variance explained
#'
#' @inheritParams posterior_predict.covary
#' @param prob Probability of the central interval, between 0 and 1; default 0.9.
#' @param variable Names of variables of the draws; `NULL` (default) for coefficients and standard
#'   deviations of smooths (classes b, Intercept and sds), and parameters of [margins] that were
#'   estimated.
#' @param regex `TRUE` if `variable` holds regular expressions.
#' @param summary `FALSE` for the draws of R2 (S x K matrix).
#' @param ... Not used.
#' @return
#' * `posterior_interval()`: matrix, a row a variable, columns such as `"5%"`, `"95%"`.
#' * `predictive_interval()`: N x 2 matrix for new responses; N x 2 x K array if there are several.
#' * `bayes_R2()`: K x 4 matrix `Estimate`, `Est.Error`, `Q2.5`, `Q97.5`. For each draw, R2 is
#'   var(mu) / (var(mu) + mean(sigma^2)) over the rows, weights included (Gelman, Goodrich, Gabry
#'   and Vehtari 2019, \doi{10.1080/00031305.2018.1549100}). `NA` for a response with one row.
#' @section Errors:
#' `covary_error_argument`, `covary_error_newdata`.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, data = mtcars, draws = 500)
#' posterior_interval(fit, 0.95)
#' predictive_interval(fit, newdata = data.frame(wt = 3), resp = "mpg")
#' bayes_R2(fit)
#' @name posterior_interval.covary
#' @aliases bayes_R2.covary predictive_interval.covary
NULL

#' @rdname posterior_interval.covary
#' @export
#' @rawNamespace S3method(rstantools::posterior_interval, covary)
posterior_interval.covary <- function(object, prob = 0.9, variable = NULL, regex = FALSE, ...) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  probs <- tail_probs(prob)
  draws <- if (is.null(variable)) {
    unclass(object$draws)[, c(object$priors$name, margin_draw_names(object)), drop = FALSE]
  } else {
    as.matrix(object, variable = variable, regex = regex)
  }
  out <- column_quantiles(draws, probs)
  dimnames(out) <- list(colnames(draws), percent_names(probs))
  out
}

#' @rdname posterior_interval.covary
#' @export
#' @rawNamespace S3method(rstantools::predictive_interval, covary)
predictive_interval.covary <- function(
  object, prob = 0.9, newdata = NULL, resp = NULL,
  ndraws = NULL, draw_ids = NULL,
  exclude = NULL, re_formula = NULL, ...
) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  object <- leave_out(object, exclude, re_formula)
  probs <- tail_probs(prob)
  predicted <- posterior_predict(object, newdata, resp, ndraws, draw_ids)
  rows <- dimnames(predicted)[[2]]
  limits <- function(draws) {
    matrix(column_quantiles(draws, probs),
      ncol = 2,
      dimnames = list(rows, percent_names(probs))
    )
  }
  if (is.matrix(predicted)) {
    return(limits(predicted))
  }
  k <- dim(predicted)[3]
  out <- lapply(seq_len(k), function(i) limits(matrix(predicted[, , i], nrow(predicted))))
  array(
    unlist(out, use.names = FALSE), c(dim(predicted)[2], 2, k),
    c(dimnames(out[[1]])[1], list(percent_names(probs)), dimnames(predicted)[3])
  )
}

#' @rdname posterior_interval.covary
#' @export
#' @rawNamespace S3method(rstantools::bayes_R2, covary)
bayes_R2.covary <- function(
  object, resp = NULL, summary = TRUE, ndraws = NULL, draw_ids = NULL,
  ...
) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  check_flag(summary, "summary")
  responses <- choose_responses(object, resp)
  means <- role_keys(object, "mean", responses)
  sds <- role_keys(object, "sd", responses)
  m <- new_marginals(object, c(means, sds), NULL, choose_draws(object, ndraws, draw_ids))
  # Each response by the rows that have it.
  share <- row_weights(object$frame) * !is.na(object$frame$y[, responses, drop = FALSE])
  share <- rowsum(share / rep(colSums(share), each = nrow(share)), m$index)
  draws <- matrix(NA_real_, m$s, length(responses), dimnames = list(NULL, responses))
  for (s in in_blocks(m$s, m$n * length(responses))) {
    at <- marginal_values(m, s)
    draws[s, ] <- vapply(
      seq_along(responses),
      function(k) explained(at[[means[k]]], at[[sds[k]]], share[, k]), numeric(length(s))
    )
  }
  if (!summary) {
    return(draws)
  }
  cbind(
    Estimate = colMeans(draws), Est.Error = column_sds(draws),
    Q2.5 = column_quantiles(draws, 0.025)[, 1],
    Q97.5 = column_quantiles(draws, 0.975)[, 1]
  )
}

# Share of variance a draw: rows are draws, columns rows of data.
explained <- function(mu, sigma, share) {
  fit <- drop((mu - drop(mu %*% share))^2 %*% share)
  fit / (fit + drop(sigma^2 %*% share))
}
