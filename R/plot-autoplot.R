#' Pictures with ggplot2
#'
#' The pictures of [plot.covary()] as \pkg{ggplot2} objects, to restyle, add to, or save. Needs
#' \pkg{ggplot2}.
#'
#' @param object A fit of [covary()].
#' @param type,covariate,resp,by,conditions,at See [plot.covary()]. `"effects"` shows one covariate,
#'   or several that are numbers of more than five values: by default all such, else the first
#'   factor, and the caption names those left out. `plot()` has all on a page.
#' @param ... Further arguments of [conditional_effects()].
#' @return A ggplot.
#' @examplesIf requireNamespace("ggplot2", quietly = TRUE)
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' ggplot2::autoplot(fit)
#' @exportS3Method ggplot2::autoplot
autoplot.covary <- function(
  object, type = c("effects", "matrix", "heatmap", "ellipses", "elbo"), covariate = NULL,
  resp = NULL, by = NULL, conditions = list(),
  at = NULL, ...
) {
  check_fit(object, margins = TRUE)
  type <- if (missing(type)) usual_picture(object) else check_choice(type, picture_types, "type")
  need_package("ggplot2", "autoplot()")
  switch(type,
    effects = autoplot_effects(object, covariate, resp, by, conditions, ...),
    matrix = autoplot_matrix(
      object, first_covariate(object, covariate, numeric = FALSE), resp,
      by = by, conditions = conditions, ...
    ),
    heatmap = autoplot_heatmap(correlation_frame(object, covariate, at, resp, conditions)),
    ellipses = autoplot_ellipses(
      thin_fit(need_rows(object, "autoplot(type = \"ellipses\")")),
      first_covariate(
        object, covariate, FALSE, "correlation", names(conditions)
      ), at, resp, conditions
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

# Panels as plot(type = "matrix") has them: a row and a column a response.
autoplot_matrix <- function(fit, covariate, resp, ...) {
  d <- as.data.frame(matrix_effects(fit, covariate, resp, ...))
  spread <- mean_and_sd(d)
  d <- d[dpar_roles(d$dpar) != "sd", ]
  pair <- lapply(strsplit(d$resp, ":", fixed = TRUE), match, fit$responses)
  shown <- fit$responses[sort(unique(unlist(pair)))]
  d$row <- factor(fit$responses[vapply(pair, max, 0L)], shown)
  d$column <- factor(fit$responses[vapply(pair, min, 0L)], shown)
  d$panel <- interaction(d$column, d$row, sep = " and ", lex.order = FALSE)
  d$curve <- ifelse(is.na(d$group), "all", d$group)
  known <- as.character(unique(d$panel))
  spread$panel <- factor(paste(spread$resp, "and", spread$resp, recycle0 = TRUE), levels(d$panel))
  draw <- if (all(is.na(d$level))) ggplot_curves else ggplot_levels
  title <- function(labels) {
    ends <- strsplit(labels, " and ", fixed = TRUE)
    own <- vapply(ends, anyDuplicated, 0L) > 0
    ifelse(own, paste("mean of", vapply(ends, `[`, "", 1)), ifelse(labels %in% known, labels, ""))
  }
  draw(ggplot_effect_frame(d), d) +
    ggplot2::geom_line(mapped(group = "line"), spread, linetype = "42") +
    ggplot2::facet_wrap(mapped_facet("panel"),
      ncol = length(shown), scales = "free_y", drop = FALSE,
      labeller = ggplot2::as_labeller(title)
    ) +
    ggplot2::theme_minimal() +
    ggplot2::theme(panel.grid.minor = ggplot2::element_blank()) +
    ggplot_curve_colours(d) +
    ggplot2::labs(x = covariate, y = NULL)
}

autoplot_heatmap <- function(d) {
  labels <- unique(c(d$column, d$row))
  d$column <- factor(d$column, labels)
  d$row <- factor(d$row, rev(labels))
  out <- ggplot2::ggplot(d, mapped(x = "column", y = "row", fill = "estimate")) +
    ggplot2::geom_tile(colour = "white") +
    ggplot2::scale_fill_gradientn(
      colours = correlation_colours(seq(-1, 1, length.out = 41)), limits = c(-1, 1),
      name = "correlation"
    ) +
    ggplot2::coord_equal() +
    ggplot2::labs(x = NULL, y = NULL) +
    ggplot2::theme_minimal() +
    ggplot2::theme(axis.text.x = ggplot2::element_text(angle = 90, hjust = 1, vjust = 0.5))
  if (is.na(d$value[1])) {
    return(out)
  }
  out + ggplot2::facet_wrap(mapped_facet("value"), labeller = ggplot2::as_labeller(function(v) {
    paste(d$covariate[1], "=", v)
  }))
}

mapped_facet <- function(name) stats::as.formula(paste("~", name))

autoplot_ellipses <- function(fit, covariate, at, resp, conditions) {
  pair <- response_pair(fit, resp)
  d <- ellipse_frame(fit, covariate, at, pair, conditions)
  if (is.factor(d$value)) d$value <- droplevels(d$value)
  d$outline <- interaction(d$value, d$content)
  rows <- thin_rows(training_data(fit)[[covariate]], 2000)
  y <- data.frame(x = fit$frame$y[rows, pair[1]], y = fit$frame$y[rows, pair[2]])
  y <- y[stats::complete.cases(y), ]
  ggplot2::ggplot(d, mapped(x = "x", y = "y")) +
    ggplot2::geom_point(data = y, colour = "grey60", size = 0.5, alpha = 0.4) +
    ggplot2::geom_path(mapped(colour = "value", group = "outline")) +
    (if (is.factor(d$value)) {
      ggplot2::scale_colour_manual(values = group_colours(nlevels(d$value)), name = covariate)
    } else {
      ggplot2::scale_colour_viridis_c(end = 0.85, name = covariate)
    }) +
    ggplot2::labs(x = pair[1], y = pair[2]) +
    ggplot2::theme_minimal()
}
