#' Diagnostics of a fit
#'
#' @param fit,object A fit of [covary()].
#' @param ... Not used.
#' @return `diagnostics()`: a list of class `covary_diagnostics` with `khat` (a value a level; below
#'   0.5 is good, above the threshold the draws are not reliable), `elbo` and its Monte Carlo
#'   standard error, `log_evidence`, `converged`, `iterations`, `trace` (ELBO an iteration),
#'   `moves` (where draws were moved by Markov
#'   chains: `sweeps`, `chains`, `memory` of their start and `error` left, in posterior sds),
#'   `bound` (`row_sd`, and by response the largest `shift` of a log sd, in posterior sds, were it
#'   half as large), `importance_ess` (effective number of weighed draws), `efficiency` (its share
#'   of them), `cells`, `rows`, `timings` (seconds). Fits of many rows by cells or tables have
#'   `accuracy`, a data frame with a line a predictor: `rows` compared, and the largest difference
#'   to the predictor of the rows in residual sds (`residual`; of log sds and rhobits the difference
#'   itself) and in sds of its posterior at that row (`posterior`); at most 0.01 and 0.1 are
#'   accepted. `elbo()`: the evidence lower bound in nats, all constants included, on the scale of
#'   the data.
#' @examples
#' fit <- covary(mpg ~ wt, data = mtcars)
#' diagnostics(fit)
#' elbo(fit)
#' @export
diagnostics <- function(fit, ...) UseMethod("diagnostics")

#' @export
diagnostics.default <- function(fit, ...) stop_no_method(fit, "diagnostics()", "fits", "fit")

#' @rdname diagnostics
#' @export
diagnostics.covary <- function(fit, ...) {
  check_fit(fit, "fit")
  out <- c(list(
    algorithm = fit$algorithm, rows = fit$frame$n, cells = fit$n_cells,
    draws = nrow(fit$draws),
    khat_threshold = khat_threshold(nrow(fit$draws))
  ), fit$info)
  structure(out, class = "covary_diagnostics")
}

#' @rdname diagnostics
#' @export
elbo <- function(object, ...) UseMethod("elbo")

#' @export
elbo.default <- function(object, ...) stop_no_method(object, "elbo()", "fits", "object")

#' @rdname diagnostics
#' @export
elbo.covary <- function(object, ...) check_fit(object)$info$elbo

#' @export
print.covary_diagnostics <- function(x, ...) {
  cat("Algorithm:    ", x$algorithm, if (x$converged) " (converged" else " (NOT CONVERGED", ", ",
    x$iterations, " iterations)\n",
    sep = ""
  )
  cat("Data:         ", format(x$rows, scientific = FALSE), " rows in ", x$cells, " cells\n",
    sep = ""
  )
  if (!is.null(x$certificate)) {
    cat("Compression:  ", x$compression$nodes, " nodes from ", x$compression$cells,
      " cells; certificate ", format(x$certificate, digits = 2),
      " posterior sds (", x$compression$kind, ")\n",
      sep = ""
    )
  }
  if (!is.null(x$accuracy)) {
    cat("Predictors:   within ", format(max(x$accuracy$residual), digits = 2), " residual sds and ",
      format(max(x$accuracy$posterior), digits = 2),
      " posterior sds of those of ", max(x$accuracy$rows), " rows or points of cells\n",
      sep = ""
    )
  }
  if (length(x$khat)) {
    shown <- ifelse(is.na(x$khat), "not needed", format(x$khat, digits = 2))
    equal <- names(x$khat) == "coefficients" & isTRUE(x$efficiency > nearly_equal)
    cat("Pareto khat:  ",
      paste0(names(x$khat), " ", shown, ifelse(equal, " (weights nearly equal)", ""),
        collapse = ", "
      ),
      " (reliable below ", format(x$khat_threshold, digits = 2), ")\n",
      sep = ""
    )
  }
  if (!is.null(x$note)) cat("Note:         ", x$note, "\n", sep = "")
  if (!is.null(x$moves)) {
    cat("Moved:        ", x$moves$chains, " chains by ", x$moves$sweeps,
      " sweeps of elliptical slice sampling; memory of their start ",
      format(x$moves$memory, digits = 2), ", error left ", format(x$moves$error, digits = 2),
      " posterior sds (good below ", chain_limits$memory,
      " and ", chain_limits$error, ")\n",
      sep = ""
    )
  }
  if (!is.null(x$bound)) {
    cat("Within rows:  sd ", format(100 * x$bound$row_sd, digits = 2),
      " % of the residual sd; half of it moves log sds by at most ",
      format(max(x$bound$shift), digits = 2), " posterior sds\n",
      sep = ""
    )
  }
  if (is.na(x$elbo)) {
    cat("ELBO:         not known: rare draws make up its mean\n")
  } else {
    cat("ELBO:         ", format(x$elbo, digits = 8), if (isTRUE(x$elbo_mcse > 0)) {
      paste0(" (Monte Carlo error ", format(x$elbo_mcse, digits = 2), ")")
    }, "\n", sep = "")
  }
  if (length(x$log_evidence)) {
    cat("Log evidence: ", format(x$log_evidence, digits = 8), "\n",
      sep = ""
    )
  }
  cat("Seconds:      ", paste0(names(x$timings), " ", format(x$timings, digits = 2, trim = TRUE),
    collapse = ", "
  ), "\n", sep = "")
  invisible(x)
}
