#' Pictures of a chart
#'
#' @section Types:
#' * `"fan"`: lines of centiles along the first numeric covariate, a panel a response and level of
#'   factors; `data` as dots, moved to no site by [harmonise()], and `person` as large dots.
#' * `"trajectory"`: the same with the visits of each `person` joined, told apart by `id`.
#' * `"region"`: joint regions of two responses for each row of `person`, with the person and what
#'   drives the distance.
#' * `"worm"`: z against normal quantiles in quarters of the covariate, with pointwise 95 % bands.
#' * `"coverage"`: observed minus nominal share of people below nine centiles.
#' * `"sites"`: effects of sites with 95 % intervals; those of [adapt()] hollow.
#' * `"map"`: z of people (columns) by response (rows).
#'
#' @param x,object A chart of [reference()].
#' @param type See Types.
#' @param data Data frame of people.
#' @param person Data frame of the people to show.
#' @param resp Names of responses; `NULL` (default) for all.
#' @param p Probabilities of the lines of a fan.
#' @param level Probabilities of regions.
#' @param id Name of the column of `person` that says who a visit belongs to.
#' @param ... Of `plot()` styling, as in [plot.covary()]; maps have `main` and parameters of
#'   `par()`. None for `autoplot()`.
#' @return `plot()` its argument, invisibly; `autoplot()` a ggplot. [chart_data()] has the numbers.
#' @section Errors:
#' `covary_error_argument`.
#' @references van Buuren and Fredriks (2001) \doi{10.1002/sim.746} for worm plots.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' ref <- reference(fit)
#' plot(ref, data = mtcars, person = mtcars["Fiat 128", ])
#' plot(ref, "region", person = mtcars[c("Fiat 128", "Merc 230"), ])
#' @export
plot.covary_reference <- function(
  x, type = c("fan", "region", "trajectory", "worm", "coverage", "sites", "map"),
  data = NULL, person = NULL, resp = NULL, p = c(0.02, 0.09, 0.25, 0.5, 0.75, 0.91, 0.98),
  level = c(0.5, 0.95), id = NULL, ...
) {
  type <- check_choice(type, chart_pictures, "type")
  d <- chart_data(x, type, data, person, resp, p, level, id)
  draw <- switch(type,
    fan = draw_fan,
    trajectory = draw_fan,
    region = draw_region,
    worm = draw_worm,
    coverage = draw_coverage,
    sites = draw_sites,
    map = draw_map
  )
  panels <- if (is.null(d$panel)) unique(d$resp) else unique(d$panel)
  if (type == "map") panels <- "z"
  rows <- ceiling(sqrt(length(panels) / 1.6))
  columns <- ceiling(length(panels) / rows)
  layout <- list(matrix(seq_len(rows * columns), rows, columns, byrow = TRUE))
  has <- names(formals(plot.covary_reference))
  with_style(named_dots(...), "plot", has,
    with_canvas(layout, mar = c(2.8, if (type == "map") 6 else 3.2, 2.2, 2), {
      for (panel in panels) draw(d, panel, chart_axis_labels(x, type, panel))
    }),
    allowed = if (type == "map") tile_arguments else c(panel_arguments, par_arguments)
  )
  invisible(x)
}

# list(x, y) of a panel
chart_axis_labels <- function(chart, type, panel) {
  resp <- sub(",.*", "", panel)
  unit <- chart$units[resp]
  switch(type,
    fan = ,
    trajectory = list(
      x = fan_covariate(chart), y = if (is.na(unit)) resp else paste0(resp, " (", unit, ")")
    ),
    worm = list(x = "normal quantile", y = "z - quantile"),
    coverage = list(x = "centile", y = "observed - nominal, %"),
    list(x = "", y = "")
  )
}

person_colour <- function() unname(okabe_ito["vermillion"])
line_colour <- function() styled("col", unname(okabe_ito["blue"]))[1]

draw_fan <- function(d, panel, labels) {
  d <- d[d$panel == panel, , drop = FALSE]
  start_panel(range(d$x), range(d$value), panel, labels$x, labels$y)
  dots <- d[d$kind == "data", , drop = FALSE]
  style <- dot_style(nrow(dots))
  draw_dots(dots$x, dots$value, style$cex, fade("black", style$alpha))
  lines <- d[d$kind == "line", , drop = FALSE]
  for (one in unique(lines$p)) {
    line <- lines[lines$p == one, , drop = FALSE]
    line <- line[order(line$x), , drop = FALSE]
    draw_line(line$x, line$value, line_colour(), if (one == 0.5) 2.2 else 1.1)
    last <- nrow(line)
    graphics::text(line$x[last], line$value[last], format(100 * one),
      pos = 4, offset = 0.2, cex = 0.7, col = line_colour(), xpd = NA
    )
  }
  people <- d[d$kind == "person", , drop = FALSE]
  for (one in unique(people$group[nzchar(people$group)])) {
    visits <- people[people$group == one, , drop = FALSE]
    visits <- visits[order(visits$x), , drop = FALSE]
    graphics::lines(visits$x, visits$value, col = person_colour(), lwd = 1.5)
  }
  graphics::points(people$x, people$value, pch = 21, bg = person_colour(), col = "white", cex = 1.3)
}

draw_region <- function(d, panel, labels) {
  d <- d[d$panel == panel, , drop = FALSE]
  names <- names(d)[4:5]
  title <- sub("^person [0-9]+: ", "", panel)
  start_panel(range(d[[4]]), range(d[[5]]), title, names[1], names[2])
  for (level in sort(unique(d$level), decreasing = TRUE)) {
    path <- d[d$level %in% level, , drop = FALSE]
    graphics::polygon(path[[4]], path[[5]], col = fade(line_colour(), 0.15), border = line_colour())
  }
  person <- d[d$kind == "person", , drop = FALSE]
  graphics::points(person[[4]], person[[5]],
    pch = 21, bg = person_colour(), col = "white", cex = 1.5
  )
}

draw_worm <- function(d, panel, labels) {
  d <- d[d$panel == panel, , drop = FALSE]
  start_panel(range(d$x), range(d$deviation, -0.5, 0.5), panel, labels$x, labels$y)
  graphics::abline(h = 0, col = axis_colour)
  graphics::lines(d$x, d$lower, lty = "22", col = axis_colour)
  graphics::lines(d$x, d$upper, lty = "22", col = axis_colour)
  draw_dots(d$x, d$deviation, 0.5, line_colour())
}

draw_coverage <- function(d, panel, labels) {
  d <- d[d$resp == panel, , drop = FALSE]
  at <- stats::qnorm(d$p)
  d[c("estimate", "se")] <- 100 * d[c("estimate", "se")]
  reach <- max(abs(d$estimate), 2.5 * d$se)
  start_panel(range(at), c(-reach, reach), panel, labels$x, labels$y,
    x_at = at, x_labels = format(100 * d$p, drop0trailing = TRUE, trim = TRUE)
  )
  graphics::abline(h = 0, col = axis_colour)
  graphics::segments(at, -2 * d$se, at, 2 * d$se, col = "grey85", lwd = 8, lend = "butt")
  draw_dots(at, d$estimate, 1, line_colour())
}

draw_sites <- function(d, panel, labels) {
  d <- d[d$panel == panel, , drop = FALSE]
  d <- d[order(d$estimate), , drop = FALSE]
  at <- seq_len(nrow(d))
  start_panel(range(at), range(d$lower, d$upper), panel, labels$x, labels$y,
    x_at = at, x_labels = d$level
  )
  graphics::abline(h = 0, col = axis_colour)
  graphics::segments(at, d$lower, at, d$upper, col = line_colour())
  graphics::points(at, d$estimate,
    pch = 21, col = line_colour(), bg = ifelse(d$adapted, "white", line_colour())
  )
}

# Colours from low (blue) to high (red), white at zero.
score_colours <- function(z) {
  breaks <- seq(-3, 3, length.out = 62)
  grDevices::hcl.colors(61, "Blue-Red 3")[findInterval(pmin(pmax(z, -3), 2.999), breaks)]
}

draw_map <- function(d, panel, labels) {
  resp <- unique(d$resp)
  people <- max(d$person)
  graphics::plot.new()
  graphics::plot.window(c(0.5, people + 0.5), c(0.5, length(resp) + 0.5), xaxs = "i", yaxs = "i")
  row <- match(d$resp, rev(resp))
  graphics::rect(d$person - 0.5, row - 0.5, d$person + 0.5, row + 0.5,
    col = ifelse(is.na(d$z), "grey85", score_colours(d$z)), border = NA
  )
  draw_axis(1, pretty_inside(c(1, people)))
  draw_axis(2, seq_along(resp), rev(resp))
  write_title(tile_title("z, from -3 (blue) to 3 (red)"))
  graphics::title(xlab = "person", col.lab = ink)
}
