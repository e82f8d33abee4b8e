#' Responses simulated from the posterior predictive distribution
#'
#' @param object A fit of [covary()].
#' @param nsim Number of simulations; each has its own posterior draw, chosen at random (without
#'   replacement if there are enough). Default 1.
#' @param seed A whole number for [set.seed()]; the random generator is put back afterwards. Default
#'   `NULL`: go on from where it is.
#' @inheritParams posterior_predict.covary
#' @param ... Not used.
#' @return Data frame with a row a row of the fit (or of `newdata`) and columns `sim_1`, `sim_2`,
#'   ...; with several responses each column is an N x K matrix.
#' @section Errors:
#' `covary_error_argument`, `covary_error_newdata`.
#' @examples
#' fit <- covary(mpg ~ wt, data = mtcars, draws = 500)
#' head(simulate(fit, 2, seed = 1))
#' @importFrom stats simulate
#' @export
simulate.covary <- function(object, nsim = 1, seed = NULL, newdata = NULL, resp = NULL, ...) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  nsim <- check_count(nsim, "nsim")
  if (!is.null(seed)) {
    restore <- use_seed(seed)
    on.exit(restore())
  }
  total <- nrow(object$draws)
  y <- posterior_predict(object, newdata, resp,
    draw_ids = sample.int(total, nsim, replace = nsim > total)
  )
  labels <- dimnames(y)[[2]]
  n <- dim(y)[2]
  columns <- lapply(seq_len(nsim), function(s) {
    if (is.matrix(y)) {
      unname(y[s, ])
    } else {
      matrix(y[s, , ], n, dimnames = dimnames(y)[2:3])
    }
  })
  structure(stats::setNames(columns, paste0("sim_", seq_len(nsim))),
    row.names = if (is.null(labels)) .set_row_names(n) else labels,
    class = "data.frame"
  )
}
