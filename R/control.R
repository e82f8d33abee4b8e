#' Settings of the fitting algorithms
#'
#' @param importance `"auto"` (default): draws of `"nested"` are weighed against the exact posterior
#'   and resampled, unless there are 20,000 cells or more and a probe of 200 draws shows that it
#'   would change nothing; `"always"` or `"never"`.
#' @return A list of class `covary_control`.
#' @examples
#' covary_control(importance = "always")
#' @export
covary_control <- function(importance = c("auto", "always", "never")) {
  structure(list(importance = check_choice(importance, c("auto", "always", "never"), "importance")), class = "covary_control")
}

check_control <- function(control) {
  if (!inherits(control, "covary_control")) {
    stop_covary("argument", "`control` must come from covary_control(), not ", describe(control), ".", fields = list(arg = "control"))
  }
  control
}
