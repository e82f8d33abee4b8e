# The priors that covary() would give a model.

#' Priors of a model, before fitting
#'
#' Lists every parameter of a model with the prior that [covary()] would give it.
#'
#' The defaults are proper, scale themselves to the data, and do not depend on how the columns of a
#' predictor are coded: `t + I(t^2)`, `poly(t, 2)`, other contrasts or `0 + g` in place of `g` give
#' the same prior of the fitted function. `s` is the standard deviation of the response, less its
#' offsets:
#'
#' `r default_prior_table()`
#'
#' The coefficients of class b of a predictor have one normal prior, with the covariance matrix of
#' equation 4a of `vignette("mathematics")`; the table shows the marginal of each, marked `joint`.
#' Where the columns hold the constant without an intercept, it has the prior of one. A predictor of
#' a mean without the constant has the root mean square of the response for `s`. A coefficient with
#' a prior from [set_prior()] leaves the block, and the others keep their marginal.
#'
#' For a random slope, `s(g, x, bs = "re")`, the scale of sds is divided by the root mean square of
#' x.
#'
#' @inheritParams covary
#' @return A data frame of class `covary_priors`: `class`, `coef`, `dpar`, `resp`, `name` (of the
#'   parameter in the draws), `prior`, `source`.
#' @section Errors:
#' `covary_error_margin` for `margin =`: see [prior_summary()] of a fit with it.
#' @examples
#' default_prior(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' @export
default_prior <- function(
  formula, ..., data, weights = NULL, subset = NULL,
  na.action = stats::na.omit, missing = c("use", "drop"),
  control = covary_control()
) {
  if ("margin" %in% dots_names(...)) {
    stop_covary("margin", "default_prior() does not know margins: priors of a fit with one are ",
      "those of the transformed response. Fit with few draws and read prior_summary(fit).",
      fields = list(arg = "margin")
    )
  }
  call <- match.call()
  further <- further_arguments(call, missing(data), ...)
  if (missing(data) && !is.null(further$data)) data <- further$data
  check_given(missing(formula), missing(data))
  check_data(data)
  env <- parent.frame()
  choice <- list(
    weights = evaluate_call(substitute(weights), data, env, "Weights"),
    subset = evaluate_call(substitute(subset), data, env, "Subset"),
    na_action = na.action, missing = check_choice(missing, c("use", "drop"), "missing")
  )
  formulas <- c(as_formulas(formula), further$formulas)
  parsed <- parse_formulas(
    formulas,
    data_names = names(data),
    likelihood = likelihood_by_correlation(check_control(control)$correlation)
  )
  read <- read_rows(with_shared_sds(parsed, control), data, choice)
  parsed <- read$parsed
  frame <- read$frame
  cells <- new_cells(frame)
  design <- new_design(parsed, frame, cells)
  scales <- scales_of_cells(response_scales(cells_moments(cells), colnames(frame$y)), design, cells)
  prior_columns(resolve_priors(design, scales, NULL))
}
