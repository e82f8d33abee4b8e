#' Fitted correlations and covariances at given covariates
#'
#' @inheritParams posterior_predict.covary
#' @param interval Probability of the central interval; default 0.95.
#' @param draws `TRUE` for draws in place of summaries.
#' @param ... Arguments of methods.
#' @return A data frame, N rows for every pair of responses: the columns of `newdata`, `pair`
#'   (`"a:b"`; of a covariance also `"a:a"`, the variance), `estimate` (posterior mean), `sd`,
#'   `lower`, `upper`, `extrapolated`, as in [predict.covary()]. Covariances are in the units of the
#'   responses. With `draws = TRUE`, an S x N x K x K array of correlation or covariance matrices.
#' @section Errors:
#' `covary_error_argument` (among others, for correlations of a single response),
#' `covary_error_newdata`, `covary_error_new_level`.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' correlation(fit, data.frame(wt = c(2, 3, 4)))
#' covariance(fit, data.frame(wt = 3))
#' covariance(fit, data.frame(wt = 3), draws = TRUE)[1, 1, , ]
#' @export
correlation <- function(object, ...) UseMethod("correlation")

#' @rdname correlation
#' @export
covariance <- function(object, ...) UseMethod("covariance")

#' @export
correlation.default <- function(object, ...) {
  stop_no_method(
    object, "correlation()",
    "fits of covary()", "object"
  )
}

#' @export
covariance.default <- function(object, ...) {
  stop_no_method(
    object, "covariance()",
    "fits of covary()", "object"
  )
}

#' @rdname correlation
#' @export
correlation.covary <- function(
  object, newdata = NULL, interval = 0.95, draws = FALSE,
  ndraws = NULL, draw_ids = NULL, ...
) {
  check_fit(object)
  check_dots(...)
  if (length(object$responses) < 2) {
    stop_covary("argument", "The fit has one response, '", object$responses,
      "'; a correlation needs two.",
      fields = list(arg = "object")
    )
  }
  pair_summaries(object, newdata, interval, draws, choose_draws(object, ndraws, draw_ids), FALSE)
}

#' @rdname correlation
#' @export
covariance.covary <- function(
  object, newdata = NULL, interval = 0.95, draws = FALSE, ndraws = NULL,
  draw_ids = NULL, ...
) {
  check_fit(object)
  check_dots(...)
  pair_summaries(object, newdata, interval, draws, choose_draws(object, ndraws, draw_ids), TRUE)
}

pair_summaries <- function(fit, newdata, interval, draws, draw_ids, scaled) {
  check_interval(interval, "interval")
  check_flag(draws, "draws")
  likelihood <- fit_likelihood(fit)
  dpars <- c(if (scaled) dpars_as(likelihood, "sd"), dpars_as(likelihood, "correlation"))
  keys <- distribution_keys(fit, fit$responses, dpars)
  newdata <- prepare_newdata(fit, newdata, keys)
  e <- new_evaluation(fit, newdata, draw_ids, dpars = dpars)
  if (draws) {
    return(pair_array(e, row_labels(fit, newdata), scaled))
  }
  columns <- newdata_columns(fit, newdata, "pair")
  parts <- lapply(listed_pairs(length(fit$responses), scaled), function(at) {
    out <- summarise_rows(
      function(rows) pair_values(e, at[1], at[2], scaled, rows), e$n, e$s,
      interval
    )
    label <- unit_label(fit$responses[at])
    keys <- distribution_keys(fit, unique(fit$responses[at]), dpars)
    cbind(pair = rep(label, e$n), out, extrapolated = mark_extrapolated(fit, newdata, out, keys))
  })
  join_parts(columns, parts)
}

# Pairs (i <= j) in the order of the lower triangle by rows; variances first.
listed_pairs <- function(k, scaled) {
  equal <- if (scaled) lapply(seq_len(k), function(i) c(i, i))
  c(equal, unlist(lapply(seq_len(k)[-1], function(i) lapply(seq_len(i - 1), function(j) c(j, i))),
    recursive = FALSE
  ))
}

# S x rows draws of one correlation or covariance.
pair_values <- function(e, i, j, scaled, rows = NULL) {
  eta <- evaluation_block(e, rows = rows)
  value <- if (i == j) 1 else e$likelihood$correlation(eta, i, j)
  if (!scaled) {
    return(value)
  }
  sd <- parameters_as(e, eta, "sd")
  value * sd[[i]] * sd[[j]]
}

pair_array <- function(e, rows, scaled) {
  k <- length(e$responses)
  out <- array(1, c(e$s, e$n, k, k), list(NULL, rows, e$responses, e$responses))
  for (at in listed_pairs(k, scaled)) {
    out[, , at[1], at[2]] <- out[, , at[2], at[1]] <- pair_values(e, at[1], at[2], scaled)
  }
  out
}
