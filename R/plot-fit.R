#' Pictures of a fit
#'
#' * `"effects"`: the mean, standard deviation and correlation along each covariate (a page each),
#'   with 50 % and 95 % ribbons. Dots are the data; open circles with bars are what residuals in
#'   bins say without the model, with 95 % limits. Outside the data curves are dashed and ribbons
#'   lighter.
#' * `"matrix"`: along one covariate, a panel a pair of responses: means on the diagonal, with
#'   dashed lines one standard deviation from them, and correlations below it. For up to six
#'   responses, or those in `resp`.
#' * `"heatmap"`: correlations of all pairs (or of the responses in `resp`) at values of one
#'   covariate: by default the first numeric one on which they depend, at its 5 %, 50 % and 95 %
#'   quantiles.
#' * `"ellipses"`: the bivariate normal of two responses at chosen values of a covariate: outlines
#'   that hold 50 % and 95 % of the population, over the data, with the rows nearest to each value
#'   in its colour. The small panels are scaled by the fitted standard deviations, so that their
#'   shape is the correlation alone.
#' * `"elbo"`: the evidence lower bound by iteration, and its distance to the last value.
#'
#' The data behind every picture: [plot_data()].
#'
#' @param x A fit of [covary()], or a result of [conditional_effects()].
#' @param type Which picture. By default `"effects"` for up to three responses, `"matrix"` for up to
#'   six, `"heatmap"` for more.
#' @param covariate For `"effects"`, covariates to show (`NULL`: all, a page each); for
#'   `"ellipses"` and `"heatmap"`, one numeric covariate, for `"matrix"` one.
#' @param dpar,resp Which parameters to show. `resp`: a response, or `"a:b"`; for `"matrix"` and
#'   `"heatmap"` several responses.
#' @param by,conditions See [conditional_effects()].
#' @param at Values of the covariate for `"ellipses"` and `"heatmap"`, at most eight.
#' @param data Show the data? At most `max_points` of them.
#' @param max_points Most dots in a panel.
#' @param ask Ask before a new page? By default on screens when there are several.
#' @param ... For `plot.covary()` further arguments of [conditional_effects()].
#' @return The data of the picture, invisibly.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' plot(fit)
#' plot(fit, type = "ellipses", at = c(2, 3, 4))
#' plot(fit, type = "heatmap")
#' plot(fit, type = "elbo")
#' @export
plot.covary <- function(
  x, type = c("effects", "matrix", "heatmap", "ellipses", "elbo"), covariate = NULL, dpar = NULL,
  resp = NULL, by = NULL,
  conditions = list(), at = NULL, data = TRUE, max_points = 2000, ask = NULL,
  ...
) {
  check_fit(x, "x", margins = TRUE)
  type <- if (missing(type)) usual_picture(x) else check_choice(type, picture_types, "type")
  check_flag(data, "data")
  max_points <- check_count(max_points, "max_points", 0)
  switch(type,
    effects = {
      effects <- conditional_effects(x, covariate,
        dpar = dpar, resp = resp, by = by,
        conditions = conditions, ...
      )
      draw_effects(effects, if (data && has_rows(x)) thin_fit(x), max_points, ask, conditions)
      invisible(effects)
    },
    matrix = {
      covariate <- first_covariate(x, covariate, numeric = FALSE)
      effects <- matrix_effects(x, covariate, resp, by = by, conditions = conditions, ...)
      draw_matrix(thin_fit(x), effects, if (data) max_points else 0, conditions)
    },
    heatmap = draw_heatmap(x, covariate, at, resp, conditions),
    ellipses = draw_ellipses(
      thin_fit(need_rows(x, "plot(type = \"ellipses\")")),
      first_covariate(x, covariate), at, resp, conditions, if (data) max_points else 0
    ),
    elbo = draw_elbo(x)
  )
}

picture_types <- c("effects", "matrix", "heatmap", "ellipses", "elbo")

# That which shows all responses and can be read.
usual_picture <- function(fit) {
  k <- length(fit$responses)
  if (k <= 3) "effects" else if (k <= most_in_matrix) "matrix" else "heatmap"
}

#' @rdname plot.covary
#' @export
plot.covary_effects <- function(x, ask = NULL, ...) {
  check_dots(...)
  draw_effects(x, NULL, 0, ask)
  invisible(x)
}
