#' A chart without the people
#'
#' The curves of a fit as tables, to score people with, to keep and to share: no rows, no draws, no
#' functions, no environments, and no knots that are values of people.
#'
#' @section What it holds:
#' Values of the curves on even grids between covariate ranges that are rounded outward (to a step
#' of about a twentieth of the range), levels of factors and how many people each had, effects of
#' random effects with their posterior covariance, loadings that give the posterior covariance of
#' the curves (see `uncertainty` in [deviations()]), mean and sd of each response to four digits.
#' Sites keep their names; a level of a random effect with fewer than `min_count` people is left
#' out, with a warning, and is an unseen level from then on; such a level of another factor is an
#' error: merge it with others and fit again.
#'
#' @param fit A fit of [covary()], margins of [fit_margins()], or pairs of [fit_pairs()].
#' @param title,source Texts: what the chart is of, and where the people come from.
#' @param units Units of the responses, a text each, in their order or by name.
#' @param min_count The smallest group that the chart says anything of; default 5. `0` vouches for
#'   groups of any size; a fit made from cells, which do not know them, needs it.
#' @param x A chart.
#' @param ... Not used.
#' @param resp Names of the features that the chart shall have; `NULL` (default) for all.
#' @return Of a fit an object of class `covary_reference`, of margins and pairs one of class
#'   `covary_feature_reference`, with a chart a feature and the correlations of all pairs, which
#'   [deviations()], [centiles()],
#'   [reference_region()], [adapt()], [harmonise()], [evaluate()] take in place of the fit, with the
#'   same results to the last digit.
#' @section Errors:
#' `covary_error_chart` where a term is no smooth function of one or two covariates,
#' `covary_error_small_group`, `covary_error_argument`.
#' @section Size:
#' About 3 kB a curve of one covariate (times the levels of its factors; more for curves that bend
#' sharply) and, for the posterior, 5 kB; 0.3 to 1 kB a site and pair of responses.
#' @seealso [write_reference()], [audit()], [plot.covary_reference()] for pictures.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' ref <- reference(fit, title = "Cars of 1974", units = c("miles/gallon", "s"))
#' ref
#' deviations(ref, data.frame(wt = 3, mpg = 25, qsec = 18))
#' @export
reference <- function(fit, ...) UseMethod("reference")

#' @export
reference.default <- function(fit, ...) {
  stop_no_method(fit, "reference()", "fits of covary(), margins, and pairs", "fit")
}

#' @rdname reference
#' @export
reference.covary <- function(fit, title = "", units = NULL, source = "", min_count = 5, ...) {
  check_dots(...)
  check_fit(fit, "fit", margins = TRUE)
  check_label(title, "title")
  check_label(source, "source")
  check_count(min_count, "min_count", 0)
  chart <- without_small_groups(as_chart(fit), min_count)
  if (!is.null(units)) chart$units[] <- check_units(units, chart$responses)
  chart$title <- title
  chart$source <- source
  chart$min_count <- min_count
  chart$made <- format(Sys.Date())
  chart
}

check_label <- function(x, arg) {
  if (!is_text(x)) {
    stop_covary("argument", "`", arg, "` must be one text, not ", describe(x), ".",
      fields = list(arg = arg)
    )
  }
}

check_units <- function(units, responses) {
  if (!is.character(units) || length(units) != length(responses)) {
    stop_covary("argument", "`units` must be a text for each of ", enumerate(responses), ", not ",
      describe(units), ".",
      fields = list(arg = "units")
    )
  }
  by_name(units, responses, "`units`", "units")
}

# The chart without levels of random effects that too few people have.
without_small_groups <- function(chart, min_count) {
  if (min_count == 0) {
    return(chart)
  }
  if (chart$n < min_count) stop_small_group("the fit", chart$n, min_count)
  fixed <- fixed_factors(chart, character())
  for (name in names(chart$covariates)) {
    known <- chart$covariates[[name]]
    if (known$type != "factor") next
    if (anyNA(known$n)) {
      stop_covary("small_group", "The fit was made from cells and does not know how many people ",
        "each level of '", name, "' has; min_count = 0 vouches for them.",
        fields = list(covariate = name)
      )
    }
    small <- known$levels[known$n < min_count]
    if (length(small) == 0) next
    if (name %in% fixed) {
      stop_small_group(
        paste0("level ", enumerate(small), " of '", name, "'"), min(known$n), min_count
      )
    }
    warn_covary("small_group", "Level ", enumerate(small), " of '", name, "' has fewer than ",
      min_count, " people and is not in the chart; adapt() takes it in from its people.",
      fields = list(covariate = name, levels = small)
    )
    chart <- drop_levels(chart, name, small)
  }
  chart
}

stop_small_group <- function(what, n, min_count) {
  stop_covary("small_group", "A chart says nothing of fewer than ", min_count, " people, and ",
    what, " has ", n, "; merge it with others and fit again, or vouch for it by a smaller ",
    "`min_count`.",
    fields = list(n = n)
  )
}

#' @rdname reference
#' @export
print.covary_reference <- function(x, ...) {
  check_dots(...)
  check_object(x, "covary_reference", "x")
  cat("Reference chart", if (nzchar(x$title)) paste0(": ", x$title), "\n", sep = "")
  unit <- ifelse(is.na(x$units), "", paste0(" (", x$units, ")"))
  cat("Responses:  ", paste0(x$responses, unit, collapse = ", "), "\n", sep = "")
  of <- vapply(x$margins, margin_text, "")
  if (length(of)) cat("Margins:    ", paste0(names(of), ": ", of, collapse = ", "), "\n", sep = "")
  cat("Covariates: ", paste(vapply(names(x$covariates), covariate_text, "", chart = x),
    collapse = ", "
  ), "\n", sep = "")
  cat("From:       ", format(x$n, big.mark = ","), " people", if (nzchar(x$source)) {
    paste0("; ", x$source)
  }, if (nzchar(x$made)) paste0("; made ", x$made), "; covary ", x$package, "\n", sep = "")
  found <- audit(x)
  cat("Carries ", if (attr(found, "clean")) "no rows" else "WHAT A CHART MUST NOT",
    ": largest element ", max(found$length), " values; smallest group ",
    if (x$min_count > 0) paste("at least", x$min_count) else "of any size", "\n",
    sep = ""
  )
  invisible(x)
}

covariate_text <- function(name, chart) {
  known <- chart$covariates[[name]]
  if (known$type == "numeric") {
    return(paste0(name, " (", known$range[1], " to ", known$range[2], ")"))
  }
  paste0(name, " (", if (length(known$levels) > 4) {
    paste(length(known$levels), "levels")
  } else {
    paste(known$levels, collapse = ", ")
  }, ")")
}
