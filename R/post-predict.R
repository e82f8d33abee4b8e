#' Predicted means, standard deviations and correlations
#'
#' Posterior summaries of the parameters of the responses at given covariates: means, and marginal
#' standard deviations and correlations whatever the predictors of the model are. For intervals of
#' new responses see [predictive_interval.covary()], for draws [posterior_epred()].
#'
#' @inheritParams posterior_predict.covary
#' @param dpar One or several of `"mu"`, `"sigma"`, `"rho"`; by default all that the fit has.
#' @param resp A response or a pair `"a:b"`; `NULL` (default) for all.
#' @param type `"response"` (default), or `"link"` for the predictors themselves: log for sigma,
#'   rhobit for rho; with three or more responses those of rho are of partial correlations, see
#'   [covary()]. `"median"`: medians of the responses in place of means, and nothing else; they
#'   differ where a response has a margin (see [margins]), whose predictors are those of the
#'   transformed response, as are correlations.
#' @param given `"none"` (default), or `"observed"`: means and standard deviations of the responses
#'   given those that a row of `newdata` (or of the fit) has. A response whose column `newdata` does
#'   not have is missing in all rows; one that a row has is its own mean, with a `sigma` of zero.
#' @param interval,prob Probability of the central interval; default 0.95. Two names of one
#'   argument.
#' @return A data frame, N rows for every parameter and response: the columns of `newdata` (of the
#'   covariates of the fit if `NULL`), `dpar`, `resp` (or `"a:b"`), `estimate` (posterior mean),
#'   `sd`, `lower`, `upper`, `extrapolated` (`TRUE` where a numeric covariate is outside the range
#'   of the data). Rows with missing covariates have `NA`; no rows of `newdata` give no rows.
#'   Columns of `newdata` that have the name of a result get `.newdata` at the end of theirs.
#' @section Means and medians:
#' `estimate` is the posterior mean, as in \pkg{brms} and \pkg{rstanarm}. Far outside the data the
#' posterior of a standard deviation is lognormal with a large spread, and its mean lies above its
#' interval: a warning of class `covary_warning_long_tail` says so. Pictures and
#' [conditional_effects()] have medians, which lie inside every interval, as those of brms do.
#' @section Errors:
#' `covary_error_newdata`, `covary_error_new_level`, `covary_error_argument`.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' predict(fit, data.frame(wt = c(2, 3, 8)), dpar = "mu")
#' predict(fit, data.frame(wt = 3), dpar = "rho", type = "link")
#' predict(fit, data.frame(wt = 3, mpg = c(15, 25)), resp = "qsec", given = "observed")
#' @importFrom stats predict
#' @export
predict.covary <- function(
  object, newdata = NULL, dpar = c("mu", "sigma", "rho"), resp = NULL,
  type = c("response", "link", "median"),
  interval = prob, ndraws = NULL, draw_ids = NULL, given = c("none", "observed"),
  exclude = NULL, re_formula = NULL, ..., prob = 0.95
) {
  check_one_name(!missing(prob) && !missing(interval))
  check_fit(object, margins = TRUE)
  check_dots(...)
  object <- leave_out(object, exclude, re_formula)
  type <- check_choice(type, c("response", "link", "median"), "type")
  check_interval(interval, "prob")
  if (check_choice(given, c("none", "observed"), "given") == "observed") {
    if (type != "response") {
      stop_covary("argument", "Given observed responses there are no predictors or medians; use ",
        "type = \"response\".",
        fields = list(arg = "type")
      )
    }
    dpars <- given_dpars(object, dpar, missing(dpar))
    draw_ids <- choose_draws(object, ndraws, draw_ids)
    wanted <- choose_responses(object, resp)
    return(predict_given_observed(object, newdata, dpars, wanted, interval, draw_ids))
  }
  if (type == "median") dpar <- median_dpar(object, dpar, missing(dpar))
  keys <- predicted_keys(object, dpar, resp, missing(dpar) && type != "median")
  behind <- stats::setNames(as.list(keys), keys)
  if (type != "link") behind <- lapply(behind, marginal_keys, fit = object)
  newdata <- prepare_newdata(object, newdata, unique(unlist(behind)))
  draw_ids <- choose_draws(object, ndraws, draw_ids)
  columns <- newdata_columns(object, newdata, c("dpar", "resp"))
  m <- new_marginals(object, keys, newdata, draw_ids, behind, type == "median")
  values <- if (type == "link") marginal_predictors else marginal_values
  parts <- summarise_rows(function(rows) values(m, rows = rows), keys, m$n, m$s, interval)
  if (type == "response") warn_long_tail(parts, interval)
  join_parts(columns, lapply(keys, function(key) {
    p <- object$design$predictors[[key]]
    out <- parts[[key]][m$index, , drop = FALSE]
    row.names(out) <- NULL
    labels <- list(
      dpar = rep(p$dpar, nrow(out)),
      resp = rep(unit_label(p$resp), nrow(out))
    )
    marks <- mark_extrapolated(object, newdata, out, behind[[key]])
    cbind(unchecked_frame(labels), out, extrapolated = marks)
  }))
}

# Of means alone a median is known.
median_dpar <- function(fit, dpar, default) {
  mean <- dpar_as(fit_likelihood(fit), "mean")$name
  if (!default && !identical(dpar, mean)) {
    stop_covary("argument", "type = \"median\" is of responses, dpar = \"", mean, "\", not ",
      describe(dpar), ".",
      fields = list(arg = "type")
    )
  }
  mean
}

# All predictors of the parameters asked for; by default those that `resp` has.
predicted_keys <- function(fit, dpar, resp, default) {
  if (default || identical(dpar, dpar_names())) {
    return(find_keys(fit, NULL, resp))
  }
  unique(unlist(lapply(dpar, function(d) find_keys(fit, check_dpar(d), resp))))
}
