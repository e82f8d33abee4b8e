# Heat maps of correlations: a panel a value of a covariate, a tile a pair.

draw_heatmap <- function(fit, covariate, at, resp, conditions) {
  d <- correlation_frame(fit, covariate, at, resp, conditions)
  values <- unique(d$value)
  check_shown(values, d$covariate[1], at)
  labels <- intersect(fit$responses, c(d$row, d$column))
  columns <- if (length(values) <= 3) length(values) else ceiling(length(values) / 2)
  rows <- ceiling(length(values) / columns)
  places <- c(seq_along(values), numeric(rows * columns - length(values)))
  panels <- rbind(
    matrix(places, rows, byrow = TRUE), rep(length(values) + 1, columns)
  )
  layout <- list(panels, heights = c(rep(1, rows), graphics::lcm(1.6)))
  with_canvas(layout, {
    for (value in as.list(values)) {
      graphics::par(mar = heatmap_margins(labels))
      draw_tiles(d[d$value %in% value, ], labels)
      draw_tile_title(heatmap_title(d$covariate[1], value), length(labels))
    }
    if (picture$own) {
      graphics::par(mar = c(1.7, 8, 0.4, 8))
      draw_correlation_key()
    }
  })
  invisible(d)
}

heatmap_title <- function(covariate, value) {
  if (is.na(covariate)) "Correlations" else paste(covariate, "=", shown_labels(value))
}

# Room for the names of responses, in lines.
heatmap_margins <- function(labels) {
  room <- max(graphics::strwidth(labels, units = "inches", cex = 0.75))
  lines <- min(room / graphics::par("csi"), 6) + 0.6
  c(lines, lines, if (length(labels) == 2) 1.6 else 0.6, 0.6)
}

# In the empty corner, or above a single tile.
draw_tile_title <- function(text, k) {
  graphics::text(k - 0.5, if (k == 2) 1.55 else k - 0.7, tile_title(text),
    adj = c(1, 0), font = 2, col = ink, xpd = NA
  )
}

# d: pairs of one value. Rows run down, as in a printed matrix; the diagonal is left empty.
draw_tiles <- function(d, labels) {
  k <- length(labels)
  x <- match(d$column, labels)
  y <- k + 1 - match(d$row, labels)
  graphics::plot.new()
  graphics::plot.window(c(0.5, k - 0.5), c(0.5, k - 0.5), asp = 1)
  graphics::rect(x - 0.5, y - 0.5, x + 0.5, y + 0.5,
    col = correlation_colours(d$estimate), border = "white", lwd = 0.6
  )
  if (k <= 12) {
    size <- min(0.9, 0.8 / max(graphics::strwidth("-0.00")))
    text <- sub("^-(0[.]00)$", "\\1", formatC(d$estimate, format = "f", digits = 2))
    graphics::text(x, y, text,
      cex = size, col = ifelse(abs(d$estimate) > 0.6, "white", ink)
    )
  }
  size <- max(0.4, min(0.85, 0.85 / graphics::strheight("A") * 0.6))
  graphics::text(seq_len(k - 1), 0.4, labels[-k],
    srt = 90, adj = c(1, 0.5), cex = size, col = ink, xpd = NA
  )
  graphics::text(0.4, k - seq_len(k - 1), labels[-1],
    adj = c(1, 0.5), cex = size, col = ink, xpd = NA
  )
}

draw_correlation_key <- function() {
  at <- seq(-1, 1, length.out = 101)
  graphics::plot.new()
  graphics::plot.window(c(-1, 1), c(0, 1), xaxs = "i")
  step <- at[2] - at[1]
  graphics::rect(at - step / 2, 0, at + step / 2, 1, col = correlation_colours(at), border = NA)
  draw_axis(1, c(-1, -0.5, 0, 0.5, 1), c("-1", "-0.5", "0", "0.5", "1"))
  graphics::text(-1.03, 0.5, "correlation", adj = c(1, 0.5), cex = 0.85, col = ink, xpd = NA)
}
