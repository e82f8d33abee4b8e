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
  scales <- scales_of_cells(response_scales(cells, object$frame), object$design, cells)
  target <- new_target(object$design, cells, object$priors, scales)
  regression_density(target, object$design)
}

regression_density <- function(target, design = NULL) {
  names <- c(target$coefficients$name, target$sds$name)
  blocks <- rep(list(transform_identity()), length(names))
  names(blocks) <- names
  for (i in target$dim + seq_len(target$n_sds)) blocks[[i]] <- transform_log()
  start <- c(target$start, rep(-1, target$n_sds))
  extra <- list(
    regression = target, design = design, constrain = if (!is.null(design)) {
      constrain_regression
    },
    constant = target$log_jacobian
  )
  new_density("regression", target$model, blocks,
    rows = target$model$size$cells, start = start,
    expect = TRUE,
    label = paste("regression model,", target$model$size$cells, "cells"), extra = extra
  )
}

constrain_regression <- function(target, theta) {
  d <- target$regression$dim
  result <- list(
    beta = theta[, seq_len(d), drop = FALSE],
    t = theta[, d + seq_len(target$regression$n_sds), drop = FALSE],
    lp = numeric(nrow(theta)), lq = numeric(nrow(theta))
  )
  out <- unclass(user_draws(result, target$regression, target$design))
  out <- out[, setdiff(colnames(out), c("lp__", "lp_approx__")), drop = FALSE]
  matrix(out, nrow(out), dimnames = list(NULL, colnames(out)))
}

# Closed-form expectations under N(mean, cov): value, gradient, Hessian.
density_expect <- function(target, mean, cov) {
  target_joint_expect(list(
    model = target$data, dim = target$data$size$coefficients,
    n_sds = target$data$size$smooths
  ), mean, cov)
}
