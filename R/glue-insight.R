# What insight, bayestestR and parameters (and through them performance and see) ask of a model.

#' Methods for 'insight', 'bayestestR' and 'parameters'
#'
#' With these, `parameters::model_parameters()`, `bayestestR::describe_posterior()` and their
#' relatives take fits of [covary()]. Parameters have the names of the draws; those of means are the
#' component `conditional`, the others `sigma`, `rho` and `sds` (standard deviations of smooths).
#'
#' @param x,model,posterior A fit of [covary()].
#' @param component `"all"` (default), `"conditional"`, `"sigma"`, `"rho"` or `"sds"`.
#' @param combine,select,as_proportion,verbose,effects,flatten Given by 'insight'; without a meaning
#'   here.
#' @param ... Arguments of the function for data frames of draws, such as `ci` and `test`.
#' @return What the functions give for data frames of draws.
#' @examples
#' if (requireNamespace("bayestestR", quietly = TRUE)) {
#'   fit <- covary(mpg ~ wt, data = mtcars, draws = 500)
#'   bayestestR::describe_posterior(fit)
#' }
#' @name insight.covary
NULL

#' @rdname insight.covary
#' @exportS3Method insight::find_response
find_response.covary <- function(x, combine = TRUE, ...) check_fit(x, "x", margins = TRUE)$responses

#' @rdname insight.covary
#' @exportS3Method insight::find_formula
find_formula.covary <- function(x, verbose = TRUE, ...) {
  check_fit(x, "x", margins = TRUE)
  one <- function(resp) {
    own <- Filter(function(p) resp %in% p$resp, x$design$predictors)
    parts <- lapply(own, `[[`, "rhs")
    names(parts) <- vapply(own, function(p) if (p$dpar == "mu") "conditional" else p$dpar, "")
    left <- x$design$responses[[resp]]
    parts$conditional <- stats::as.formula(call("~", left, parts$conditional[[2]]), globalenv())
    parts[!duplicated(names(parts))]
  }
  if (length(x$responses) == 1) {
    return(structure(one(x$responses), class = c("insight_formula", "list")))
  }
  structure(stats::setNames(lapply(x$responses, one), x$responses),
    is_mv = "1", class = c("insight_formula", "list")
  )
}

#' @rdname insight.covary
#' @exportS3Method insight::get_data
get_data.covary <- function(x, ...) stats::model.frame(x)

#' @rdname insight.covary
#' @exportS3Method insight::get_response
get_response.covary <- function(x, select = NULL, as_proportion = TRUE, verbose = TRUE) {
  y <- as.data.frame(need_rows(check_fit(x, "x", margins = TRUE), "get_response()")$frame$y)
  if (ncol(y) == 1) y[[1]] else y
}

#' @rdname insight.covary
#' @exportS3Method insight::find_parameters
find_parameters.covary <- function(x, effects = "all", component = "all", flatten = FALSE, ...) {
  p <- check_fit(x, "x", margins = TRUE)$priors
  kind <- ifelse(p$class == "sds", "sds", ifelse(p$dpar == "mu", "conditional", p$dpar))
  margin <- margin_draw_names(x)
  p <- list(name = c(p$name, margin))
  kind <- c(kind, rep("margin", length(margin)))
  kinds <- check_choice(component, c("all", unique(kind)), "component")
  out <- split(p$name, factor(kind, unique(kind)))
  if (kinds != "all") out <- out[kinds]
  if (flatten) unlist(out, use.names = FALSE) else out
}

#' @rdname insight.covary
#' @exportS3Method insight::get_parameters
get_parameters.covary <- function(x, effects = "all", component = "all", ...) {
  as.data.frame(x, variable = find_parameters.covary(x, component = component, flatten = TRUE))
}

#' @rdname insight.covary
#' @exportS3Method insight::model_info
model_info.covary <- function(x, ...) {
  check_fit(x, "x")
  info <- insight::model_info(stats::lm(y ~ x, data.frame(y = c(1, 3, 2), x = 1:3)))
  info$is_bayesian <- TRUE
  info$is_multivariate <- length(x$responses) > 1
  info$is_mixed <- length(random_terms(x)) > 0
  info$is_gam <- any(x$priors$class == "sds")
  info$is_dispersion <- any(!vapply(x$design$predictors, is_constant, TRUE))
  info$n_obs <- x$frame$n
  info
}

is_constant <- function(predictor) predictor$dpar == "mu" || identical(predictor$rhs[[2]], 1)

#' @rdname insight.covary
#' @exportS3Method insight::link_inverse
link_inverse.covary <- function(x, ...) stats::family(check_fit(x, "x"))$linkinv$mu

#' @rdname insight.covary
#' @exportS3Method insight::link_function
link_function.covary <- function(x, ...) stats::family(check_fit(x, "x"))$linkfun$mu

#' @rdname insight.covary
#' @exportS3Method parameters::model_parameters
model_parameters.covary <- function(model, component = "all", ...) {
  variable <- find_parameters.covary(model, component = component, flatten = TRUE)
  parameters::model_parameters(as_draws_df(model, variable), ...)
}

#' @rdname insight.covary
#' @exportS3Method bayestestR::describe_posterior
describe_posterior.covary <- function(posterior, component = "all", ...) {
  bayestestR::describe_posterior(get_parameters.covary(posterior, component = component), ...)
}

#' @rdname insight.covary
#' @exportS3Method bayestestR::point_estimate
point_estimate.covary <- function(x, component = "all", ...) {
  bayestestR::point_estimate(get_parameters.covary(x, component = component), ...)
}

#' @rdname insight.covary
#' @exportS3Method bayestestR::eti
eti.covary <- function(x, component = "all", ...) {
  bayestestR::eti(get_parameters.covary(x, component = component), ...)
}

#' @rdname insight.covary
#' @exportS3Method bayestestR::hdi
hdi.covary <- function(x, component = "all", ...) {
  bayestestR::hdi(get_parameters.covary(x, component = component), ...)
}

#' @rdname insight.covary
#' @exportS3Method bayestestR::ci
ci.covary <- function(x, component = "all", ...) {
  bayestestR::ci(get_parameters.covary(x, component = component), ...)
}

#' @rdname insight.covary
#' @exportS3Method bayestestR::p_direction
p_direction.covary <- function(x, component = "all", ...) {
  bayestestR::p_direction(get_parameters.covary(x, component = component), ...)
}

#' @rdname insight.covary
#' @exportS3Method bayestestR::rope
rope.covary <- function(x, component = "all", ...) {
  bayestestR::rope(get_parameters.covary(x, component = component), ...)
}
