#' Settings of the fitting algorithms
#'
#' @param importance `"auto"` (default): draws of `"nested"` are weighed against the exact posterior
#'   and resampled, unless there are 20,000 cells or more and a probe of 200 draws shows that it
#'   would change nothing; `"always"` or `"never"`.
#' @param compress `"auto"` (default): data frames of 20,000 rows or more are compressed to cells first
#'   where that is safe (see [compress()]); `"always"`, or `"never"` for the exact rows.
#' @param resolution Cells over the central 98% of a continuous covariate; `"auto"` is 1000.
#' @param threads Threads for passes over rows; results are the same bits for any number.
#' @return A list of class `covary_control`.
#' @examples
#' covary_control(importance = "always")
#' @export
covary_control <- function(importance = c("auto", "always", "never"), compress = c("auto", "always", "never"), resolution = "auto",
                           threads = 1) {
  structure(list(importance = check_choice(importance, c("auto", "always", "never"), "importance"),
    compress = check_choice(compress, c("auto", "always", "never"), "compress"), resolution = check_resolution(resolution),
    threads = check_count(threads, "threads")), class = "covary_control")
}

check_control <- function(control) {
  if (!inherits(control, "covary_control")) {
    stop_covary("argument", "`control` must come from covary_control(), not ", describe(control), ".", fields = list(arg = "control"))
  }
  control
}
