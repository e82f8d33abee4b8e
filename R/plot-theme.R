# Pieces of pictures in base graphics: panels, ribbons, points, legends. Colours: util-palette.R.

# Sets par and the layout for the time of `expr`, whatever happens.
with_canvas <- function(layout, expr, ...) {
  old <- graphics::par(c("mfrow", "mar", "oma", "mgp", "tcl", "las", "cex", "cex.axis", "xpd"))
  on.exit({
    graphics::layout(1)
    graphics::par(old)
  })
  do.call(graphics::layout, layout)
  graphics::par(mgp = c(1.7, 0.45, 0), tcl = -0.25, las = 1, cex = 0.8, cex.axis = 0.9, ...)
  force(expr)
}

# An empty panel: title at the left above, light grid, axes without a box. `x_at` and `x_labels`:
# where the horizontal axis has levels in place of numbers.
start_panel <- function(
  xlim, ylim, title = NULL, xlab = "", ylab = "", x_at = NULL, x_labels = TRUE
) {
  graphics::plot.new()
  graphics::plot.window(xlim, ylim)
  y_at <- pretty_inside(graphics::par("usr")[3:4])
  grid_at <- if (is.null(x_at)) pretty_inside(graphics::par("usr")[1:2]) else x_at
  graphics::abline(h = y_at, v = grid_at, col = grid_colour, lwd = 0.8)
  if (is.character(x_labels)) {
    label_levels(x_at, x_labels)
  } else {
    draw_axis(1, grid_at, x_labels, gap.axis = 0.2)
  }
  draw_axis(2, y_at)
  graphics::box(bty = "l", col = axis_colour)
  if (!is.null(title)) write_title(title)
  graphics::title(xlab = xlab, ylab = ylab, col.lab = ink)
}

# All labels of levels if they fit when shrunk, else as many as do.
label_levels <- function(at, labels, size = axis_size) {
  room <- if (length(at) > 1) min(diff(sort(at))) else diff(graphics::par("usr")[1:2])
  size <- max(min(size, 0.93 * size * room / max(graphics::strwidth(labels, cex = size))), 0.55)
  draw_axis(1, at, labels, size, gap.axis = 0.1)
}

axis_size <- 0.9 # of the labels of axes

# An axis of ticks and labels without a line.
draw_axis <- function(side, at, labels = TRUE, size = axis_size, ...) {
  graphics::axis(side,
    at = at, labels = labels, cex.axis = size, col = axis_colour, col.ticks = axis_colour,
    col.axis = ink, lwd = 0, lwd.ticks = 0.8, ...
  )
}

pretty_inside <- function(range) {
  at <- pretty(range, 5)
  at[at >= min(range) & at <= max(range)]
}

# Left above the panel. Pieces stand on one line if they fit, else on two, shrunk if need be.
write_title <- function(text, line = 0.3) {
  room <- diff(graphics::par("usr")[1:2])
  fits <- function(t) min(1, room / max(graphics::strwidth(t, font = 2)))
  whole <- paste(text, collapse = " ")
  if (length(text) > 1 && fits(whole) < 0.95) {
    size <- max(min(fits(text), 0.9), 0.55) * graphics::par("cex")
    graphics::mtext(text[1],
      side = 3, line = line + size * 1.15, adj = 0, font = 2, cex = size,
      col = ink
    )
    graphics::mtext(text[2], side = 3, line = line, adj = 0, font = 2, cex = size, col = ink)
  } else {
    graphics::mtext(whole,
      side = 3, line = line, adj = 0, font = 2,
      cex = max(fits(whole), 0.55) * graphics::par("cex"), col = ink
    )
  }
}

# 95 % and 50 % ribbons with the line; dashed and lighter outside the data.
draw_ribbon <- function(d, colour, lwd = 2) {
  runs <- cumsum(c(TRUE, diff(d$extrapolated) != 0))
  for (run in unique(runs)) {
    at <- which(runs == run)
    outside <- d$extrapolated[at[1]]
    # Pieces meet: one point of the neighbour inside the data joins those outside.
    if (outside) at <- sort(unique(pmin(pmax(c(min(at) - 1, at, max(at) + 1), 1), nrow(d))))
    alpha <- if (outside) ribbon_alpha_outside else ribbon_alpha
    draw_band(d$x[at], d$lower[at], d$upper[at], fade(colour, alpha[["outer"]]))
    draw_band(d$x[at], d$lower50[at], d$upper50[at], fade(colour, alpha[["inner"]]))
    graphics::lines(d$x[at], d$estimate[at], col = colour, lwd = lwd, lty = if (outside) {
      "22"
    } else {
      "solid"
    }, lend = "butt")
  }
}

draw_band <- function(x, lower, upper, colour) {
  graphics::polygon(c(x, rev(x)), c(lower, rev(upper)), col = colour, border = NA)
}

# Point with 95 % (thin) and 50 % (thick) interval.
draw_interval <- function(x, d, colour) {
  graphics::segments(x, d$lower, x, d$upper, col = colour, lwd = 1.4, lend = "butt")
  graphics::segments(x, d$lower50, x, d$upper50, col = colour, lwd = 4.5, lend = "butt")
  graphics::points(x, d$estimate, pch = 21, bg = "white", col = colour, cex = 1.1, lwd = 1.5)
}

# What the data alone say, in bins.
draw_bins <- function(d, colour = "grey35") {
  if (NROW(d) == 0) {
    return(invisible())
  }
  graphics::segments(d$x, d$lower, d$x, d$upper, col = fade(colour, 0.55), lwd = 0.8, lend = "butt")
  graphics::points(d$x, d$estimate, pch = 21, bg = "white", col = colour, cex = 0.75, lwd = 1)
}

# Evenly spaced row numbers along v, at most `most`.
thin_rows <- function(v, most) {
  o <- order(v)
  o[evenly_spaced(length(o), most)]
}

# Dots that stay readable from ten to a million of them.
dot_style <- function(n) {
  list(
    cex = if (n > 600) 0.35 else if (n > 150) 0.5 else 0.7,
    alpha = min(0.7, max(0.12, 25 / sqrt(n) / 3))
  )
}

# A line of keys in the outer margin above all panels.
legend_above <- function(labels, colours, note = NULL) {
  graphics::par(xpd = NA)
  y <- 0.985
  x <- 0.012
  for (i in seq_along(labels)) {
    x <- draw_legend_entry(x, y, labels[i], colours[i])
  }
  if (!is.null(note)) {
    graphics::text(graphics::grconvertX(0.99, "ndc"), graphics::grconvertY(y, "ndc"), note,
      adj = c(1, 1), cex = 0.85, col = "grey45"
    )
  }
  graphics::par(xpd = FALSE)
}

draw_legend_entry <- function(x, y, label, colour) {
  at <- graphics::grconvertX(c(x, x + 0.025), "ndc")
  height <- graphics::grconvertY(y - 0.013, "ndc")
  graphics::segments(at[1], height, at[2], height, col = colour, lwd = 4, lend = "butt")
  graphics::text(graphics::grconvertX(x + 0.032, "ndc"), graphics::grconvertY(y, "ndc"), label,
    adj = c(0, 1), cex = 0.9, col = ink
  )
  width <- graphics::strwidth(label, cex = 0.9, units = "inches") / graphics::par("din")[1]
  x + 0.032 + width + 0.03
}
