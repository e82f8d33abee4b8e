# Effects, drawn: a block of panels a covariate, as many blocks on a page as can be read.

draw_effects <- function(effects, fit, max_points, ask, conditions = list()) {
  covariates <- factor(effects$covariate, levels = unique(effects$covariate))
  blocks <- lapply(split(as.data.frame(effects), covariates), effect_block, fit, conditions)
  pages <- if (is_page_divided()) as.list(seq_along(blocks)) else pages_of(blocks)
  if (!is.null(ask)) {
    check_flag(ask, "ask")
  } else {
    ask <- length(pages) > 1 && !is_page_divided() && grDevices::dev.interactive()
  }
  if (ask) {
    old <- grDevices::devAskNewPage(TRUE)
    on.exit(grDevices::devAskNewPage(old))
  }
  if (length(pages) > 1) warn_one_page(length(pages))
  for (page in pages) draw_effect_page(blocks[page], fit, max_points, conditions)
}

# A file that holds one page keeps the last: said before the others are lost.
warn_one_page <- function(n) {
  file <- attr(.Device, "filepath")
  one <- .Device %in% c("png", "jpeg", "tiff", "bmp", "svg", "cairo_ps", "postscript")
  if (one && !is_page_divided() && is.character(file) && !grepl("%[0-9]*d", file)) {
    warn_covary("one_page", "The picture has ", n, " pages and the file \"", basename(file),
      "\" holds one: write %03d into its name, use pdf(), or choose by `covariate`.",
      fields = list(file = file)
    )
  }
}

# All that a covariate's panels have in common. d: effects along it.
effect_block <- function(d, fit, conditions) {
  if (identical(d$covariate[1], no_covariate)) fit <- NULL # no data to draw beside it
  keys <- unique(d[c("dpar", "resp")])
  groups <- unique(stats::na.omit(d$group))
  by <- unique(stats::na.omit(d$by))
  name <- d$covariate[1]
  palette <- stats::setNames(
    curve_colours(max(length(groups), 1)), if (length(groups)) groups else "all"
  )
  bins <- if (!is.null(fit)) {
    residual_bins(fit, name, if (length(by)) by else FALSE, conditions = conditions)
  }
  bins <- bins[paste(bins$dpar, bins$resp) %in% paste(keys$dpar, keys$resp), ]
  held <- if (!is.null(fit)) held_text(fit, keys, c(name, by), conditions)
  pale <- !is.null(fit) && any(vapply(keys$resp[dpar_roles(keys$dpar) == "mean"], function(resp) {
    length(held_factors(fit, "mu", resp, c(name, by))) > 0
  }, TRUE))
  note <- paste(c(
    held, if (pale && is.na(d$level[1])) "pale dots: other levels",
    if (NROW(bins)) "circles: residuals in bins"
  ), collapse = "; ")
  list(
    d = d, keys = keys, plan = plan_panels(keys$dpar), palette = palette, bins = bins,
    key = new_key(if (length(groups)) paste(by, "=", groups), palette, note)
  )
}

draw_effect_page <- function(blocks, fit, max_points, conditions) {
  alone <- length(blocks) == 1
  layout <- if (alone) {
    list(blocks[[1]]$plan$matrix, widths = blocks[[1]]$plan$widths)
  } else {
    stacked_layout(blocks)
  }
  with_canvas(layout,
    mar = c(3, 2.9, 2.2, 0.7), key = if (alone) blocks[[1]]$key,
    for (block in blocks) {
      if (!alone && !is.null(block$key)) draw_key_strip(block$key)
      draw_effect_block(block, fit, max_points, conditions)
    }
  )
}

# Means in the first row, sds below them, correlations in tall panels at the right.
draw_effect_block <- function(block, fit, max_points, conditions) {
  d <- block$d
  if (identical(d$covariate[1], no_covariate)) fit <- NULL
  bins <- block$bins
  for (i in block$plan$order) {
    k <- block$keys[i, ]
    panel <- d[d$dpar == k$dpar & d$resp == k$resp, ]
    found <- bins[bins$dpar == k$dpar & bins$resp == k$resp, ]
    dots <- panel_dots(fit, panel, max_points, conditions)
    like <- fit$design$covariates[[panel$covariate[1]]]$like
    draw_effect_panel(panel, found, dots, block$palette, like)
  }
}

# dots: rows of the data, see data_dots(); like: of the type of the covariate, NULL where nobody
# knows; within: further values that the axis holds.
draw_effect_panel <- function(
  d, bins, dots, palette, like = NULL, within = NULL, xlab = d$covariate[1]
) {
  discrete <- !is.na(d$level[1])
  ylim <- effect_range(d, c(dots$y, within), bins)
  at <- if (discrete) unique(d$x)
  xlim <- if (discrete) {
    range(at) + c(-1, 1) * 0.5 * (if (length(at) > 1) min(diff(at)) else 1)
  } else {
    range(d$x)
  }
  start_panel(xlim, ylim, predictor_title(d$dpar[1], d$resp[1]),
    xlab = xlab, x_at = at,
    x_labels = if (discrete) unique(d$level) else if (is_time(like)) like else TRUE
  )
  if (dpar_roles(d$dpar[1]) == "correlation") graphics::abline(h = 0, col = "grey40", lwd = 1)
  draw_effect_dots(dots, if (!anyNA(d$group)) palette)
  groups <- unique(d$group)
  shift <- (seq_along(groups) - (length(groups) + 1) / 2) * if (discrete) 0.12 else 0
  for (g in seq_along(groups)) draw_effect_curve(d, bins, groups[g], palette, shift[g])
  say_cut(d, bins, dots)
}

# The rows to show in a panel: only means have the scale of the data; NULL for the others, for
# levels, and where the fit is NULL.
panel_dots <- function(fit, d, max_points, conditions) {
  shown <- !is.null(fit) && dpar_roles(d$dpar[1]) == "mean" && is.na(d$level[1]) && max_points > 0
  if (shown) data_dots(fit, d, max_points, conditions)
}

# palette: colours by group, or NULL where the curve is that of all rows.
draw_effect_dots <- function(dots, palette) {
  style <- dot_style(NROW(dots))
  colours <- if (is.null(palette)) rep("grey30", NROW(dots)) else palette[dots$group]
  # Pale ones first
  for (agrees in sort(unique(dots$agrees))) {
    at <- dots$agrees == agrees
    alpha <- style$alpha * if (agrees) 1 else 0.35
    draw_dots(dots$x[at], dots$y[at], style$cex, fade(colours[at], alpha))
  }
}

# The curve of a group, or its points at levels, moved aside by `shift`, with what bins say.
draw_effect_curve <- function(d, bins, group, palette, shift) {
  of_all <- is.na(group)
  d <- d[if (of_all) is.na(d$group) else d$group %in% group, ]
  bins <- bins[if (of_all) is.na(bins$group) else bins$group %in% group, ]
  colour <- if (!of_all) {
    palette[[group]]
  } else if (length(palette) > 1) {
    all_rows_colour
  } else {
    palette[[1]]
  }
  if (!is.na(d$level[1])) {
    if (NROW(bins)) draw_bins(transform(bins, x = bins$x + shift + 0.1))
    draw_interval(d$x + shift, d, colour)
  } else {
    draw_ribbon(d, colour)
    draw_bins(bins, if (of_all) "grey30" else colour)
  }
}

# Title of a panel, in pieces that go onto one line or two.
predictor_title <- function(dpar, resp) unit_title(dpar_named(dpar)$title, resp)

# resp: "a", or "a:b" for a pair.
unit_title <- function(text, resp) {
  labels <- strsplit(resp, ":", fixed = TRUE)[[1]]
  if (length(labels) == 1) paste(text, resp) else c(text, paste(labels, collapse = " and "))
}
