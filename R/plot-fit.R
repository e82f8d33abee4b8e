#' Pictures of a fit
#'
#' * `"effects"`: the mean, standard deviation and correlation along each covariate (a page each),
#'   with 50 % and 95 % ribbons. Dots are the data; open circles with bars are what residuals in
#'   bins say without the model, with 95 % limits. Outside the data curves are dashed and ribbons
#'   lighter.
#' * `"ellipses"`: the bivariate normal at chosen values of a covariate: outlines that hold 50 % and
#'   95 % of the population, over the data, with the rows nearest to each value in its colour. The
#'   small panels are scaled by the fitted standard deviations, so that their shape is the
#'   correlation alone.
#' * `"elbo"`: the evidence lower bound by iteration, and its distance to the last value.
#'
#' The data behind every picture: [plot_data()].
#'
#' @param x A fit of [covary()], or a result of [conditional_effects()].
#' @param type Which picture.
#' @param covariate For `"effects"`, covariates to show (`NULL`: all, a page each); for
#'   `"ellipses"`, one numeric covariate.
#' @param dpar,resp Which predictors to show.
#' @param by,conditions See [conditional_effects()].
#' @param at Values of the covariate for `"ellipses"`.
#' @param data Show the data? At most `max_points` of them.
#' @param max_points Most dots in a panel.
#' @param ask Ask before a new page? By default on screens when there are several.
#' @param ... For `plot.covary()` further arguments of [conditional_effects()].
#' @return The data of the picture, invisibly.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' plot(fit)
#' plot(fit, type = "ellipses", at = c(2, 3, 4))
#' plot(fit, type = "elbo")
#' @export
plot.covary <- function(
  x, type = c("effects", "ellipses", "elbo"), covariate = NULL, dpar = NULL,
  resp = NULL, by = NULL,
  conditions = list(), at = NULL, data = TRUE, max_points = 2000, ask = NULL,
  ...
) {
  check_fit(x, "x")
  type <- check_choice(type, c("effects", "ellipses", "elbo"), "type")
  check_flag(data, "data")
  max_points <- check_count(max_points, "max_points", 0)
  switch(type,
    effects = {
      effects <- conditional_effects(x, covariate,
        dpar = dpar, resp = resp, by = by,
        conditions = conditions, ...
      )
      draw_effects(effects, if (data && has_rows(x)) thin_fit(x), max_points, ask, conditions)
      invisible(effects)
    },
    ellipses = draw_ellipses(
      thin_fit(need_rows(x, "plot(type = \"ellipses\")")),
      first_covariate(x, covariate), at, resp, conditions, if (data) max_points else 0
    ),
    elbo = draw_elbo(x)
  )
}

#' @rdname plot.covary
#' @export
plot.covary_effects <- function(x, ask = NULL, ...) {
  draw_effects(x, NULL, 0, ask)
  invisible(x)
}

draw_effects <- function(effects, fit, max_points, ask, conditions = list()) {
  pages <- split(
    as.data.frame(effects),
    factor(effects$covariate, levels = unique(effects$covariate))
  )
  if (!is.null(ask)) {
    check_flag(ask, "ask")
  } else {
    ask <- length(pages) > 1 && grDevices::dev.interactive()
  }
  if (ask) {
    old <- grDevices::devAskNewPage(TRUE)
    on.exit(grDevices::devAskNewPage(old))
  }
  for (page in pages) draw_effect_page(page, fit, max_points, conditions)
}

# Means in the first row, sds below them, correlations in tall panels at the right.
draw_effect_page <- function(d, fit, max_points, conditions) {
  keys <- unique(d[c("dpar", "resp")])
  plan <- plan_panels(keys$dpar)
  groups <- unique(stats::na.omit(d$group))
  by <- unique(stats::na.omit(d$by))
  palette <- stats::setNames(group_colours(max(length(groups), 1)), if (length(groups)) {
    groups
  } else {
    "all"
  })
  name <- d$covariate[1]
  bins <- if (!is.null(fit)) {
    residual_bins(fit, name, if (length(by)) by else FALSE,
      conditions = conditions
    )
  }
  bins <- bins[paste(bins$dpar, bins$resp) %in% paste(keys$dpar, keys$resp), ]
  held <- if (!is.null(fit)) held_text(fit, unique(keys), c(name, by), conditions)
  note <- paste(c(held, if (NROW(bins)) "circles: residuals in bins"), collapse = "; ")
  band <- length(groups) > 0 || nzchar(note)
  with_canvas(list(plan$matrix, widths = plan$widths),
    mar = c(3, 2.9, 2.2, 0.7),
    oma = c(0, 0, if (band) 1.3 else 0, 0),
    {
      for (i in plan$order) {
        k <- keys[i, ]
        panel <- d[d$dpar == k$dpar & d$resp == k$resp, ]
        found <- bins[bins$dpar == k$dpar & bins$resp == k$resp, ]
        draw_effect_panel(panel, found, if (k$dpar == "mu") fit, palette, max_points, conditions)
      }
      if (band) legend_above(if (length(groups)) paste(by, "=", groups), palette, note)
    }
  )
}

# The covariates that a picture holds still.
held_text <- function(fit, keys, shown, conditions) {
  used <- unique(unlist(lapply(paste(keys$dpar, keys$resp, sep = ":"), shaping_covariates,
    fit = fit
  )))
  reference <- reference_row(fit, conditions)
  held <- setdiff(used, shown)
  if (length(held) == 0 || length(held) > 4) {
    return(NULL)
  }
  paste(vapply(held, function(name) paste(name, "=", format(reference[[name]], digits = 3)), ""),
    collapse = ", "
  )
}

plan_panels <- function(dpar) {
  mu <- which(dpar == "mu")
  sigma <- which(dpar == "sigma")
  rho <- which(dpar == "rho")
  across <- max(length(mu), length(sigma))
  if (length(mu) == 0 || length(sigma) == 0 || length(rho) == 0) {
    # One row as long as it fits, means and sds of one response above each other otherwise.
    n <- length(dpar)
    if (length(mu) && length(sigma) && across > 1) {
      return(list(
        matrix = matrix(seq_len(2 * across), 2, byrow = TRUE), order = c(mu, sigma),
        widths = rep(1, across)
      ))
    }
    columns <- if (n <= 3) n else ceiling(n / 2)
    m <- matrix(0, ceiling(n / columns), columns)
    m[] <- 0
    m <- t(m)
    m[seq_len(n)] <- seq_len(n)
    return(list(matrix = t(m), order = seq_len(n), widths = rep(1, columns)))
  }
  m <- matrix(0, 2, across + ceiling(length(rho) / 2))
  m[1, seq_along(mu)] <- seq_along(mu)
  m[2, seq_along(sigma)] <- length(mu) + seq_along(sigma)
  first <- length(mu) + length(sigma)
  for (j in seq_along(rho)) {
    column <- across + ceiling(j / 2)
    if (j %% 2 == 1) m[, column] <- first + j else m[2, column] <- first + j
  }
  list(matrix = m, order = c(mu, sigma, rho), widths = rep(c(1, 1.12), c(across, ncol(m) - across)))
}

predictor_title <- function(dpar, resp) {
  switch(dpar,
    mu = paste("mean of", resp),
    sigma = paste("sd of", resp),
    rho = c("correlation of", paste(strsplit(resp, ":", fixed = TRUE)[[1]], collapse = " and "))
  )
}

draw_effect_panel <- function(d, bins, fit, palette, max_points, conditions) {
  discrete <- !is.na(d$level[1])
  dots <- if (!is.null(fit) && !discrete && max_points > 0) {
    data_dots(fit, d, max_points, conditions)
  }
  ylim <- effect_range(d, dots, bins)
  at <- if (discrete) unique(d$x)
  xlim <- if (discrete) {
    range(at) + c(-1, 1) * 0.5 * (if (length(at) > 1) min(diff(at)) else 1)
  } else {
    range(d$x)
  }
  start_panel(xlim, ylim, predictor_title(d$dpar[1], d$resp[1]),
    xlab = d$covariate[1], x_at = at,
    x_labels = if (discrete) unique(d$level) else TRUE
  )
  if (d$dpar[1] == "rho") graphics::abline(h = 0, col = "grey40", lwd = 1)
  colour_of <- function(group) if (is.na(group)) palette[[1]] else palette[[group]]
  if (!is.null(dots)) {
    style <- dot_style(nrow(dots))
    colours <- if (anyNA(d$group)) "grey30" else palette[dots$group]
    graphics::points(dots$x, dots$y, pch = 16, cex = style$cex, col = fade(colours, style$alpha))
  }
  groups <- unique(d$group)
  shift <- if (discrete) {
    (seq_along(groups) - (length(groups) + 1) / 2) * 0.12
  } else {
    rep(0, length(groups))
  }
  for (g in seq_along(groups)) {
    here <- if (is.na(groups[g])) is.na(d$group) else d$group %in% groups[g]
    colour <- if (is.na(groups[g]) && length(palette) > 1) "grey15" else colour_of(groups[g])
    mine <- bins[if (is.na(groups[g])) is.na(bins$group) else bins$group %in% groups[g], ]
    if (discrete) {
      if (NROW(mine)) draw_bins(transform(mine, x = mine$x + shift[g] + 0.1))
      draw_interval(d$x[here] + shift[g], d[here, ], colour)
    } else {
      draw_ribbon(d[here, ], colour)
      draw_bins(mine, if (is.na(groups[g])) "grey30" else colour)
    }
  }
}

# Rows of the data for a panel of means; where other factors are held by the user, only rows that
# agree.
data_dots <- function(fit, d, max_points, conditions) {
  data <- training_data(fit)
  keep <- rep(TRUE, nrow(data))
  for (name in Filter(function(name) !is_number(data[[name]]), names(conditions))) {
    keep <- keep & as.character(data[[name]]) == as.character(conditions[[name]][1])
  }
  rows <- which(keep)
  rows <- rows[thin_rows(data[[d$covariate[1]]][rows], max_points)]
  by <- d$by[1]
  out <- data.frame(
    x = as.double(data[[d$covariate[1]]][rows]), y = fit$frame$y[rows, d$resp[1]],
    group = if (is.na(by)) rep(NA_character_, length(rows)) else as.character(data[[by]][rows])
  )
  # No group lies on top of the others.
  out[order((seq_along(rows) * 7919) %% 104729), ]
}

# Limits that show the curves inside the data and nearly all dots; wild bands and extrapolation are
# cut.
effect_range <- function(d, dots, bins) {
  if (d$dpar[1] == "rho") {
    return(c(-1, 1))
  }
  inside <- !d$extrapolated
  core <- range(d$lower50[inside], d$upper50[inside], bins$estimate, if (NROW(dots)) {
    stats::quantile(dots$y, c(0.002, 0.998))
  })
  reach <- max(0.5 * diff(core), if (is.na(d$level[1]) && NROW(dots)) {
    0
  } else {
    2 * diff(range(d$estimate[inside]))
  })
  band <- range(d$lower[inside], d$upper[inside])
  out <- c(max(min(core[1], band[1]), core[1] - reach), min(max(core[2], band[2]), core[2] + reach))
  if (!is.na(d$level[1])) out <- range(band, bins$estimate)
  # A little of what lies beyond the data.
  beyond <- 0.25 * diff(out)
  out <- range(out, max(min(d$lower50), out[1] - beyond), min(max(d$upper50), out[2] + beyond))
  if (d$dpar[1] == "sigma") out <- c(max(0, out[1] - 0.35 * diff(out)), out[2] + 0.15 * diff(out))
  if (diff(out) == 0) out + c(-1, 1) * max(abs(out[1]) * 0.1, 1e-8) else out
}

draw_ellipses <- function(fit, covariate, at, resp, conditions, max_points) {
  pair <- response_pair(fit, resp)
  outlines <- ellipse_frame(fit, covariate, at, pair, conditions)
  values <- unique(outlines$value)
  if (length(values) > 8) {
    stop_covary("argument", "`at` has ", length(values), " values; a picture can show at most 8.",
      fields = list(arg = "at")
    )
  }
  colours <- value_colours(length(values))
  range <- fit$design$covariates[[covariate]]$range
  path <- bivariate_at(fit, covariate, seq(range[1], range[2], length.out = 80), pair, conditions)
  data <- training_data(fit)
  near <- lapply(values, nearest_rows,
    fit = fit, data = data, covariate = covariate,
    reference = reference_row(fit, conditions), n = length(values)
  )
  n <- length(values)
  with_canvas(list(rbind(rep(1, n), 1 + seq_len(n)), heights = c(2.2, 1.25)), {
    graphics::par(mar = c(2.9, 3.2, 1.8, 0.8))
    y <- fit$frame$y[, pair, drop = FALSE]
    shown <- if (max_points > 0) thin_rows(data[[covariate]], max_points) else integer()
    limits <- lapply(
      1:2,
      function(j) {
        range(outlines[[c("x", "y")[j]]], if (length(shown)) {
          stats::quantile(y[shown, j], c(0.003, 0.997))
        })
      }
    )
    start_panel(limits[[1]], limits[[2]],
      title = overlay_title(fit, covariate, conditions),
      xlab = pair[1], ylab = pair[2]
    )
    style <- dot_style(length(shown))
    graphics::points(y[shown, 1], y[shown, 2],
      pch = 16, cex = style$cex,
      col = fade("grey40", style$alpha * 0.8)
    )
    if (max_points > 0) {
      for (i in seq_len(n)) {
        graphics::points(y[near[[i]], 1], y[near[[i]], 2],
          pch = 16, cex = style$cex + 0.1,
          col = fade(colours[i], 0.6)
        )
      }
    }
    graphics::lines(path$mean_x, path$mean_y, col = "white", lwd = 4)
    graphics::lines(path$mean_x, path$mean_y, col = "grey15", lwd = 1.6)
    for (i in seq_len(n)) draw_outline(outlines[outlines$value == values[i], ], colours[i])
    draw_value_key(covariate, values, colours)
    graphics::par(mar = c(2.4, 1.2, 2.2, 0.5))
    for (i in seq_len(n)) {
      draw_shape_panel(
        outlines[outlines$value == values[i], ],
        y[near[[i]], , drop = FALSE], covariate, colours[i], max_points > 0
      )
    }
  })
  invisible(outlines)
}

overlay_title <- function(fit, covariate, conditions) {
  held <- setdiff(
    unique(unlist(lapply(names(fit$design$predictors), shaping_covariates, fit = fit))), covariate
  )
  reference <- reference_row(fit, conditions)
  text <- vapply(held, function(name) paste(name, "=", format(reference[[name]], digits = 3)), "")
  paste(c(paste("Shape of the data along", covariate), if (length(text)) {
    paste0("(", paste(text, collapse = ", "), ")")
  }), collapse = " ")
}

# Rows nearest to a value that agree with the factors held.
nearest_rows <- function(value, fit, data, covariate, reference, n) {
  agree <- rep(TRUE, nrow(data))
  for (name in names(data)) {
    if (name != covariate && fit$design$covariates[[name]]$type == "factor") {
      agree <- agree &
        as.character(data[[name]]) == as.character(reference[[name]])
    }
  }
  rows <- which(agree)
  k <- min(150, ceiling(length(rows) / n / 2))
  rows[order(abs(as.double(data[[covariate]][rows]) - value))[seq_len(min(k, length(rows)))]]
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

draw_value_key <- function(covariate, values, colours) {
  graphics::legend("topleft",
    legend = paste(covariate, "=", vapply(values, format, "", digits = 3)), col = colours,
    lwd = 2.5, bty = "n",
    text.col = ink, cex = 0.9, seg.len = 1.2, inset = c(0.01, 0.01), bg = NA
  )
}

# Residuals in units of the fitted sds: what is left is the correlation.
draw_shape_panel <- function(d, y, covariate, colour, data) {
  z <- function(v, axis) (v - d[[paste0("mean_", axis)]][1]) / d[[paste0("sd_", axis)]][1]
  graphics::plot.new()
  graphics::plot.window(c(-3.4, 3.4), c(-3.4, 3.4), asp = 1)
  graphics::abline(h = 0, v = 0, col = "grey90")
  if (data) {
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

draw_elbo <- function(fit) {
  d <- elbo_frame(fit)
  title <- if (fit$algorithm == "nested" && fit$design$n_sds > 0) {
    "ELBO (smoothing sds held)"
  } else {
    "ELBO"
  }
  gap <- d[d$gap > 0, ]
  with_canvas(list(matrix(1:2, 1)), mar = c(3, 4.6, 1.8, 0.7), {
    start_panel(range(d$iteration), range(d$elbo), title, xlab = "iteration")
    graphics::lines(d$iteration, d$elbo, col = group_colours(1), lwd = 2)
    graphics::points(d$iteration, d$elbo, pch = 21, bg = "white", col = group_colours(1), lwd = 1.5)
    if (nrow(gap) > 0) draw_gap(d, gap) else graphics::plot.new()
  })
  invisible(d)
}

draw_gap <- function(d, gap) {
  powers <- range(floor(log10(min(gap$gap))), ceiling(log10(max(gap$gap))))
  if (diff(powers) == 0) powers <- powers + c(-1, 0)
  graphics::plot.new()
  graphics::plot.window(range(d$iteration), powers)
  at <- unique(round(pretty(powers, 5)))
  at <- at[at >= powers[1] & at <= powers[2]]
  graphics::abline(h = at, v = pretty_inside(range(d$iteration)), col = "grey93", lwd = 0.8)
  graphics::axis(1, col.axis = ink, lwd = 0, lwd.ticks = 0.8, col.ticks = "grey60")
  graphics::axis(2,
    at = at, labels = format(10^at, digits = 1, scientific = TRUE, trim = TRUE),
    col.axis = ink, lwd = 0, lwd.ticks = 0.8, col.ticks = "grey60"
  )
  graphics::box(bty = "l", col = "grey60")
  write_title("distance to the best ELBO (nats)")
  graphics::title(xlab = "iteration", col.lab = ink)
  graphics::lines(gap$iteration, log10(gap$gap), col = group_colours(2)[2], lwd = 2)
  graphics::points(gap$iteration, log10(gap$gap),
    pch = 21, bg = "white", col = group_colours(2)[2],
    lwd = 1.5
  )
}
