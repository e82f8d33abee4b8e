#' Pictures with ggplot2
#'
#' The pictures of [plot.covary()] as \pkg{ggplot2} objects, to restyle, add to, or save. Needs
#' \pkg{ggplot2}.
#'
#' @param object A fit of [covary()].
#' @param type,covariate,resp,by,conditions,at See [plot.covary()]; `"effects"` shows one covariate,
#'   by default the first.
#' @param ... Further arguments of [conditional_effects()].
#' @return A ggplot.
#' @examplesIf requireNamespace("ggplot2", quietly = TRUE)
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' ggplot2::autoplot(fit)
#' @exportS3Method ggplot2::autoplot
autoplot.covary <- function(
  object, type = c("effects", "ellipses", "elbo"), covariate = NULL,
  resp = NULL, by = NULL, conditions = list(),
  at = NULL, ...
) {
  check_fit(object)
  type <- check_choice(type, c("effects", "ellipses", "elbo"), "type")
  need_package("ggplot2", "autoplot()")
  switch(type,
    effects = autoplot_effects(
      object, first_covariate(object, covariate, numeric = FALSE), resp,
      by, conditions, ...
    ),
    ellipses = autoplot_ellipses(
      thin_fit(need_rows(object, "autoplot(type = \"ellipses\")")),
      first_covariate(object, covariate), at, resp, conditions
    ),
    elbo = {
      d <- elbo_frame(object)
      ggplot2::ggplot(d, mapped(x = "iteration", y = "elbo")) +
        ggplot2::geom_line() +
        ggplot2::geom_point() +
        ggplot2::labs(x = "iteration", y = "ELBO") +
        ggplot2::theme_minimal()
    }
  )
}

# aes() by column names.
mapped <- function(...) do.call(ggplot2::aes, lapply(list(...), as.name))

autoplot_effects <- function(fit, covariate, resp, by, conditions, ...) {
  d <- conditional_effects(fit, covariate, resp = resp, by = by, conditions = conditions, ...)
  d <- as.data.frame(d)
  titles <- mapply(
    function(dpar, resp) paste(predictor_title(dpar, resp), collapse = " "), d$dpar,
    d$resp
  )
  d$panel <- factor(titles, levels = unique(titles))
  d$curve <- ifelse(is.na(d$group), "all", d$group)
  draw <- if (all(is.na(d$level))) ggplot_curves else ggplot_levels
  draw(ggplot_effect_frame(d), d) +
    ggplot2::facet_wrap(mapped_facet("panel"),
      scales = "free_y",
      labeller = ggplot2::label_wrap_gen(24)
    ) +
    ggplot2::theme_minimal() +
    ggplot_curve_colours(d) +
    ggplot2::labs(x = covariate, y = NULL)
}

# Panels without curves; those of correlations show -1, 0 and 1.
ggplot_effect_frame <- function(d) {
  out <- ggplot2::ggplot(d, mapped(x = "x", y = "estimate", colour = "curve", fill = "curve"))
  zero <- data.frame(panel = unique(d$panel[dpar_roles(d$dpar) == "correlation"]))
  if (nrow(zero) == 0) {
    return(out)
  }
  limits <- data.frame(panel = rep(zero$panel, each = 2), x = d$x[1], estimate = c(-1, 1))
  out + ggplot2::geom_hline(ggplot2::aes(yintercept = 0), zero, colour = "grey50") +
    ggplot2::geom_blank(mapped(x = "x", y = "estimate"), limits, inherit.aes = FALSE)
}

# Points with 95 % and 50 % intervals at the levels of a factor.
ggplot_levels <- function(picture, d) {
  picture + ggplot2::geom_linerange(mapped(ymin = "lower", ymax = "upper"),
    position = ggplot2::position_dodge(0.2)
  ) +
    ggplot2::geom_pointrange(mapped(ymin = "lower50", ymax = "upper50"),
      linewidth = 1.6,
      position = ggplot2::position_dodge(0.2)
    ) +
    ggplot2::scale_x_continuous(breaks = unique(d$x), labels = unique(d$level))
}

# Curves with 95 % and 50 % ribbons along a number, dashed outside the data.
ggplot_curves <- function(picture, d) {
  d$piece <- cumsum(c(TRUE, diff(d$extrapolated) != 0 | d$curve[-1] != d$curve[-nrow(d)] |
    d$panel[-1] != d$panel[-nrow(d)]))
  picture + ggplot2::geom_ribbon(mapped(ymin = "lower", ymax = "upper"),
    alpha = ribbon_alpha[["outer"]], colour = NA
  ) +
    ggplot2::geom_ribbon(mapped(ymin = "lower50", ymax = "upper50"),
      alpha = ribbon_alpha[["inner"]], colour = NA
    ) +
    ggplot2::geom_line(mapped(group = "piece", linetype = "extrapolated"), d) +
    ggplot2::scale_linetype_manual(values = c(`FALSE` = "solid", `TRUE` = "22"), guide = "none")
}

# The colour of each curve; that of all rows beside groups is nearly black.
ggplot_curve_colours <- function(d) {
  curves <- sort(unique(d$curve))
  groups <- setdiff(curves, "all")
  colours <- if (length(groups)) {
    c(stats::setNames(group_colours(length(groups)), groups), all = all_rows_colour)
  } else {
    c(all = group_colours(1))
  }
  by <- unique(stats::na.omit(d$by))
  ggplot2::scale_colour_manual(
    values = colours, aesthetics = c("colour", "fill"), breaks = groups,
    name = if (length(by)) by[1], guide = if (length(by)) "legend" else "none"
  )
}

mapped_facet <- function(name) stats::as.formula(paste("~", name))

autoplot_ellipses <- function(fit, covariate, at, resp, conditions) {
  pair <- response_pair(fit, resp)
  d <- ellipse_frame(fit, covariate, at, pair, conditions)
  d$outline <- interaction(d$value, d$content)
  rows <- thin_rows(training_data(fit)[[covariate]], 2000)
  y <- data.frame(x = fit$frame$y[rows, pair[1]], y = fit$frame$y[rows, pair[2]])
  ggplot2::ggplot(d, mapped(x = "x", y = "y")) +
    ggplot2::geom_point(data = y, colour = "grey60", size = 0.5, alpha = 0.4) +
    ggplot2::geom_path(mapped(colour = "value", group = "outline")) +
    ggplot2::scale_colour_viridis_c(end = 0.85, name = covariate) +
    ggplot2::labs(x = pair[1], y = pair[2]) +
    ggplot2::theme_minimal()
}
