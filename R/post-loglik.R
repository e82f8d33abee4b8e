# logLik(): the log likelihood of a fit, and how many parameters it is worth.

#' @rdname fitted.covary
#' @importFrom stats logLik
#' @export
logLik.covary <- function(object, ...) {
  check_dots(...)
  check_fit(object, margins = TRUE)
  need_rows(object, "logLik()")
  of <- if (length(object$margins)) density_of_rows(object) else density_of_cells(object)
  at_mean <- of$log_density(average_draws(of$e), NULL)
  # The mean over draws needs no more of them than bounded time allows; they are in no order.
  some <- evenly_spaced(of$e$s, max(400, floor(2e7 / of$m)))
  total <- 0
  for (s in in_blocks(length(some), of$m * length(object$responses))) {
    total <- total + sum(of$log_density(of$e, some[s]))
  }
  structure(at_mean,
    df = 2 * (at_mean - total / length(some)), nobs = object$frame$n,
    class = "logLik"
  )
}

# list(e: an evaluation, log_density(e, draws): of all rows, by draw, m: at how many points).
density_of_cells <- function(fit) {
  cells <- new_cells(fit$frame, fit_likelihood(fit)$is_sufficient)
  e <- at_rows(new_evaluation(fit, NULL, NULL), cells$first)
  log_density <- function(e, draws) {
    log_density_of_cells(e$likelihood, cells, evaluation_block(e, draws))
  }
  list(e = e, log_density = log_density, m = cells$m)
}

# The same row by row: transformed responses differ from draw to draw.
density_of_rows <- function(fit) {
  weights <- row_weights(fit$frame)
  log_density <- function(e, draws) {
    margins <- margins_of_block(e$margins, draws)
    eta <- evaluation_block(e, draws)
    drop(log_density_of_observed(e$likelihood, fit$frame$y, eta, margins) %*% weights)
  }
  list(e = new_evaluation(fit, NULL, NULL), log_density = log_density, m = fit$frame$n)
}

# Evaluation at some of its rows, such as one a cell: those of the fit are in no order of cells.
at_rows <- function(e, rows) {
  change_parts(e, function(at) {
    at$index <- at$index[rows]
    at
  })
}

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
