#' Diagnostics of a fit
#'
#' @param fit,object A fit of [covary()].
#' @param ... Not used.
#' @return `diagnostics()`: a list of class `covary_diagnostics` with `khat` (a value a level; below
#'   0.5 is good, above the threshold the draws are not reliable), `elbo` and its Monte Carlo
#'   standard error, `log_evidence`, `converged`, `iterations`, `trace` (ELBO an iteration),
#'   `moves` (where draws were moved by Markov
#'   chains: `sweeps`, `chains`, `memory` of their start and `error` left, in posterior sds, and
#'   `far`, how far the means of chains that began far out are from those of the others, at most),
#'   `fresh` (from three responses on: what a Newton step over `draws` fresh draws from the
#'   approximation would do: `shift`, the root mean square movement of predictors in posterior sds;
#'   `sd_ratio`, the least and the largest new sd over the old; `mcse`, their Monte Carlo errors;
#'   `predictors`, the same a predictor. Good up to 0.05 and within 0.93 and 1.07; draws that
#'   importance weights could not correct rest on it, and have no log evidence),
#'   `gibbs` (where smoothing sds were drawn by Gibbs sampling: `chains`, `sweeps` of each and the
#'   largest `rhat`),
#'   `bound` (`row_sd`, and by response the largest `shift` of a log sd, in posterior sds, were it
#'   half as large), `extreme` (rows farther from the fit than one data set in twenty of this size
#'   has any, the rarest first: a data frame `row`, its name or number in the data, `resp`, the
#'   response or `"together"` where no response alone is so far out, `residual` of it in fitted sds,
#'   `distance` of all responses), `importance_ess` (effective number of weighed draws),
#'   `efficiency` (its share
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
  check_dots(...)
  check_fit(fit, "fit", margins = TRUE)
  out <- c(list(
    algorithm = fit$algorithm, rows = fit$frame$n, cells = fit$n_cells,
    draws = nrow(fit$draws),
    khat_threshold = khat_threshold(nrow(fit$draws)), extreme = extreme_rows(fit)
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
elbo.covary <- function(object, ...) {
  check_dots(...)
  check_fit(object, margins = TRUE)$info$elbo
}

#' @export
print.covary_diagnostics <- function(x, ...) {
  check_dots(...)
  converged <- if (x$converged) " (converged" else " (NOT CONVERGED"
  lines <- list(
    Algorithm = paste0(x$algorithm, converged, ", ", x$iterations, " iterations)"),
    Data = paste0(format(x$rows, scientific = FALSE), " rows in ", x$cells, " cells"),
    "Never together" = if (length(x$apart)) paste(x$apart, collapse = ", "),
    "Known sds" = if (length(x$known)) {
      paste0(names(x$known), ": residuals ", signif(x$known, 2), " times as large",
        collapse = ", "
      )
    },
    Compression = if (!is.null(x$certificate)) compression_text(x),
    Predictors = if (!is.null(x$accuracy)) accuracy_text(x$accuracy),
    "Pareto khat" = if (length(x$khat)) khat_text(x),
    Chains = if (!is.null(x$rhat)) chains_text(x),
    "Smoothing sds" = if (!is.null(x$gibbs)) gibbs_text(x$gibbs),
    "Fresh draws" = if (!is.null(x$fresh)) fresh_text(x$fresh),
    Note = x$note,
    Moved = if (!is.null(x$moves)) moves_text(x$moves),
    "Within rows" = if (!is.null(x$bound)) bound_text(x$bound),
    "Extreme rows" = if (NROW(x$extreme)) extreme_text(x$extreme),
    ELBO = elbo_text(x),
    "Log evidence" = if (length(x$log_evidence)) format(x$log_evidence, digits = 8),
    Seconds = paste0(names(x$timings), " ", format(x$timings, digits = 2, trim = TRUE),
      collapse = ", "
    )
  )
  lines <- lines[!vapply(lines, is.null, TRUE)]
  cat(paste0(format(paste0(names(lines), ":"), width = 14), lines, "\n"), sep = "")
  invisible(x)
}

# What each line of diagnostics says; x: diagnostics, or the field the function is named by.
compression_text <- function(x) {
  paste0(
    x$compression$nodes, " nodes from ", x$compression$cells, " cells; certificate ",
    format(x$certificate, digits = 2), " posterior sds (", x$compression$kind, ")"
  )
}

accuracy_text <- function(accuracy) {
  paste0(
    "within ", format(max(accuracy$residual), digits = 2), " residual sds and ",
    format(max(accuracy$posterior), digits = 2), " posterior sds of those of ",
    max(accuracy$rows), " rows or points of cells"
  )
}

khat_text <- function(x) {
  shown <- ifelse(is.na(x$khat), "not needed", format(x$khat, digits = 2))
  equal <- names(x$khat) == "coefficients" & isTRUE(x$efficiency > nearly_equal)
  judged <- x$khat[!is.na(x$khat) & !equal]
  chance <- if (length(judged)) khat_chance_text(max(judged), x$draws)
  paste0(
    paste0(names(x$khat), " ", shown, ifelse(equal, " (weights nearly equal)", ""),
      collapse = ", "
    ),
    " (reliable below ", format(x$khat_threshold, digits = 2), if (length(chance)) "; ", chance, ")"
  )
}

fresh_text <- function(fresh) {
  limits <- newton_check_limits
  paste0(
    "a Newton step over ", fresh$draws, " of them would move means by ",
    format(fresh$shift, digits = 2), " posterior sds (Monte Carlo error ",
    format(fresh$mcse[1], digits = 2), ") and change sds by ", percent_range(fresh$sd_ratio),
    " (good: up to ", limits$shift, ", ", percent_range(limits$sd_ratio), ")"
  )
}

gibbs_text <- function(gibbs) {
  paste0(
    "by Gibbs sampling, ", gibbs$chains, " chains of ", gibbs$sweeps, " sweeps, R-hat ",
    format(gibbs$rhat, digits = 3), " (good below ", gibbs_rhat, ")"
  )
}

moves_text <- function(moves) {
  paste0(
    moves$chains, " chains by ", moves$sweeps,
    " sweeps of elliptical slice sampling; memory of their start ",
    format(moves$memory, digits = 2), ", error left ", format(moves$error, digits = 2),
    " posterior sds (good below ", chain_limits$memory, " and ", chain_limits$error, ")",
    if (!is.null(moves$far)) {
      paste0(
        "; chains from far out within ", format(moves$far, digits = 2), " (good below ",
        chain_limits$far, ")"
      )
    }
  )
}

bound_text <- function(bound) {
  paste0(
    "sd ", format(100 * bound$row_sd, digits = 2),
    " % of the residual sd; half of it moves log sds by at most ",
    format(max(bound$shift), digits = 2), " posterior sds"
  )
}

extreme_text <- function(extreme, most = 5) {
  shown <- utils::head(extreme, most)
  where <- ifelse(shown$resp == "together",
    paste("responses together", format(shown$distance, digits = 2), "sds"),
    paste(shown$resp, format(shown$residual, digits = 2), "sds")
  )
  more <- nrow(extreme) - nrow(shown)
  paste0(
    paste0(shown$row, " (", trimws(gsub(" +", " ", where)), ")", collapse = ", "),
    if (more > 0) paste0(" and ", more, " more (diagnostics(fit)$extreme)")
  )
}

elbo_text <- function(x) {
  if (is.na(x$elbo)) {
    reason <- if (is.null(x$rhat)) ": rare draws make up its mean" else " from chains"
    return(paste0("not known", reason))
  }
  paste0(format(x$elbo, digits = 8), if (isTRUE(x$elbo_mcse > 0)) {
    paste0(" (Monte Carlo error ", format(x$elbo_mcse, digits = 2), ")")
  })
}
