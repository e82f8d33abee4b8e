#' Take in new sites
#'
#' The effects of a level of a random effect that the chart has not seen, a site say, from a few
#' dozen controls of it, given the curves of the chart: their posterior under the chart's
#' distribution of effects, without a refit.
#'
#' @section Method:
#' The effects b of the new level on means, log standard deviations (and rhobits of correlations)
#' have independent priors `N(0, sd^2)`, `sd` being that of the levels of the chart. Their posterior
#' given the controls, the curves taken as known, is found by Newton steps and integrated over by
#' Gauss-Hermite quadrature about its mode. The chart keeps its mean, which scores use, and its
#' covariance, which `z_se` of [deviations()] and the predictive regions of [reference_region()]
#' use. With 25 controls the mean and log sd of a site are known to about `1 / sqrt(25)` and
#' `1 / sqrt(50)` sds; shrinkage towards the other sites makes them better. Controls of the ages
#' that will be scored matter more than their number.
#'
#' @param object A chart of [reference()], or a fit of [covary()].
#' @param newdata Data frame of controls of one or several new levels: covariates and responses,
#'   which may be missing in part.
#' @param site Name of the factor; `NULL` (default) where the chart has one with a random effect.
#' @param vary Which parameters differ: `"mu"`, `"sigma"` (both by default), `"rho"`, as far as the
#'   chart has a random effect of `site` in them. The effect on others is zero.
#' @param min_n Fewer controls than this give a warning; default 10.
#' @param ... Not used.
#' @return The chart with the new levels. [sites()] lists them.
#' @section Errors:
#' `covary_error_argument` (among others, for a level that the chart has), `covary_error_newdata`,
#' `covary_error_new_level` for a new level of another factor, `covary_error_controls` where the
#' controls are so far from the chart that the effects cannot be computed,
#' `covary_error_small_group` for fewer controls than the chart's `min_count`,
#' `covary_warning_few_controls`. People of such a level outside the (rounded) covariate ranges of
#' its controls have the status `"outside controls"` in [deviations()], with a
#' `covary_warning_outside_controls`.
#' @examples
#' set.seed(1)
#' d <- data.frame(age = runif(600, 5, 15), site = rep(letters[1:12], 50))
#' shift <- rnorm(12)
#' d$y <- 2 * d$age + shift[match(d$site, letters)] + rnorm(600)
#' fit <- covary(y ~ age + s(site, bs = "re"), data = d[d$site != "l", ], draws = 500)
#' ref <- adapt(reference(fit), head(d[d$site == "l", ], 20))
#' sites(ref)
#' @export
adapt <- function(object, ...) UseMethod("adapt")

#' @export
adapt.default <- function(object, ...) {
  stop_no_method(object, "adapt()", "charts and fits of covary()", "object")
}

#' @rdname adapt
#' @export
adapt.covary_reference <- function(
  object, newdata, site = NULL, vary = c("mu", "sigma"), min_n = 10, ...
) {
  check_dots(...)
  chart <- as_chart(object)
  check_count(min_n, "min_n", 0)
  adapt_chart(chart, newdata, chart_responses(object, chart, newdata), list(
    site = site_factor(chart, site), vary = vary, min_n = min_n
  ))
}

# The chart with the new levels of a factor. y: n x K responses; asked: list(site, vary, min_n)
adapt_chart <- function(chart, newdata, y, asked) {
  y <- latent_responses(chart, y)
  site <- asked$site
  keys <- varying_keys(chart, site, asked$vary)
  check_chart_columns(needed_covariates(chart), newdata)
  levels <- new_levels_of(chart, newdata[[site]], site)
  at <- read_people(chart, newdata)
  at$unseen[[site]] <- NULL
  check_new_levels(chart, at, newdata, character(), "error")
  for (level in levels) {
    rows <- which(as.character(newdata[[site]]) == level)
    controls <- newdata[rows, , drop = FALSE]
    at <- read_people(chart, controls)
    used <- which(!at$missing & rowSums(!is.na(y[rows, , drop = FALSE])) > 0)
    check_controls(length(used), level, chart$min_count, asked$min_n)
    at <- people_at(at, used)
    effects <- level_posterior(
      chart, predictors_at(chart, at), y[rows[used], , drop = FALSE], keys, site
    )
    if (is.null(effects)) stop_controls(chart, level, y[rows, , drop = FALSE], rows)
    chart <- add_level(chart, site, level, effects, at)
  }
  chart
}

# y: people of `level` x responses; rows: theirs in `newdata`
stop_controls <- function(chart, level, y, rows) {
  away <- abs(sweep(sweep(y, 2, chart$baseline[, "mean"]), 2, chart$baseline[, "sd"], "/"))
  worst <- arrayInd(which.max(away), dim(away))
  stop_covary("controls", "The effects of level '", level, "' cannot be computed: its people are ",
    "too far from the chart, most of all '", chart$responses[worst[2]], "' in row ",
    rows[worst[1]], " of `newdata`, ", format(max(away, na.rm = TRUE), digits = 2),
    " sds from its mean. Are the units those of the chart? Leave out values that cannot be.",
    fields = list(level = level, rows = rows[worst[1]])
  )
}

# Some of the people of read_people()
people_at <- function(at, rows) {
  at$n <- length(rows)
  for (part in c("columns", "unseen")) at[[part]] <- lapply(at[[part]], `[`, rows)
  for (part in c("missing", "outside")) at[[part]] <- at[[part]][rows]
  at
}

#' @rdname adapt
#' @export
adapt.covary <- adapt.covary_reference

# Keys of the predictors whose effect of `site` is to be found.
varying_keys <- function(chart, site, vary) {
  if (!is.character(vary) || length(vary) == 0 || !all(vary %in% dpar_names())) {
    stop_covary("argument", "`vary` must be of ", enumerate(dpar_names()), ", not ",
      describe(vary), ".",
      fields = list(arg = "vary")
    )
  }
  if (site %in% fixed_factors(chart, character()) || site %in% slope_factors(chart)) {
    stop_covary("argument", "A new level of '", site, "' cannot be taken in: it is in other terms ",
      "than its own random effect.",
      fields = list(arg = "site")
    )
  }
  keys <- chart$posterior$levels[[site]]$keys
  out <- keys[vapply(chart$predictors[keys], function(p) p$dpar %in% vary, TRUE)]
  if (length(out) == 0) {
    stop_covary("argument", "The chart has no random effect of '", site, "' in ", enumerate(vary),
      ".",
      fields = list(arg = "vary")
    )
  }
  out
}

new_levels_of <- function(chart, v, site) {
  found <- unique(stats::na.omit(as.character(v)))
  old <- intersect(found, chart$covariates[[site]]$levels)
  if (length(old) || length(found) == 0) {
    stop_covary("argument", "Column '", site, "' of `newdata` must name new levels; the chart has ",
      if (length(old)) enumerate(old) else "none to take in", " already.",
      fields = list(arg = "newdata", levels = old)
    )
  }
  found
}

check_controls <- function(n, level, min_count, min_n) {
  if (n < max(min_count, 1)) {
    stop_small_group(paste0("level '", level, "'"), n, max(min_count, 1))
  }
  if (n < min_n) {
    warn_covary("few_controls", "Level '", level, "' has ", n, " controls; its effects are not ",
      "known well. uncertainty = \"posterior\" in deviations() says how well.",
      fields = list(level = level, n = n)
    )
  }
}
