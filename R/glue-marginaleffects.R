# marginaleffects: predictions(), comparisons() and slopes() ask a model for its draws at rows.

#' Methods for 'marginaleffects'
#'
#' With these, `predictions()`, `comparisons()`, `slopes()` and their averages take fits of
#' [covary()]. Estimates are posterior medians, intervals are those of the draws. They take `dpar`
#' (`"mu"`, `"sigma"` or `"rho"`) and `resp`; without `resp`, several responses (or pairs) stand in
#' the column `group`. Loading covary enters its class in the option
#' `marginaleffects_model_classes`. `hypotheses()`, which needs a covariance matrix, is refused:
#' questions about coefficients go to the draws ([as.matrix()]) or to `brms::hypothesis()`, those
#' about predictions and slopes to the argument `hypothesis` of the functions above.
#'
#' @param model A fit of [covary()].
#' @param newdata A data frame.
#' @param type `"response"` (default): expected responses, standard deviations or correlations;
#'   `"link"`: predictors, of transformed responses where they have [margins]; `"prediction"`: new
#'   responses.
#' @param vcov `NULL` or `FALSE`: uncertainty comes from the draws.
#' @param ... `dpar`, `resp`, `ndraws` (of `"link"` and `"response"`), `exclude` and `re_formula`
#'   of [posterior_epred.covary()].
#' @return What 'marginaleffects' expects of its methods.
#' @seealso [conditional_effects()], [emm_basis.covary()]
#' @name get_predict.covary
NULL

#' @rdname get_predict.covary
#' @rawNamespace S3method(marginaleffects::get_predict, covary)
get_predict.covary <- function(model, newdata = NULL, type = "response", ...) {
  check_fit(model, "model", margins = TRUE)
  type <- check_choice(type, c("response", "link", "prediction"), "type")
  draws <- switch(type,
    response = posterior_epred,
    link = posterior_linpred,
    prediction = posterior_predict
  )
  # The package adds arguments of its own, which mean nothing here.
  asked <- list(...)[intersect(dots_names(...), names(formals(posterior_epred.covary)))]
  draws <- do.call(draws, c(list(model, newdata = newdata), asked))
  names <- if (is.matrix(draws)) "main_marginaleffect" else dimnames(draws)[[3]]
  n <- dim(draws)[2]
  dim(draws) <- c(dim(draws)[1], n * length(names))
  row <- if (is.null(newdata$rowid)) seq_len(n) else newdata$rowid
  out <- data.frame(
    rowid = rep(row, length(names)), group = rep(names, each = n),
    estimate = column_quantiles(draws, 0.5)[, 1]
  )
  structure(out, posterior_draws = t(draws))
}

#' @rdname get_predict.covary
#' @rawNamespace S3method(marginaleffects::get_coef, covary)
get_coef.covary <- function(model, ...) stats::coef(check_fit(model, "model", margins = TRUE))

#' @rdname get_predict.covary
#' @rawNamespace S3method(marginaleffects::get_vcov, covary)
get_vcov.covary <- function(model, vcov = NULL, ...) {
  check_fit(model, "model", margins = TRUE)
  if (!is.null(vcov) && !is.logical(vcov)) {
    stop_covary("argument", "`vcov` must be left out: uncertainty comes from the posterior draws.",
      fields = list(arg = "vcov")
    )
  }
  NULL
}

# hypotheses() takes estimates and a covariance matrix of parameters, and would number the draws.
#' @rawNamespace S3method(marginaleffects::sanitize_model_specific, covary, refuse_hypotheses)
refuse_hypotheses <- function(model, calling_function = "", ...) {
  if (identical(calling_function, "hypotheses")) {
    stop_covary("argument", "marginaleffects::hypotheses() needs estimates with a covariance ",
      "matrix, and a fit has posterior draws. Ask these, such as mean(as.matrix(fit)[, \"",
      names(stats::coef(model))[1], "\"] > 0); or brms::hypothesis(fit, ...); or give ",
      "`hypothesis` to avg_predictions(), avg_comparisons() or avg_slopes().",
      fields = list(arg = "model")
    )
  }
  model
}
