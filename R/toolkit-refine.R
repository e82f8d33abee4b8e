# refine(): more iterations of an approximation that can be continued.

#' Continue a fit
#'
#' @param object A fit of [advi()] or [svgd()].
#' @param iterations How many iterations more.
#' @param ... Not used.
#' @param refresh `TRUE` or `FALSE` to force or silence the progress bar.
#' @return The fit after further iterations: the same, bit for bit, as if it had never stopped.
#' @examples
#' target <- normal_mixture(c(.5, .5), c(-1, 1), c(1, 1))
#' fit <- suppressWarnings(advi(target, optimizer = adam(), iterations = 100))
#' fit <- suppressWarnings(refine(fit, 100))
#' length(fit$history)
#' @export
refine <- function(object, ...) UseMethod("refine")

#' @export
refine.default <- function(object, ...) {
  stop_no_method(
    object, "refine()",
    "fits of advi() and svgd()", "object"
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
