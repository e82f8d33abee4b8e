# refine(): more iterations of an approximation that can be continued.

#' Continue a fit, or find one that does not warn
#'
#' For fits of [advi()] and [svgd()], further iterations. For fits of [covary()] that warned, what
#' [when-a-fit-warns] would try by hand, in this order and until nothing warns or the time is over:
#' the `"nested"` algorithm, four times as many draws (at most 20,000), `"nuts"` started from the
#' approximation, and longer chains. Each step is said in a message, and `diagnostics(fit)$refined`
#' lists algorithm, draws, seconds and verdict of each. The fit returned is never one with a worse
#' verdict than the one given: a fit that did not warn is returned as it is.
#'
#' A step that is running when the time ends is stopped ([setTimeLimit()], which forgets a limit set
#' outside).
#'
#' @param object A fit of [covary()], [advi()] or [svgd()].
#' @param iterations How many iterations more.
#' @param seconds Time for all further fits together; default 60.
#' @param ... Not used.
#' @param refresh `TRUE` or `FALSE` to force or silence the progress bar.
#' @return The fit after further iterations: the same, bit for bit, as if it had never stopped. Of a
#'   fit of [covary()]: a fit of the same model, perhaps by another algorithm.
#' @seealso [when-a-fit-warns], [diagnostics()]
#' @examples
#' target <- normal_mixture(c(.5, .5), c(-1, 1), c(1, 1))
#' fit <- suppressWarnings(advi(target, optimizer = adam(), iterations = 100))
#' fit <- suppressWarnings(refine(fit, 100))
#' length(fit$history)
#'
#' fit <- suppressWarnings(covary(mpg ~ wt, data = mtcars, algorithm = "meanfield", draws = 1000))
#' fit <- refine(fit, seconds = 5)
#' diagnostics(fit)$refined
#' @export
refine <- function(object, ...) UseMethod("refine")

#' @export
refine.default <- function(object, ...) {
  stop_no_method(
    object, "refine()",
    "fits of covary(), advi() and svgd()", "object"
  )
}

#' @rdname refine
#' @export
refine.covary_approximation <- function(object, iterations = 10000, ..., refresh = NULL) {
  check_dots(...)
  check_approximation(object)
  iterations <- check_count(iterations, "iterations")
  switch(object$method,
    advi = run_advi(object, iterations, refresh),
    svgd = run_svgd(object, iterations, refresh),
    stop_covary("argument", "refine() continues fits of advi() and svgd(); this one comes from ",
      object$method, "().",
      fields = list(arg = "object")
    )
  )
}
