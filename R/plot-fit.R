#' Pictures of a fit
#'
#' * `"effects"`: the mean, standard deviation and correlation along each covariate (on one page if
#'   there are at most twelve panels), with 50 % and 95 % ribbons. Dots are the data; open circles
#'   with bars are what residuals in bins say without the model, with 95 % limits. Outside the data
#'   curves are dashed and ribbons lighter.
#' * `"matrix"`: along one covariate, a panel a pair of responses: means on the diagonal, with
#'   dashed lines one standard deviation from them, and correlations below it. For up to six
#'   responses, or those in `resp`.
#' * `"heatmap"`: correlations of all pairs (or of the responses in `resp`) at values of one
#'   covariate: by default the first numeric one on which they depend (else the first factor), at
#'   its 5 %, 50 % and 95 % quantiles (all levels).
#' * `"ellipses"`: the bivariate normal of two responses at chosen values of a covariate, or the
#'   levels of a factor; by default the first on which the correlation depends. Outlines
#'   that hold 50 % and 95 % of the population, over the data, with the rows nearest to each value
#'   in its colour. The small panels are scaled by the fitted standard deviations, so that their
#'   shape is the correlation alone.
#' * `"elbo"`: the evidence lower bound by iteration, and its distance to the last value.
#'
#' The data behind every picture: [plot_data()].
#'
#' Where the page is divided by `par(mfrow = )` or [layout()], panels go into its places, one after
#' the other; ellipses and heat maps leave out their small panels and keys.
#'
#' @param x A fit of [covary()], or a result of [conditional_effects()].
#' @param type Which picture. By default `"effects"` for up to three responses, `"matrix"` for up to
#'   six, `"heatmap"` for more.
#' @param covariate For `"effects"`, covariates to show (`NULL`: all); for
#'   `"ellipses"`, `"heatmap"` and `"matrix"` one.
#' @param dpar,resp Which parameters to show. `resp`: a response, or `"a:b"`; for `"matrix"` and
#'   `"heatmap"` several responses.
#' @param by,conditions See [conditional_effects()].
#' @param at Values or levels of the covariate for `"ellipses"` and `"heatmap"`, at most eight.
#' @param data Show the data? At most `max_points` of them.
#' @param max_points Most dots in a panel.
#' @param ask Ask before a new page? By default on screens when there are several.
#' @param ... For `plot.covary()` `points`, `extend`, `prob`, `ndraws` and `draw_ids` of
#'   [conditional_effects()]. For both styling, each recycled along the panels: `main`, `sub`,
#'   `xlab`, `ylab`; `xlim` and `ylim`, two numbers for all panels, or a list with one a panel
#'   (`NULL`: as by default); `ylim = "data"` fits axes of correlations to the curves; of curves
#'   `col` (one a group), `lwd` and `lty` (inside the data); of
#'   dots `pch` and `cex`; `las`, `bty`; and of [graphics::par()] `mar`, `mgp`, `oma`, `tcl`,
#'   `family`, and those that begin with `font`, `cex` and `col`. Heat maps have `main` and
#'   parameters of `par()`. What a picture has no use for is refused.
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
  asked <- list(
    covariate = covariate, dpar = dpar, resp = resp, by = by, conditions = conditions, at = at
  )
  given <- named_dots(...)
  asked <- c(asked, given[names(given) %in% curve_arguments])
  has <- setdiff(names(formals(plot.covary)), "...")
  check_picture_arguments(asked, type, "plot")
  with_style(given[!names(given) %in% curve_arguments], "plot", c(has, curve_arguments),
    draw_picture(x, type, asked, data, max_points, ask),
    allowed = if (type == "heatmap") tile_arguments else c(panel_arguments, par_arguments)
  )
}

# Arguments of conditional_effects() that plot() and autoplot() hand on.
curve_arguments <- c("points", "extend", "prob", "ndraws", "draw_ids")

# Draws, and returns what was drawn, invisibly. asked: arguments by name.
draw_picture <- function(fit, type, asked, data, max_points, ask) {
  dots <- if (data) max_points else 0
  along <- function(numeric) {
    first_covariate(
      fit, asked$covariate, numeric, if (type == "ellipses") "correlation", names(asked$conditions)
    )
  }
  switch(type,
    effects = {
      effects <- do.call(conditional_effects, c(list(fit), asked[names(asked) != "at"]))
      draw_effects(effects, if (data && has_rows(fit)) thin_fit(fit), dots, ask, asked$conditions)
      invisible(effects)
    },
    matrix = {
      asked$covariate <- along(FALSE)
      effects <- do.call(matrix_effects, c(list(fit), asked[!names(asked) %in% c("at", "dpar")]))
      draw_matrix(thin_fit(fit), effects, dots, asked$conditions)
    },
    heatmap = draw_heatmap(fit, asked$covariate, asked$at, asked$resp, asked$conditions),
    ellipses = draw_ellipses(
      thin_fit(need_rows(fit, "plot(type = \"ellipses\")")), along(FALSE), asked$at, asked$resp,
      asked$conditions, dots
    ),
    elbo = draw_elbo(fit)
  )
}

# The arguments that each type of picture has no use for.
unused_arguments <- list(
  effects = "at", matrix = c("at", "dpar"), heatmap = c("dpar", "by", curve_arguments),
  ellipses = c("dpar", "by", curve_arguments),
  elbo = c("covariate", "dpar", "resp", "by", "conditions", "at", curve_arguments)
)

check_picture_arguments <- function(asked, type, name) {
  given <- names(asked)[lengths(asked) > 0]
  surplus <- intersect(given, unused_arguments[[type]])
  if (length(surplus) == 0) {
    return(invisible())
  }
  takes <- Filter(function(t) !surplus[1] %in% unused_arguments[[t]], names(unused_arguments))
  stop_covary("argument", name, "(type = \"", type, "\") has no use for '", surplus[1],
    "', which is for ", enumerate(paste0("type = \"", takes, "\"")), ".",
    fields = list(arg = surplus[1], surplus = surplus)
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
  with_style(named_dots(...), "plot", c("x", "ask"), draw_effects(x, NULL, 0, ask))
  invisible(x)
}

# As brms has it; a part of the rows is a data frame like any other.
#' @export
print.covary_effects <- function(x, ...) {
  if (!identical(attr(x, "rows"), nrow(x)) || !"estimate" %in% names(x)) {
    return(invisible(print(as.data.frame(x), ...)))
  }
  plot(x, ...)
  invisible(x)
}

#' @export
as.data.frame.covary_effects <- function(x, ...) {
  attr(x, "rows") <- NULL
  as.data.frame(structure(x, class = "data.frame"), ...)
}
