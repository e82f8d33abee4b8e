# Ellipses, drawn: outlines over the data, and the shape at each value in a small panel.

draw_ellipses <- function(fit, covariate, at, resp, conditions, max_points) {
  pair <- response_pair(fit, resp)
  outlines <- ellipse_frame(fit, covariate, at, pair, conditions)
  values <- unique(outlines$value)
  check_shown(values, covariate, at)
  n <- length(values)
  shapes <- ellipse_frame(without_margins(fit), covariate, at, pair, conditions)
  colours <- rep_len(styled("col", shape_colours(values)), n)
  agree <- agreeing_rows(fit, covariate, reference_row(fit, conditions))
  near <- lapply(values, rows_near, fit = fit, covariate = covariate, rows = agree, n = n)
  path <- path_of_means(fit, covariate, values, agree, pair, conditions)
  both <- function(y, rows) {
    y <- y[rows, pair, drop = FALSE]
    y[rowSums(is.na(y)) == 0, , drop = FALSE]
  }
  all <- thin_rows(training_data(fit)[[covariate]], max_points)
  dots <- list(
    y = both(fit$frame$y, all), near = if (max_points > 0) lapply(near, both, y = fit$frame$y)
  )
  residuals <- if (max_points > 0) lapply(near, both, y = central_residuals(fit))
  layout <- list(rbind(rep(1, n), 1 + seq_len(n)), heights = c(2.2, 1.25))
  key <- new_key(paste(covariate, "=", shown_labels(values)), colours)
  with_canvas(layout, mar = c(2.9, 3.2, 1.8, 0.8), key = key, {
    draw_overlay(outlines, path, dots, colours, overlay_title(fit, covariate, conditions))
    # Small panels have no room where the user divides the page.
    if (picture$own) graphics::par(mar = c(2.4, 1.2, 2.2, 0.5))
    for (i in if (picture$own) seq_len(n)) {
      draw_shape_panel(shapes[shapes$value == values[i], ], residuals[[i]], covariate, colours[i])
    }
  })
  invisible(outlines)
}

# All outlines over the data, with the path of the means. dots: list(y (n x 2), near (a matrix like
# it for each value)), empty where no data are shown.
draw_overlay <- function(outlines, path, dots, colours, title) {
  limits <- lapply(1:2, function(j) {
    range(outlines[[c("x", "y")[j]]], if (nrow(dots$y)) {
      stats::quantile(dots$y[, j], c(0.003, 0.997), na.rm = TRUE)
    })
  })
  start_panel(limits[[1]], limits[[2]],
    title = title, xlab = colnames(dots$y)[1], ylab = colnames(dots$y)[2]
  )
  style <- dot_style(nrow(dots$y))
  draw_dots(dots$y[, 1], dots$y[, 2], style$cex, fade("grey40", style$alpha * 0.8))
  for (i in seq_along(dots$near)) {
    draw_dots(dots$near[[i]][, 1], dots$near[[i]][, 2], style$cex + 0.1, fade(colours[i], 0.6))
  }
  if (!is.null(path)) {
    graphics::lines(path$mean_x, path$mean_y, col = "white", lwd = 4)
    graphics::lines(path$mean_x, path$mean_y, col = "grey15", lwd = 1.6)
  }
  values <- unique(outlines$value)
  for (i in seq_along(values)) draw_outline(outlines[outlines$value == values[i], ], colours[i])
}

overlay_title <- function(fit, covariate, conditions) {
  units <- unique(do.call(rbind, lapply(fit$design$predictors, function(p) {
    data.frame(dpar = p$dpar, resp = unit_label(p$resp))
  })))
  held <- held_text(fit, units, covariate, conditions)
  c(paste("Shape of the data along", covariate), if (length(held)) paste0("(", held, ")"))
}

shown_labels <- function(values) {
  if (is.factor(values)) as.character(values) else vapply(values, format, "", digits = 3)
}

shape_colours <- function(values) {
  if (is.factor(values)) group_colours(length(values)) else value_colours(length(values))
}

# Those of some rows that have a value of the covariate, or are nearest to it; n: number of values.
rows_near <- function(value, fit, covariate, rows, n, most = 150) {
  v <- training_data(fit)[[covariate]][rows]
  if (is_discrete(fit$design$covariates[[covariate]])) {
    same <- rows[as.character(v) == as.character(value)]
    return(same[evenly_spaced(length(same), most)])
  }
  k <- min(most, ceiling(length(rows) / n / 2))
  rows[order(abs(as.double(v) - value))[seq_len(min(k, length(rows)))]]
}

# Means along a number; NULL for levels, between which there is nothing.
path_of_means <- function(fit, covariate, values, rows, pair, conditions) {
  if (is_discrete(fit$design$covariates[[covariate]])) {
    return(NULL)
  }
  range <- range(as.double(training_data(fit)[[covariate]][rows]), values)
  bivariate_at(fit, covariate, seq(range[1], range[2], length.out = 80), pair, conditions)
}

draw_outline <- function(d, colour) {
  for (p in unique(d$content)) {
    at <- d$content == p
    graphics::polygon(d$x[at], d$y[at], border = colour, lwd = if (p > 0.9) 2.2 else 1.2)
  }
  graphics::points(d$mean_x[1], d$mean_y[1],
    pch = 21, bg = "white", col = colour, lwd = 1.6,
    cex = 0.9
  )
}

# The outlines in units of the sds: what is left is the correlation.
# residuals: of rows near the value, each about its own mean in units of its own sd, n x 2, or NULL.
draw_shape_panel <- function(d, residuals, covariate, colour) {
  z <- function(v, axis) (v - d[[paste0("mean_", axis)]][1]) / d[[paste0("sd_", axis)]][1]
  graphics::plot.new()
  graphics::plot.window(c(-3.4, 3.4), c(-3.4, 3.4), asp = 1)
  graphics::abline(h = 0, v = 0, col = "grey90")
  if (!is.null(residuals)) {
    graphics::points(residuals, pch = 16, cex = 0.45, col = fade(colour, 0.5))
  }
  for (p in unique(d$content)) {
    at <- d$content == p
    graphics::polygon(z(d$x[at], "x"), z(d$y[at], "y"), border = colour, lwd = if (p > 0.9) {
      2.2
    } else {
      1.2
    })
  }
  graphics::mtext(paste(covariate, "=", shown_labels(d$value[1])),
    side = 3, line = 0.55,
    cex = 0.68, font = 2, col = ink
  )
  graphics::mtext(paste("correlation", format(round(d$rho[1], 2), nsmall = 2)),
    side = 1,
    line = 0.5, cex = 0.66, col = ink
  )
}
