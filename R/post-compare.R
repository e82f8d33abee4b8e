# Comparisons of other models that a fit refuses, by the name of what stands in their place.

#' Fits are compared by loo()
#'
#' A posterior has no table of sums of squares and takes no steps by AIC: `anova()`, `step()`,
#' `add1()` and `drop1()` end in an error that says what to do. Compare fits of the same data by
#' [loo()] and [loo::loo_compare()], or by `glance(fit)$log_evidence`; ask whether a term matters by
#' its coefficients ([summary.covary()]) or curves ([conditional_effects()]).
#'
#' @param object,fit A fit of [covary()].
#' @param scale,k,... Not used.
#' @return Nothing: an error of class `covary_error_argument`.
#' @examples
#' fit <- covary(mpg ~ wt, data = mtcars, draws = 500)
#' try(anova(fit))
#' if (requireNamespace("loo", quietly = TRUE)) {
#'   more <- update(fit, . ~ . + hp)
#'   loo::loo_compare(loo(fit), loo(more))
#' }
#' @seealso [loo.covary()], [glance.covary()]
#' @importFrom stats anova
#' @export
anova.covary <- function(object, ...) {
  check_dots(...)
  refuse_comparison("anova()", "object")
}

#' @rdname anova.covary
#' @importFrom stats extractAIC
#' @export
extractAIC.covary <- function(fit, scale, k = 2, ...) {
  check_dots(...)
  refuse_comparison("step(), add1() and drop1() cannot compare fits: extractAIC()", "fit")
}

refuse_comparison <- function(what, arg) {
  stop_covary("argument", what, " has no meaning for a posterior. Compare fits of the same data ",
    "by loo::loo_compare(loo(fit1), loo(fit2)).",
    fields = list(arg = arg)
  )
}
