#' Fitted correlations and covariances at given covariates
#'
#' Marginal correlations and covariances of the responses, whatever the predictors of the model are.
#' Of responses with [margins] correlations are those of the transformed responses, and covariances
#' those of the responses themselves, by Gauss-Hermite quadrature with 11 nodes in each direction.
#'
#' @inheritParams posterior_predict.covary
#' @param resp Which pairs: `NULL` (default) for all; pairs `"a:b"`, one or several; or responses,
#'   for all pairs among them, as in `c("a", "b", "c")`.
#' @param interval,prob Probability of the central interval; default 0.95. Two names of one
#'   argument.
#' @param draws `TRUE` for draws in place of summaries.
#' @param ... Arguments of methods.
#' @return A data frame, N rows for every pair of responses: the columns of `newdata`, `pair`
#'   (`"a:b"`; of a covariance also `"a:a"`, the variance), `estimate` (posterior mean), `sd`,
#'   `lower`, `upper`, `extrapolated`, as in [predict.covary()]. Covariances are in the units of the
#'   responses. With `draws = TRUE`, an S x N x K x K array of the correlation or covariance
#'   matrices of the K responses in `resp`.
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
  object, newdata = NULL, resp = NULL, interval = prob, draws = FALSE, ndraws = NULL,
  draw_ids = NULL,
  exclude = NULL, re_formula = NULL, ..., prob = 0.95
) {
  check_one_name(!missing(prob) && !missing(interval))
  check_fit(object, margins = TRUE)
  check_dots(...)
  object <- leave_out(object, exclude, re_formula)
  if (length(object$responses) < 2) {
    stop_covary("argument", "The fit has one response, '", object$responses,
      "'; a correlation needs two.",
      fields = list(arg = "object")
    )
  }
  pairs <- choose_pairs(object, resp)
  draw_ids <- choose_draws(object, ndraws, draw_ids)
  pair_summaries(object, newdata, pairs, interval, draws, draw_ids, FALSE)
}

#' @rdname correlation
#' @export
covariance.covary <- function(
  object, newdata = NULL, resp = NULL, interval = prob, draws = FALSE, ndraws = NULL,
  draw_ids = NULL,
  exclude = NULL, re_formula = NULL, ..., prob = 0.95
) {
  check_one_name(!missing(prob) && !missing(interval))
  check_fit(object, margins = TRUE)
  check_dots(...)
  object <- leave_out(object, exclude, re_formula)
  pairs <- choose_pairs(object, resp, TRUE)
  draw_ids <- choose_draws(object, ndraws, draw_ids)
  pair_summaries(object, newdata, pairs, interval, draws, draw_ids, TRUE)
}

# Pairs of labels, variances (`a:a`) first where they are wanted: those named, or all of the
# responses named.
choose_pairs <- function(fit, resp, variances = FALSE) {
  resp <- check_names(resp, "resp")
  named <- strsplit(as.character(resp), ":", fixed = TRUE)
  if (length(resp) && all(lengths(named) == 2)) {
    pairs <- lapply(named, function(pair) {
      fit$responses[sort(match(
        match_responses(fit, pair), fit$responses
      ))]
    })
    equal <- vapply(pairs, function(pair) pair[1] == pair[2], TRUE)
    if (any(equal) && !variances) stop_no_pair(resp[equal])
    return(unique(pairs))
  }
  responses <- fit$responses[fit$responses %in% choose_responses(fit, resp)]
  pairs <- response_pairs(responses)
  if (length(pairs) == 0 && !variances) stop_no_pair(resp)
  c(if (variances) lapply(responses, function(label) c(label, label)), pairs)
}

stop_no_pair <- function(resp) {
  stop_covary("argument", "A correlation is of two responses; `resp` is ",
    enumerate(resp), ". Write \"a:b\" or c(\"a\", \"b\").",
    fields = list(arg = "resp")
  )
}

pair_summaries <- function(fit, newdata, pairs, interval, draws, draw_ids, scaled) {
  check_interval(interval, "prob")
  check_flag(draws, "draws")
  labels <- fit$responses[fit$responses %in% unlist(pairs)]
  if (draws) pairs <- choose_pairs(fit, labels, scaled)
  behind <- lapply(pairs, function(pair) {
    unique(unlist(lapply(pair_parts(fit, pair, scaled), marginal_keys, fit = fit)))
  })
  newdata <- prepare_newdata(fit, newdata, unique(unlist(behind)))
  keys <- unique(unlist(lapply(pairs, pair_parts, fit = fit, scaled = scaled)))
  m <- new_marginals(fit, keys, newdata, draw_ids)
  margins <- if (scaled) m$margins
  if (scaled) m$margins <- NULL
  values <- function(rows = NULL) {
    at <- marginal_values(m, rows = rows)
    lapply(pairs, function(pair) {
      if (!any(pair %in% names(fit$margins)) || !scaled) {
        return(Reduce(`*`, at[pair_parts(fit, pair, scaled)]))
      }
      restored_covariance(
        margins[match(pair, fit$responses)], at[role_keys(fit, "mean", pair)],
        at[role_keys(fit, "sd", pair)],
        if (pair[1] != pair[2]) at[[role_keys(fit, "correlation", list(pair))]]
      )
    })
  }
  if (draws) {
    return(pair_array(values, m, pairs, labels, row_labels(fit, newdata)))
  }
  columns <- newdata_columns(fit, newdata, "pair")
  names <- vapply(pairs, unit_label, "")
  parts <- summarise_rows(values, names, m$n, m$s, interval)
  if (scaled) warn_long_tail(parts, interval)
  join_parts(columns, Map(function(out, label, behind) {
    out <- out[m$index, , drop = FALSE]
    row.names(out) <- NULL
    marks <- mark_extrapolated(fit, newdata, out, behind)
    cbind(pair = rep(label, nrow(out)), out, extrapolated = marks)
  }, parts, names, behind))
}

# Keys of the parameters whose product is a correlation, or a covariance (`scaled`); with the means,
# on which covariances of responses that have margins depend.
pair_parts <- function(fit, pair, scaled) {
  c(
    if (scaled && any(pair %in% names(fit$margins))) role_keys(fit, "mean", unique(pair)),
    if (scaled) role_keys(fit, "sd", pair),
    if (pair[1] != pair[2]) role_keys(fit, "correlation", list(pair))
  )
}

# S x N x K x K draws of matrices, blocks of rows at a time.
pair_array <- function(values, m, pairs, labels, rows) {
  k <- length(labels)
  n <- length(m$index)
  out <- array(1, c(m$s, n, k, k), list(NULL, rows, labels, labels))
  for (block in in_blocks(m$n, m$s * length(pairs))) {
    at <- values(block)
    here <- which(m$index %in% block)
    from <- match(m$index[here], block)
    for (l in seq_along(pairs)) {
      value <- at[[l]][, from, drop = FALSE]
      out[, here, pairs[[l]][1], pairs[[l]][2]] <- value
      out[, here, pairs[[l]][2], pairs[[l]][1]] <- value
    }
  }
  out
}
