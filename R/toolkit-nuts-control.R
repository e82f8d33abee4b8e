# Settings of nuts().

#' Settings of NUTS
#'
#' @param accept Mean acceptance that the step size aims at.
#' @param metric `"dense"`, `"diagonal"`, or `"auto"`: dense up to 100 free numbers.
#' @param max_depth Trees have at most `2^max_depth - 1` leapfrog steps.
#' @param jitter Without a `start`, chains start at the start of the target plus uniform noise of
#'   this size.
#' @return A list of class `covary_nuts_control`.
#' @examples
#' nuts_control(accept = 0.95)
#' @export
nuts_control <- function(
  accept = 0.8, metric = c("auto", "dense", "diagonal"), max_depth = 10,
  jitter = 1
) {
  structure(list(
    accept = check_number(accept, "accept", 0, 1, open = TRUE),
    metric = check_choice(metric, c("auto", "dense", "diagonal"), "metric"),
    max_depth = check_number(max_depth, "max_depth", 1, 20, whole = TRUE),
    jitter = check_number(jitter, "jitter", 0, 1e300)
  ), class = "covary_nuts_control")
}
