# Learning rates.

check_rate <- function(x, name) {
  if (!(is.numeric(x) && length(x) == 1 && is.finite(x) && x > 0)) {
    stop_covary("rates", "The learning rate `", name, "` must be one finite number above 0, not ",
      describe(x),
      ". To keep a part fixed use `freeze`.",
      fields = list(arg = name)
    )
  }
  as.numeric(x)
}

check_rates <- function(rates) {
  known <- c("mean", "scale", "weight")
  if (!(is.numeric(rates) || is.list(rates)) || is.null(names(rates)) ||
    !all(names(rates) %in% known) || anyDuplicated(names(rates))) {
    stop_covary("rates", "`rates` must be made by `learning_rates()` or be named ",
      enumerate(known), ", each at most once, not ",
      describe(rates), ".",
      fields = list(arg = "rates")
    )
  }
  unclass(do.call(learning_rates, as.list(rates)))
}

#' Learning rates of the category learner
#'
#' @param mean,scale,weight Rate of the means, of the scale parameters (see the
#'   parameterisations of [learn_categories()]) and of the weights; each one finite number
#'   above zero. To keep a part fixed use `freeze` in [learn_categories()].
#' @return A named numeric vector of class `covary_rates`.
#' @section Errors: `covary_error_rates`, with the field `arg`.
#' @examples
#' learning_rates(scale = 1e-3)
#' @export
learning_rates <- function(mean = .002, scale = 1e-4, weight = .1) {
  structure(c(
    mean = check_rate(mean, "mean"), scale = check_rate(scale, "scale"),
    weight = check_rate(weight, "weight")
  ), class = "covary_rates")
}

#' @export
print.covary_rates <- function(x, ...) {
  check_dots(...)
  check_rates(x)
  cat("Learning rates:", paste(names(x), vapply(x, format, ""), collapse = ", "))
  cat("\n")
  invisible(x)
}
