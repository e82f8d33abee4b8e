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

autoplot_effects <- function(fit, covariate, resp, by, conditions, ...) {
  if (length(fit$design$covariates) || !is.null(covariate)) {
    covariate <- first_covariate(fit, covariate, numeric = FALSE)
  }
  d <- conditional_effects(fit, covariate, resp = resp, by = by, conditions = conditions, ...)
  d <- as.data.frame(d)
  titles <- mapply(
    function(dpar, resp) paste(predictor_title(dpar, resp), collapse = " "), d$dpar,
    d$resp
  )
  d$panel <- factor(titles, levels = unique(titles))
  d$curve <- ifelse(is.na(d$group), "all", d$group)
  draw <- if (all(is.na(d$level))) ggplot_curves else ggplot_levels
  picture <- ggplot_dots(ggplot_effect_frame(d), d, fit, conditions)
  ggplot_bins(draw(picture, d), d, fit, conditions) +
    ggplot2::facet_wrap(mapped_facet("panel"),
      scales = "free_y",
      labeller = ggplot2::label_wrap_gen(24)
    ) +
    ggplot2::theme_minimal() +
    ggplot_curve_colours(d) +
    ggplot2::labs(x = d$covariate[1], y = NULL)
}

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

# The rows behind curves of means along a number; those of levels that the curve is not for are
# pale.
ggplot_dots <- function(picture, d, fit, conditions, most = 2000) {
  if (identical(d$covariate[1], no_covariate) || !all(is.na(d$level)) || !has_rows(fit)) {
    return(picture)
  }
  dots <- lapply(split(d, d$panel, drop = TRUE), function(part) {
    if (dpar_roles(part$dpar[1]) != "mean") {
      return(NULL)
    }
    out <- data_dots(fit, part, most, conditions)
    transform(out,
      panel = part$panel[1], curve = if (anyNA(part$group)) "all" else out$group,
      shade = ifelse(out$agrees, 0.35, 0.12)
    )
  })
  dots <- do.call(rbind, dots)
  if (NROW(dots) == 0) {
    return(picture)
  }
  picture +
    ggplot2::geom_point(mapped(x = "x", y = "y", colour = "curve", alpha = "shade"), dots,
      size = 0.6, inherit.aes = FALSE
    ) +
    ggplot2::scale_alpha_identity()
}

# What residuals say of sds and correlations, in bins, as plot() has them.
ggplot_bins <- function(picture, d, fit, conditions) {
  if (identical(d$covariate[1], no_covariate) || !has_rows(fit)) {
    return(picture)
  }
  by <- unique(stats::na.omit(d$by))
  bins <- residual_bins(fit, d$covariate[1], if (length(by)) by else FALSE, conditions = conditions)
  at <- match(paste(bins$dpar, bins$resp), paste(d$dpar, d$resp))
  bins <- bins[!is.na(at), ]
  if (NROW(bins) == 0) {
    return(picture)
  }
  bins$panel <- d$panel[stats::na.omit(at)]
  bins$curve <- ifelse(is.na(bins$group), "all", bins$group)
  if (!all(is.na(d$level))) bins$x <- bins$x + 0.12 # beside the points of levels
  picture + ggplot2::geom_linerange(mapped(ymin = "lower", ymax = "upper"), bins, alpha = 0.5) +
    ggplot2::geom_point(data = bins, shape = 21, fill = "white", size = 1.4)
}

# Points with 95 % and 50 % intervals at the levels of a factor.
ggplot_levels <- function(picture, d) {
  aside <- if (length(unique(d$curve)) > 1) ggplot2::position_dodge(0.2) else "identity"
  picture + ggplot2::geom_linerange(mapped(ymin = "lower", ymax = "upper"),
    position = aside
  ) +
    ggplot2::geom_pointrange(mapped(ymin = "lower50", ymax = "upper50"),
      linewidth = 1.6,
      position = aside
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
