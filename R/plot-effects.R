# Effects, drawn: a page a covariate, a panel a predictor.

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
  if (identical(d$covariate[1], no_covariate)) fit <- NULL # no data to draw beside it
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
        over <- if (dpar_roles(k$dpar) == "mean") fit # the data, of which only means have the scale
        draw_effect_panel(panel, found, over, palette, max_points, conditions)
      }
      if (band) legend_above(if (length(groups)) paste(by, "=", groups), palette, note)
    }
  )
}

# Where the panels of some dpars go: list(matrix (as layout() has it), order (of the panels drawn),
# widths (of columns)).
plan_panels <- function(dpar) {
  role <- dpar_roles(dpar)
  roles <- c(mean = "mean", sd = "sd", correlation = "correlation")
  at <- lapply(roles, function(r) which(role == r))
  across <- max(lengths(at[c("mean", "sd")]))
  if (all(lengths(at) > 0)) {
    return(plan_three_roles(at, across))
  }
  # Means and sds of one response above each other, else one row as long as it fits.
  if (length(at$mean) && length(at$sd) && across > 1) {
    return(list(
      matrix = matrix(seq_len(2 * across), 2, byrow = TRUE), order = c(at$mean, at$sd),
      widths = rep(1, across)
    ))
  }
  n <- length(dpar)
  columns <- if (n <= 3) n else ceiling(n / 2)
  rows <- ceiling(n / columns)
  places <- c(seq_len(n), numeric(rows * columns - n))
  list(
    matrix = matrix(places, rows, byrow = TRUE), order = seq_len(n), widths = rep(1, columns)
  )
}

# Means above sds, correlations in tall panels at the right, two of them in one column.
plan_three_roles <- function(at, across) {
  n <- lengths(at)
  m <- matrix(0, 2, across + ceiling(n[["correlation"]] / 2))
  m[1, seq_len(n[["mean"]])] <- seq_len(n[["mean"]])
  m[2, seq_len(n[["sd"]])] <- n[["mean"]] + seq_len(n[["sd"]])
  first <- n[["mean"]] + n[["sd"]]
  for (j in seq_len(n[["correlation"]])) {
    column <- across + ceiling(j / 2)
    if (j %% 2 == 1) m[, column] <- first + j else m[2, column] <- first + j
  }
  list(
    matrix = m, order = unlist(at, use.names = FALSE),
    widths = rep(c(1, 1.12), c(across, ncol(m) - across))
  )
}

draw_effect_panel <- function(d, bins, fit, palette, max_points, conditions) {
  discrete <- !is.na(d$level[1])
  role <- dpar_roles(d$dpar[1])
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
  if (role == "correlation") graphics::abline(h = 0, col = "grey40", lwd = 1)
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
    colour <- if (is.na(groups[g]) && length(palette) > 1) all_rows_colour else colour_of(groups[g])
    mine <- bins[if (is.na(groups[g])) is.na(bins$group) else bins$group %in% groups[g], ]
    if (discrete) {
      if (NROW(mine)) draw_bins(transform(mine, x = mine$x + shift[g] + 0.1))
      draw_interval(d$x[here] + shift[g], d[here, ], colour)
    } else {
      draw_ribbon(d[here, ], colour)
      draw_bins(mine, if (is.na(groups[g])) "grey30" else colour)
    }
  }
  say_cut(d, ylim)
}

# Title of a panel, in pieces that go onto one line or two.
predictor_title <- function(dpar, resp) unit_title(dpar_named(dpar)$title, resp)

# resp: "a", or "a:b" for a pair.
unit_title <- function(text, resp) {
  labels <- strsplit(resp, ":", fixed = TRUE)[[1]]
  if (length(labels) == 1) paste(text, resp) else c(text, paste(labels, collapse = " and "))
}

# The covariates that a page of effects holds still; NULL where they are none or more than fit.
held_text <- function(fit, keys, shown, conditions) {
  keys <- paste(keys$dpar, keys$resp, sep = ":")
  held <- setdiff(unique(unlist(lapply(keys, shaping_covariates, fit = fit))), shown)
  if (length(held) > 0 && length(held) <= 4) fixed_text(fit, held, conditions)
}

# "a = 1, b = x": the values at which pictures hold covariates.
fixed_text <- function(fit, names, conditions) {
  reference <- reference_row(fit, conditions)
  text <- vapply(names, function(name) paste(name, "=", format(reference[[name]], digits = 3)), "")
  paste(text, collapse = ", ")
}

# Rows of the data for a panel of means; where other factors are held by the user, only rows that
# agree.
data_dots <- function(fit, d, max_points, conditions) {
  data <- training_data(fit)
  keep <- rep(TRUE, nrow(data))
  for (name in Filter(function(name) !is_number(data[[name]]), names(conditions))) {
    keep <- keep & as.character(data[[name]]) == as.character(conditions[[name]][1])
  }
  rows <- which(keep & !is.na(fit$frame$y[, d$resp[1]]))
  rows <- rows[thin_rows(data[[d$covariate[1]]][rows], max_points)]
  by <- d$by[1]
  out <- data.frame(
    x = as.double(data[[d$covariate[1]]][rows]), y = fit$frame$y[rows, d$resp[1]],
    group = if (is.na(by)) rep(NA_character_, length(rows)) else as.character(data[[by]][rows])
  )
  # No group lies on top of the others.
  out[order((seq_along(rows) * 7919) %% 104729), ]
}

# Limits that show ribbons inside the data, dots and bins whole. Ribbons more than four times as
# wide as all the rest, and extrapolation, are cut, which say_cut() writes into the panel.
effect_range <- function(d, dots, bins) {
  role <- dpar_roles(d$dpar[1])
  if (role == "correlation") {
    return(c(-1, 1))
  }
  inside <- !d$extrapolated
  core <- range(d$lower50[inside], d$upper50[inside], bins$estimate, dots$y)
  most <- 4 * max(diff(core), 1e-300)
  band <- range(d$lower[inside], d$upper[inside])
  out <- range(core, c(max(band[1], core[1] - most), min(band[2], core[2] + most)))
  # A little of what lies beyond the data.
  beyond <- 0.25 * diff(out)
  out <- range(out, max(min(d$lower50), out[1] - beyond), min(max(d$upper50), out[2] + beyond))
  if (role == "sd") out <- c(max(0, out[1] - 0.35 * diff(out)), out[2] + 0.15 * diff(out))
  if (diff(out) == 0) out + c(-1, 1) * max(abs(out[1]) * 0.1, 1e-8) else out
}

# Which parts of the ribbons the axis cuts, in small letters at the foot of the panel.
say_cut <- function(d, ylim) {
  beyond <- function(rows) any(d$lower[rows] < ylim[1] | d$upper[rows] > ylim[2])
  cut <- c(
    if (beyond(!d$extrapolated)) "95 % ribbon",
    if (beyond(d$extrapolated)) "extrapolation"
  )
  if (length(cut)) {
    graphics::mtext(paste(paste(cut, collapse = " and "), "cut by the axis"),
      side = 1, line = -1, adj = 0.98, cex = 0.6 * graphics::par("cex"), col = "grey35"
    )
  }
}
