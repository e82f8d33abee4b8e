# The regression model of covary() as a target of the toolkit.

#' The model of a fit as a target
#'
#' Free numbers are the standardised coefficients and the log standard deviations of smooths; draws
#' are on the scale of the data, with the names that [covary()] gives. Rows are cells: rows with
#' equal covariates count as one.
#'
#' @param object A fit of [covary()], or a target (returned as it is).
#' @return An object of class `covary_density`.
#' @examples
#' target <- as_target(covary(mpg ~ wt, data = mtcars))
#' laplace(target)
#' @export
as_target <- function(object) UseMethod("as_target")

#' @export
as_target.default <- function(object) {
  stop_covary("argument", "`object` must be a fit of covary() or a target, not ", describe(object),
    ".",
    fields = list(arg = "object")
  )
}

#' @export
as_target.covary_density <- function(object) object

#' @export
as_target.covary <- function(object) {
  check_fit(object)
  need_rows(object, "as_target()")
  cells <- new_cells(object$frame)
  scales <- response_scales(cells_moments(cells), colnames(object$frame$y))
  scales <- scales_of_cells(scales, object$design, cells)
  target <- new_cells_model(object$design, cells, object$priors, scales)
  regression_density(target, object$design)
}
