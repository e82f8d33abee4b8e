#' Predicted means, standard deviations and correlations
#'
#' Posterior summaries of the parameters of the responses at given covariates. For intervals of new
#' responses see [predictive_interval.covary()], for draws [posterior_epred()].
#'
#' @inheritParams posterior_predict.covary
#' @param dpar One or several of `"mu"`, `"sigma"`, `"rho"`; by default all that the fit has.
#' @param resp A response or a pair `"a:b"`; `NULL` (default) for all.
#' @param type `"response"` (default), or `"link"` for predictors: log for sigma, rhobit for rho.
#' @param interval Probability of the central interval; default 0.95.
#' @return A data frame, N rows for every parameter and response: the columns of `newdata` (of the
#'   covariates of the fit if `NULL`), `dpar`, `resp` (or `"a:b"`), `estimate` (posterior mean),
#'   `sd`, `lower`, `upper`, `extrapolated` (`TRUE` where a numeric covariate is outside the range
#'   of the data). Rows with missing covariates have `NA`; no rows of `newdata` give no rows.
#'   Columns of `newdata` that have the name of a result get `.newdata` at the end of theirs.
#' @section Errors:
#' `covary_error_newdata`, `covary_error_new_level`, `covary_error_argument`.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' predict(fit, data.frame(wt = c(2, 3, 8)), dpar = "mu")
#' predict(fit, data.frame(wt = 3), dpar = "rho", type = "link")
#' @importFrom stats predict
#' @export
predict.covary <- function(
  object, newdata = NULL, dpar = c("mu", "sigma", "rho"), resp = NULL,
  type = c("response", "link"),
  interval = 0.95, ndraws = NULL, draw_ids = NULL, ...
) {
  check_fit(object)
  check_dots(...)
  type <- check_choice(type, c("response", "link"), "type")
  check_interval(interval, "interval")
  keys <- predicted_keys(object, dpar, resp, missing(dpar))
  newdata <- prepare_newdata(object, newdata, keys)
  draw_ids <- choose_draws(object, ndraws, draw_ids)
  columns <- newdata_columns(object, newdata, c("dpar", "resp"))
  parts <- lapply(keys, function(key) {
    p <- object$design$predictors[[key]]
    at <- predictor_at(object, key, newdata, draw_ids)
    inverse <- if (type == "link") identity else dpar_of(p)$link$inverse
    once <- distinct_rows(at)
    out <- summarise_rows(
      function(rows) inverse(predictor_values(once, rows = rows)), nrow(at$x),
      nrow(at$draws), interval
    )
    out <- out[at$index, , drop = FALSE]
    row.names(out) <- NULL
    labels <- list(
      dpar = rep(p$dpar, nrow(out)),
      resp = rep(unit_label(p$resp), nrow(out))
    )
    cbind(unchecked_frame(labels), out, extrapolated = mark_extrapolated(object, newdata, out, key))
  })
  join_parts(columns, parts)
}

# All predictors of the parameters asked for; by default those that `resp` has.
predicted_keys <- function(fit, dpar, resp, default) {
  if (default || identical(dpar, dpar_names())) {
    return(find_keys(fit, NULL, resp))
  }
  unique(unlist(lapply(dpar, function(d) find_keys(fit, check_dpar(d), resp))))
}
