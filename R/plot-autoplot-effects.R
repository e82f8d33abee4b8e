# Effects as a ggplot: panels of one covariate, or of several that are numbers.

autoplot_effects <- function(fit, covariate, resp, by, conditions, ...) {
  shown <- autoplot_covariates(fit, covariate, names(conditions))
  d <- conditional_effects(fit, shown$along, resp = resp, by = by, conditions = conditions, ...)
  d <- as.data.frame(d)
  along <- unique(d$covariate)
  titles <- mapply(
    function(dpar, resp) paste(predictor_title(dpar, resp), collapse = " "), d$dpar, d$resp
  )
  if (length(along) > 1) titles <- paste(titles, "along", d$covariate)
  d$panel <- factor(titles, levels = unique(titles))
  d$curve <- curve_names(d)
  draw <- if (all(is.na(d$level))) ggplot_curves else ggplot_levels
  picture <- ggplot_dots(ggplot_effect_frame(d), d, fit, conditions)
  left <- setdiff(shown$left, d$by)
  ggplot_bins(draw(picture, d), d, fit, conditions) +
    ggplot2::facet_wrap(mapped_facet("panel"),
      scales = if (length(along) > 1) "free" else "free_y",
      labeller = ggplot2::label_wrap_gen(24)
    ) +
    ggplot2::theme_minimal() +
    ggplot_curve_colours(d) +
    ggplot2::labs(
      x = if (length(along) == 1) along, y = NULL,
      caption = if (length(left)) paste("not shown: along", paste(left, collapse = ", "))
    )
}

# list(along (names of covariates; NULL where the fit has none), left (those not shown)). An axis is
# of numbers or of levels: by default all numbers, or else the first factor.
autoplot_covariates <- function(fit, covariate, held) {
  if (length(fit$design$covariates) == 0 && is.null(covariate)) {
    return(list())
  }
  covariate <- check_names(covariate, "covariate")
  if (is.null(covariate)) {
    uses <- lapply(names(fit$design$predictors), shaping_covariates, fit = fit)
    all <- unique(unlist(uses))
    is_level <- function(name) is_discrete(fit$design$covariates[[name]])
    numbers <- setdiff(Filter(Negate(is_level), all), held)
    along <- if (length(numbers)) {
      numbers
    } else {
      first_covariate(fit, numeric = FALSE, held = held)
    }
    return(list(along = along, left = setdiff(all, c(along, held))))
  }
  for (name in covariate) first_covariate(fit, name, numeric = FALSE)
  levels <- Filter(function(name) is_discrete(fit$design$covariates[[name]]), covariate)
  if (length(covariate) > 1 && length(levels)) {
    stop_covary("argument", "autoplot() draws several covariates where all are numbers of more ",
      "than five values, which ", enumerate(levels), if (length(levels) > 1) " are" else " is",
      " not: draw ", if (length(levels) > 1) "each" else "it", " by itself (autoplot(fit, ",
      "covariate = \"", levels[1], "\")), or all on a page by plot(fit, covariate = ...).",
      fields = list(arg = "covariate")
    )
  }
  list(along = unique(covariate))
}

# Names of curves: "all", or the level; with its factor where there are several.
curve_names <- function(d) {
  name <- if (length(unique(stats::na.omit(d$by))) > 1) paste(d$by, "=", d$group) else d$group
  ifelse(is.na(d$group), "all", name)
}

# Panels without curves; those of correlations show -1, 0 and 1.
ggplot_effect_frame <- function(d) {
  out <- ggplot2::ggplot(d, mapped(x = "x", y = "estimate", colour = "curve", fill = "curve"))
  zero <- data.frame(panel = unique(d$panel[dpar_roles(d$dpar) == "correlation"]))
  if (nrow(zero) == 0) {
    return(out)
  }
  limits <- data.frame(
    panel = rep(zero$panel, each = 2), x = d$x[match(rep(zero$panel, each = 2), d$panel)],
    estimate = c(-1, 1)
  )
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
      panel = part$panel[1], curve = curve_of_rows(out$group, part),
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

# Names of the curves of a panel that rows of some groups belong to.
curve_of_rows <- function(group, part) {
  if (anyNA(part$group)) "all" else part$curve[match(group, part$group)]
}

# What residuals say of sds and correlations, in bins, as plot() has them.
ggplot_bins <- function(picture, d, fit, conditions) {
  if (identical(d$covariate[1], no_covariate) || !has_rows(fit)) {
    return(picture)
  }
  bins <- do.call(rbind, lapply(split(d, factor(d$covariate, unique(d$covariate))), function(part) {
    by <- unique(stats::na.omit(part$by))
    found <- residual_bins(
      fit, part$covariate[1], if (length(by)) by else FALSE,
      conditions = conditions
    )
    at <- match(paste(found$dpar, found$resp), paste(part$dpar, part$resp))
    found$panel <- part$panel[at]
    found$curve <- ifelse(
      is.na(found$group), "all", part$curve[match(found$group, part$group)]
    )
    found[!is.na(at), ]
  }))
  if (NROW(bins) == 0) {
    return(picture)
  }
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
    name = if (length(by) == 1) by, guide = if (length(by)) "legend" else "none"
  )
}
