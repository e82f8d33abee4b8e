# Pieces of pictures in base graphics: panels, ribbons, points, legends. Colours: util-palette.R.

# Draws `expr` into panels laid out by `layout` (arguments of layout()), or into those of the user
# where the page is divided, and gives back par() as it was. `...`: further par(); `key`: see
# draw_key(), for a picture whose panels all have the same.
with_canvas <- function(layout, expr, ..., key = NULL) {
  mine <- list(mgp = c(1.7, 0.45, 0), tcl = -0.25, las = 1, ...)
  user <- picture$style[intersect(names(picture$style), c("las", "bty", par_arguments))]
  wanted <- utils::modifyList(mine, as.list(user))
  picture$own <- !is_page_divided()
  picture$key <- key
  saved <- unique(c("mar", "oma", "cex", "cex.axis", "xpd", names(wanted)))
  old <- graphics::par(saved)
  if (picture$own) {
    on.exit({
      graphics::layout(1)
      graphics::par(c(old, list(mfrow = c(1, 1))))
    })
    layout <- with_key_strip(layout, key)
    do.call(graphics::layout, layout)
    wanted <- c(wanted, list(cex = 0.8, cex.axis = 0.9)[setdiff(c("cex", "cex.axis"), names(user))])
    graphics::par(wanted)
    if (!is.null(key)) draw_key_strip(key)
  } else {
    on.exit(graphics::par(old[names(old) != "oma"])) # which would begin a new page
    graphics::par(in_divided_page(wanted, names(user), key))
  }
  force(expr)
}

# Margins that the user has set stay; the key has a line above each panel.
in_divided_page <- function(wanted, given, key) {
  wanted$oma <- NULL
  now <- graphics::par("mar")
  if (!"mar" %in% given && any(abs(now - c(5.1, 4.1, 4.1, 2.1)) > 1e-8)) wanted$mar <- now
  if (!is.null(key) && !is.null(wanted$mar)) wanted$mar[3] <- max(wanted$mar[3], 3.2)
  if (!"cex.axis" %in% given) wanted$cex.axis <- 0.9
  c(wanted, list(cex = min(graphics::par("cex"), 0.8)))
}

# A layout with a strip for the key above the panels.
with_key_strip <- function(layout, key) {
  if (is.null(key)) {
    return(layout)
  }
  panels <- layout[[1]]
  heights <- if (is.null(layout$heights)) rep(1, nrow(panels)) else layout$heights
  layout[[1]] <- rbind(1, ifelse(panels > 0, panels + 1, 0))
  layout$heights <- c(graphics::lcm(key_height), heights)
  layout
}

key_height <- 0.55 # cm

# An empty panel: title at the left above, light grid, axes without a box. `x_at` and `x_labels`:
# where the horizontal axis has levels in place of numbers; x_labels may be a date or time of the
# kind that the axis is of.
start_panel <- function(
  xlim, ylim, title = NULL, xlab = "", ylab = "", x_at = NULL, x_labels = TRUE
) {
  graphics::plot.new()
  picture$panel <- picture$panel + 1L
  graphics::plot.window(styled_panel("xlim", xlim), styled_panel("ylim", ylim))
  y_at <- pretty_inside(graphics::par("usr")[3:4])
  dates <- if (is_time(x_labels)) pretty_times(graphics::par("usr")[1:2], x_labels)
  if (!is.null(dates)) {
    x_at <- as.double(dates)
    x_labels <- attr(dates, "labels")
  }
  grid_at <- if (is.null(x_at)) pretty_inside(graphics::par("usr")[1:2]) else x_at
  graphics::abline(h = y_at, v = grid_at, col = grid_colour, lwd = 0.8)
  if (is.character(x_labels)) {
    label_levels(x_at, x_labels)
  } else {
    draw_axis(1, grid_at, x_labels, gap.axis = 0.2)
  }
  draw_axis(2, y_at)
  graphics::box(bty = styled("bty", "l"), col = axis_colour)
  label_panel(title, xlab, ylab)
}

is_time <- function(x) inherits(x, c("Date", "POSIXct"))

# Round dates or times within the limits, with attribute `labels`; like: what the axis is of.
pretty_times <- function(limits, like) {
  at <- pretty(of_type(limits, like))
  inside <- as.double(at) >= limits[1] & as.double(at) <= limits[2]
  structure(at[inside], labels = attr(at, "labels")[inside])
}

label_panel <- function(title, xlab, ylab) {
  title <- styled_panel("main", title)
  if (!is.null(title)) write_title(title)
  graphics::title(
    xlab = styled_panel("xlab", xlab), ylab = styled_panel("ylab", ylab),
    col.lab = styled("col.lab", ink)
  )
  sub <- styled_panel("sub", NULL)
  if (!is.null(sub)) {
    graphics::mtext(sub,
      side = 1, line = graphics::par("mar")[1] - 0.7, adj = 0.5,
      cex = 0.75 * graphics::par("cex"), col = styled("col.sub", ink)
    )
  }
  if (!picture$own && !is.null(picture$key)) draw_key_above(picture$key)
}

# All labels of levels if they fit apart from each other when shrunk, else as many as do.
label_levels <- function(at, labels, size = axis_size) {
  room <- if (length(at) > 1) min(diff(sort(at))) else diff(graphics::par("usr")[1:2])
  size <- styled("cex.axis", size)
  wide <- max(graphics::strwidth(paste0(labels, "n"), cex = size))
  size <- max(min(size, size * room / wide), 0.55)
  draw_axis(1, at, labels, size, gap.axis = 0.5)
}

axis_size <- 0.9 # of the labels of axes

# An axis of ticks and labels without a line.
draw_axis <- function(side, at, labels = TRUE, size = axis_size, ...) {
  graphics::axis(side,
    at = at, labels = labels, cex.axis = styled("cex.axis", size), col = axis_colour,
    col.ticks = axis_colour, col.axis = styled("col.axis", ink), lwd = 0, lwd.ticks = 0.8, ...
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
draw_ribbon <- function(d, colour) {
  runs <- cumsum(c(TRUE, diff(d$extrapolated) != 0))
  for (run in unique(runs)) {
    at <- which(runs == run)
    outside <- d$extrapolated[at[1]]
    # Pieces meet: one point of the neighbour inside the data joins those outside.
    if (outside) at <- sort(unique(pmin(pmax(c(min(at) - 1, at, max(at) + 1), 1), nrow(d))))
    alpha <- if (outside) ribbon_alpha_outside else ribbon_alpha
    draw_band(d$x[at], d$lower[at], d$upper[at], fade(colour, alpha[["outer"]]))
    # A ribbon of less than 50 % stands alone.
    inner <- any(d$lower50 > d$lower, d$upper50 < d$upper)
    if (inner) draw_band(d$x[at], d$lower50[at], d$upper50[at], fade(colour, alpha[["inner"]]))
    graphics::lines(d$x[at], d$estimate[at],
      col = colour, lwd = styled("lwd", 2), lty = if (outside) "22" else styled("lty", "solid"),
      lend = "butt"
    )
  }
}

draw_band <- function(x, lower, upper, colour) {
  graphics::polygon(c(x, rev(x)), c(lower, rev(upper)), col = colour, border = NA)
}

# Point with 95 % (thin) and 50 % (thick) interval.
draw_interval <- function(x, d, colour) {
  graphics::segments(x, d$lower, x, d$upper, col = colour, lwd = styled("lwd", 1.4), lend = "butt")
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

draw_dots <- function(x, y, size, colour) {
  graphics::points(x, y, pch = styled("pch", 16), cex = styled("cex", size), col = colour)
}

draw_line <- function(x, y, colour, width = 2) {
  graphics::lines(x, y, col = colour, lwd = styled("lwd", width), lty = styled("lty", "solid"))
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

# Colours of groups and a note, above all panels. key: list(labels, colours, note), or NULL.
new_key <- function(labels = NULL, colours = NULL, note = "") {
  if (length(labels) || nzchar(note)) list(labels = labels, colours = colours, note = note)
}

# In a strip of its own, where the layout is ours.
draw_key_strip <- function(key) {
  old <- graphics::par(mar = c(0, 0, 0, 0))
  on.exit(graphics::par(old))
  graphics::plot.new()
  draw_key(key, "npc", 0.5)
}

# Above a panel of the user's.
draw_key_above <- function(key) draw_key(key, "nfc", 1 - 0.5 * key_line() / graphics::par("fin")[2])

key_line <- function() 1.1 * graphics::par("csi")

# At the height `y` of the region `unit` (see grconvertX()), shrunk where there is too little room.
draw_key <- function(key, unit, y) {
  old <- graphics::par(xpd = NA)
  on.exit(graphics::par(old))
  width <- diff(graphics::grconvertX(c(0, 1), unit, "inches"))
  inches <- function(text) graphics::strwidth(text, units = "inches", cex = 0.9)
  mark <- 0.25
  gap <- 0.2
  lengths <- if (length(key$labels)) inches(key$labels) + mark + gap
  note <- if (nzchar(key$note)) inches(key$note) + 0.1
  size <- min(1, width / sum(lengths, note, 0.15))
  start <- 0.08 + cumsum(c(0, lengths)) * size
  place <- function(v) graphics::grconvertX(v / width, unit)
  height <- graphics::grconvertY(y, unit)
  for (i in seq_along(key$labels)) {
    graphics::segments(place(start[i]), height, place(start[i] + mark * 0.8 * size), height,
      col = key$colours[i], lwd = 4, lend = "butt"
    )
    graphics::text(place(start[i] + mark * size), height, key$labels[i],
      adj = c(0, 0.5), cex = 0.9 * size, col = ink
    )
  }
  graphics::text(place(width - 0.05), height, key$note,
    adj = c(1, 0.5), cex = 0.88 * size, col = "grey40"
  )
}
