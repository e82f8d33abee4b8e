# Ellipses, drawn: outlines over the data, and the shape at each value in a small panel.

draw_ellipses <- function(fit, covariate, at, resp, conditions, max_points) {
  pair <- response_pair(fit, resp)
  outlines <- ellipse_frame(fit, covariate, at, pair, conditions)
  values <- unique(outlines$value)
  n <- length(values)
  latent <- without_margins(fit)
  shapes <- ellipse_frame(latent, covariate, at, pair, conditions)
  if (n > 8) {
    stop_covary("argument", "`at` has ", n, " values; a picture can show at most 8.",
      fields = list(arg = "at")
    )
  }
  colours <- rep_len(styled("col", value_colours(n)), n)
  agree <- agreeing_rows(fit, covariate, reference_row(fit, conditions))
  range <- range(as.double(training_data(fit)[[covariate]][agree]), values)
  path <- bivariate_at(fit, covariate, seq(range[1], range[2], length.out = 80), pair, conditions)
  data <- training_data(fit)
  near <- lapply(values, nearest_rows, rows = agree, v = as.double(data[[covariate]]), n = n)
  both <- function(fit, rows) {
    y <- fit$frame$y[, pair, drop = FALSE]
    y[rows[rowSums(is.na(y[rows, , drop = FALSE])) == 0], , drop = FALSE]
  }
  dots <- list(
    y = both(fit, if (max_points > 0) thin_rows(data[[covariate]], max_points) else integer()),
    near = if (max_points > 0) lapply(near, both, fit = fit)
  )
  layout <- list(rbind(rep(1, n), 1 + seq_len(n)), heights = c(2.2, 1.25))
  key <- new_key(paste(covariate, "=", vapply(values, format, "", digits = 3)), colours)
  with_canvas(layout, mar = c(2.9, 3.2, 1.8, 0.8), key = key, {
    draw_overlay(outlines, path, dots, colours, overlay_title(fit, covariate, conditions))
    # Small panels have no room where the user divides the page.
    if (picture$own) graphics::par(mar = c(2.4, 1.2, 2.2, 0.5))
    for (i in if (picture$own) seq_len(n)) {
      draw_shape_panel(
        shapes[shapes$value == values[i], ], if (max_points > 0) both(latent, near[[i]]),
        covariate, colours[i]
      )
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
  graphics::lines(path$mean_x, path$mean_y, col = "white", lwd = 4)
  graphics::lines(path$mean_x, path$mean_y, col = "grey15", lwd = 1.6)
  values <- unique(outlines$value)
  for (i in seq_along(values)) draw_outline(outlines[outlines$value == values[i], ], colours[i])
}

overlay_title <- function(fit, covariate, conditions) {
  used <- unlist(lapply(names(fit$design$predictors), shaping_covariates, fit = fit))
  text <- fixed_text(fit, setdiff(unique(used), covariate), conditions)
  paste(c(paste("Shape of the data along", covariate), if (nzchar(text)) {
    paste0("(", text, ")")
  }), collapse = " ")
}

# Those of some rows that are nearest to a value of the covariate v.
nearest_rows <- function(value, rows, v, n) {
  k <- min(150, ceiling(length(rows) / n / 2))
  rows[order(abs(v[rows] - value))[seq_len(min(k, length(rows)))]]
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

# Residuals in units of the fitted sds: what is left is the correlation.
# y: rows near the value, n x 2, or NULL.
draw_shape_panel <- function(d, y, covariate, colour) {
  z <- function(v, axis) (v - d[[paste0("mean_", axis)]][1]) / d[[paste0("sd_", axis)]][1]
  graphics::plot.new()
  graphics::plot.window(c(-3.4, 3.4), c(-3.4, 3.4), asp = 1)
  graphics::abline(h = 0, v = 0, col = "grey90")
  if (!is.null(y)) {
    graphics::points(z(y[, 1], "x"), z(y[, 2], "y"),
      pch = 16, cex = 0.45,
      col = fade(colour, 0.5)
    )
  }
  for (p in unique(d$content)) {
    at <- d$content == p
    graphics::polygon(z(d$x[at], "x"), z(d$y[at], "y"), border = colour, lwd = if (p > 0.9) {
      2.2
    } else {
      1.2
    })
  }
  graphics::mtext(paste(covariate, "=", format(d$value[1], digits = 3)),
    side = 3, line = 0.55,
    cex = 0.68, font = 2, col = ink
  )
  graphics::mtext(paste("correlation", format(round(d$rho[1], 2), nsmall = 2)),
    side = 1,
    line = 0.5, cex = 0.66, col = ink
  )
}
