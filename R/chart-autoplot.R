#' @rdname plot.covary_reference
#' @exportS3Method ggplot2::autoplot
autoplot.covary_reference <- function(
  object, type = c("fan", "region", "trajectory", "worm", "coverage", "sites", "map"),
  data = NULL, person = NULL, resp = NULL, p = c(0.02, 0.09, 0.25, 0.5, 0.75, 0.91, 0.98),
  level = c(0.5, 0.95), id = NULL, ...
) {
  check_dots(...)
  need_package("ggplot2", "autoplot()")
  type <- check_choice(type, chart_pictures, "type")
  d <- chart_data(object, type, data, person, resp, p, level, id)
  draw <- switch(type,
    fan = ggplot_fan,
    trajectory = ggplot_fan,
    region = ggplot_region,
    worm = ggplot_worm,
    coverage = ggplot_coverage,
    sites = ggplot_sites,
    map = ggplot_map
  )
  draw(d) + ggplot2::theme_minimal()
}

panels <- function(scales = "free") ggplot2::facet_wrap(mapped_facet("panel"), scales = scales)

ggplot_fan <- function(d) {
  lines <- d[d$kind == "line", , drop = FALSE]
  people <- d[d$kind == "person", , drop = FALSE]
  visits <- people[nzchar(people$group), , drop = FALSE]
  last <- lines[lines$x == max(lines$x), , drop = FALSE]
  last$label <- format(100 * last$p, trim = TRUE, drop0trailing = TRUE)
  ggplot2::ggplot(lines, mapped(x = "x", y = "value", group = "group")) +
    ggplot2::geom_point(data = d[d$kind == "data", , drop = FALSE], size = 0.5, alpha = 0.25) +
    ggplot2::geom_line(colour = line_colour()) +
    ggplot2::geom_text(mapped(label = "label"),
      data = last, hjust = -0.2, size = 2.5, colour = line_colour()
    ) +
    ggplot2::geom_line(data = visits, colour = person_colour()) +
    ggplot2::geom_point(data = people, colour = person_colour(), size = 2) +
    panels() +
    ggplot2::labs(x = NULL, y = NULL)
}

ggplot_region <- function(d) {
  names <- names(d)[4:5]
  paths <- d[d$kind == "path", , drop = FALSE]
  ggplot2::ggplot(paths, mapped(x = names[1], y = names[2], group = "level")) +
    ggplot2::geom_polygon(fill = line_colour(), colour = line_colour(), alpha = 0.15) +
    ggplot2::geom_point(
      data = d[d$kind == "person", , drop = FALSE], colour = person_colour(), size = 2
    ) +
    panels()
}

ggplot_worm <- function(d) {
  ggplot2::ggplot(d, mapped(x = "x", y = "deviation")) +
    ggplot2::geom_hline(yintercept = 0, colour = axis_colour) +
    ggplot2::geom_line(mapped(y = "lower"), linetype = 2, colour = axis_colour) +
    ggplot2::geom_line(mapped(y = "upper"), linetype = 2, colour = axis_colour) +
    ggplot2::geom_point(size = 0.7, colour = line_colour()) +
    panels("fixed") +
    ggplot2::labs(x = "normal quantile", y = "z - quantile")
}

ggplot_coverage <- function(d) {
  d$panel <- d$resp
  d$centile <- factor(100 * d$p)
  d$lower <- -2 * d$se
  d$upper <- 2 * d$se
  ggplot2::ggplot(d, mapped(x = "centile", y = "estimate", ymin = "lower", ymax = "upper")) +
    ggplot2::geom_linerange(colour = axis_colour, linewidth = 2, alpha = 0.5) +
    ggplot2::geom_point(colour = line_colour()) +
    panels("fixed") +
    ggplot2::labs(y = "observed - nominal")
}

ggplot_sites <- function(d) {
  ggplot2::ggplot(d, mapped(x = "level", y = "estimate", ymin = "lower", ymax = "upper")) +
    ggplot2::geom_hline(yintercept = 0, colour = axis_colour) +
    ggplot2::geom_pointrange(mapped(shape = "adapted"), colour = line_colour()) +
    ggplot2::scale_shape_manual(values = c(16, 1)) +
    panels("free_y") +
    ggplot2::labs(x = NULL)
}

ggplot_map <- function(d) {
  ggplot2::ggplot(d, mapped(x = "person", y = "resp", fill = "z")) +
    ggplot2::geom_tile() +
    ggplot2::scale_fill_gradient2(
      low = grDevices::hcl.colors(3, "Blue-Red 3")[1],
      high = grDevices::hcl.colors(3, "Blue-Red 3")[3], limits = c(-3, 3),
      oob = function(x, ...) pmin(pmax(x, -3), 3)
    ) +
    ggplot2::labs(y = NULL)
}
