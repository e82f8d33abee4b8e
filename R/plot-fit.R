#' Pictures of a fit
#'
#' * `"effects"`: the mean, standard deviation and correlation along each covariate (a page each),
#'   with 50 % and 95 % ribbons. Dots are the data; open circles with bars are what residuals in
#'   bins say without the model, with 95 % limits. Outside the data curves are dashed and ribbons
#'   lighter.
#' * `"ellipses"`: the bivariate normal at chosen values of a covariate: outlines that hold 50 % and
#'   95 % of the population, over the data, with the rows nearest to each value in its colour. The
#'   small panels are scaled by the fitted standard deviations, so that their shape is the
#'   correlation alone.
#' * `"elbo"`: the evidence lower bound by iteration, and its distance to the last value.
#'
#' The data behind every picture: [plot_data()].
#'
#' @param x A fit of [covary()], or a result of [conditional_effects()].
#' @param type Which picture.
#' @param covariate For `"effects"`, covariates to show (`NULL`: all, a page each); for
#'   `"ellipses"`, one numeric covariate.
#' @param dpar,resp Which predictors to show.
#' @param by,conditions See [conditional_effects()].
#' @param at Values of the covariate for `"ellipses"`.
#' @param data Show the data? At most `max_points` of them.
#' @param max_points Most dots in a panel.
#' @param ask Ask before a new page? By default on screens when there are several.
#' @param ... For `plot.covary()` further arguments of [conditional_effects()].
#' @return The data of the picture, invisibly.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' plot(fit)
#' plot(fit, type = "ellipses", at = c(2, 3, 4))
#' plot(fit, type = "elbo")
#' @export
plot.covary <- function(
  x, type = c("effects", "ellipses", "elbo"), covariate = NULL, dpar = NULL,
  resp = NULL, by = NULL,
  conditions = list(), at = NULL, data = TRUE, max_points = 2000, ask = NULL,
  ...
) {
  check_fit(x, "x")
  type <- check_choice(type, c("effects", "ellipses", "elbo"), "type")
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
    ellipses = draw_ellipses(
      thin_fit(need_rows(x, "plot(type = \"ellipses\")")),
      first_covariate(x, covariate), at, resp, conditions, if (data) max_points else 0
    ),
    elbo = draw_elbo(x)
  )
}

#' @rdname plot.covary
#' @export
plot.covary_effects <- function(x, ask = NULL, ...) {
  check_dots(...)
  draw_effects(x, NULL, 0, ask)
  invisible(x)
}
