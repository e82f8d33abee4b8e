# logLik(): the log likelihood of a fit, and how many parameters it is worth.

#' @rdname fitted.covary
#' @importFrom stats logLik
#' @export
logLik.covary <- function(object, ...) {
  check_dots(...)
  check_fit(object)
  need_rows(object, "logLik()")
  cells <- new_cells(object$frame, fit_likelihood(object)$is_sufficient)
  e <- at_cells(new_evaluation(object, NULL, NULL))
  log_density <- function(eta) log_density_of_cells(e$likelihood, cells, eta)
  at_mean <- log_density(evaluation_block(average_draws(e)))
  # The mean over draws needs no more of them than bounded time allows; they are in no order.
  some <- evenly_spaced(e$s, max(400, floor(2e7 / cells$m)))
  total <- 0
  for (s in in_blocks(length(some), cells$m * length(e$responses))) {
    total <- total + sum(log_density(evaluation_block(e, some[s])))
  }
  structure(at_mean,
    df = 2 * (at_mean - total / length(some)), nobs = object$frame$n,
    class = "logLik"
  )
}

# Evaluation a cell, not a row.
at_cells <- function(e) change_parts(e, distinct_rows)

# By draw, of cells of which some may lack responses
log_density_of_cells <- function(likelihood, cells, eta) {
  if (is.null(cells$observed)) {
    return(likelihood$log_density_cells(cells, eta))
  }
  k <- length(cells$y_scale)
  parts <- lapply(unique(cells$observed), function(kind) {
    mine <- which(cells$observed == kind)
    at <- which_observed(kind, k)
    some <- list(
      stats = cells$stats[sum_rows_of(k, at), mine, drop = FALSE], y_scale = cells$y_scale[at]
    )
    likelihood$log_density_cells(some, eta_of_observed(likelihood, eta, mine, at))
  })
  Reduce(`+`, parts)
}
