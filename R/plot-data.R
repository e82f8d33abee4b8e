# The data frames behind the pictures: one door to those of plot-data-*.R, which the other files
# plot-*.R only draw.

#' Data frames behind the pictures
#'
#' Everything [plot.covary()] draws, as data.
#'
#' * `"effects"`: see [conditional_effects()].
#' * `"bins"`: what the data say about standard deviations and correlations in bins of equal counts
#'   along a numeric covariate (or at the levels of a factor), from residuals divided by the fitted
#'   standard deviations: their root mean square or correlation in the bin, corrected for what
#'   fitted effects and smooths take up of residuals (divided by the degrees of freedom that the
#'   means leave to the rows, of which there must be five). Like a partial residual, the difference
#'   from the fit in the bin is added (on the scale of the link) to the curve with the other
#'   covariates held still. Columns `covariate`, `x` (mean in the bin), `group`, `dpar`,
#'   `resp`, `n`, `estimate`, `lower`, `upper` (95 % limits of a normal sample of that size).
#' * `"matrix"`: the same as `"effects"` along one covariate, of the responses in `resp` and their
#'   pairs.
#' * `"heatmap"`: correlations of all pairs at chosen values of a covariate. Columns `covariate`,
#'   `value`, `row` and `column` (responses), `resp`, and of the posterior `estimate` (mean), `sd`,
#'   `lower`, `upper`. Without a covariate on which correlations depend `value` is `NA`.
#' * `"ellipses"`: the fitted bivariate normal at chosen values of a covariate, of responses with
#'   [margins] mapped back from the transformed ones; in fits with groups those of the population,
#'   without their effects. Columns `covariate`, `value` (of a factor its level), `content` (share
#'   of the population inside, 0.5 or 0.95), `x`, `y` (outline), and the posterior medians
#'   `mean_x`, `mean_y`, `sd_x`, `sd_y`, `rho`.
#' * `"elbo"`: `iteration`, `elbo` and `gap` (to the best value reached).
#'
#' @param fit A fit of [covary()].
#' @param type Which picture.
#' @param covariate One covariate; by default the first numeric one.
#' @param at Values of it; by default five quantiles, from 5 % to 95 %, or three for `"heatmap"`; of
#'   a factor, and a number of at most five values, all.
#' @param resp Two responses or `"a:b"`, for `"ellipses"`; several of either for `"heatmap"`.
#' @param by,conditions See [conditional_effects()].
#' @param bins Number of bins; by default at most twelve, of at least forty rows.
#' @param ... Further arguments of [conditional_effects()].
#' @return A data frame.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' head(plot_data(fit, "ellipses", at = c(2, 3, 4)))
#' plot_data(fit, "elbo")
#' @export
plot_data <- function(
  fit, type = c("effects", "bins", "matrix", "heatmap", "ellipses", "elbo"), covariate = NULL,
  at = NULL, resp = NULL, by = NULL,
  conditions = list(), bins = NULL, ...
) {
  check_fit(fit, margins = TRUE)
  type <- check_choice(type, c("effects", "bins", "matrix", "heatmap", "ellipses", "elbo"), "type")
  switch(type,
    effects = conditional_effects(fit, covariate,
      resp = resp, by = by, conditions = conditions,
      ...
    ),
    bins = residual_bins(
      fit, first_covariate(fit, covariate, numeric = FALSE), by, bins,
      conditions
    ),
    matrix = matrix_effects(fit, first_covariate(fit, covariate, numeric = FALSE), resp,
      by = by, conditions = conditions, ...
    ),
    heatmap = correlation_frame(fit, covariate, at, resp, conditions),
    ellipses = ellipse_frame(
      thin_fit(fit), first_covariate(
        fit, covariate, FALSE, "correlation", names(conditions)
      ), at, resp, conditions
    ),
    elbo = elbo_frame(fit)
  )
}

# The covariate asked for, or the first numeric one (if `numeric` is FALSE: the first of any kind if
# none is). Of a `role`, what shapes its parameters comes before all others;
# what is `held` is not chosen unless nothing else is there.
first_covariate <- function(
  fit, covariate = NULL, numeric = TRUE, role = NULL, held = character()
) {
  covariate <- check_names(covariate, "covariate")
  uses <- lapply(names(fit$design$predictors), shaping_covariates, fit = fit)
  of_role <- vapply(fit$design$predictors, function(p) identical(dpar_of(p)$role, role), TRUE)
  usable <- unique(unlist(uses))
  if (numeric) usable <- Filter(function(name) !is_discrete(fit$design$covariates[[name]]), usable)
  if (is.null(covariate) && length(usable)) {
    if (!all(usable %in% held)) usable <- setdiff(usable, held)
    first <- shown_first(fit, intersect(unlist(uses[of_role]), usable))
    return(if (is.null(first)) shown_first(fit, usable) else first)
  }
  if (is.null(covariate) || length(covariate) != 1 || !covariate %in% usable) {
    stop_covary("argument", "`covariate` must be one ", if (numeric) "numeric ",
      "covariate of the model",
      if (length(usable)) paste0(" (", enumerate(usable, most = 12), ")") else ", which has none",
      ".",
      fields = list(arg = "covariate")
    )
  }
  covariate
}

# Of names of covariates the first that is a number, or else a factor that is not one of groups.
shown_first <- function(fit, names) {
  numeric <- !vapply(fit$design$covariates[names], is_discrete, TRUE)
  groups <- names %in% random_effect_names(fit$design$predictors)
  names <- c(names[numeric], names[!numeric & !groups], names[!numeric & groups])
  if (length(names)) names[1]
}
