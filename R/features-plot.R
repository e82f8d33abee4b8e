# Pictures of many features: curves of chosen ones, and maps of all correlations.

most_curves <- 6L # features or pairs, by default

#' Pictures of margins and of correlations of many features
#'
#' Curves of the mean and standard deviation of chosen features, curves of the correlations of
#' chosen pairs, and a map of all correlations at some values of a covariate.
#'
#' @param x Margins of [fit_margins()] or pairs of [fit_pairs()].
#' @param resp Features of the picture; by default the first six, of a map all.
#' @param pairs Pairs of the picture, in the forms of [fit_pairs()]; by default the six of the
#'   strongest correlations.
#' @param type `"map"` or `"curves"`.
#' @param covariate The covariate along which curves are drawn or maps change; by default the first
#'   numeric one.
#' @param at Values of it for maps; by default a tenth, a half and nine tenths of the rows.
#' @param conditions Named list of values at which other covariates are held; by default the median
#'   or the commonest level.
#' @param ... Styling, as in [plot.covary()]; maps have `main` and parameters of `par()`.
#' @return The data frame that is drawn, invisibly: of curves as from `predict()` and
#'   `correlation()`, with `x` for the covariate and limits of 50 % besides those of 95 %; of maps
#'   `value` (of the covariate), `pair`, `first`, `second` and `estimate`.
#' @section Errors:
#' `covary_error_argument`.
#' @seealso [fit_margins()], [fit_pairs()], [correlation_matrix()].
#' @examples
#' margins <- fit_margins(mtcars, c("mpg", "hp", "qsec"), mu = ~wt, sigma = ~1)
#' plot(margins)
#' pairs <- fit_pairs(margins, mtcars, rho = ~wt)
#' plot(pairs)
#' plot(pairs, type = "curves")
#' @export
plot.covary_margins <- function(x, resp = NULL, covariate = NULL, conditions = list(), ...) {
  check_margins(x, "x")
  at <- choose_features(colnames(x$mean), resp)
  if (is.null(resp)) at <- at[seq_len(min(most_curves, length(at)))]
  grid <- feature_grid(x$design, covariate, conditions)
  panels <- lapply(c("mu", "sigma"), function(dpar) {
    lapply(at, function(j) {
      wide <- margin_summary(x, margin_key(dpar), grid$data, j, 0.95)
      half <- margin_summary(x, margin_key(dpar), grid$data, j, 0.5)
      curve_frame(grid, wide, half, list(dpar = dpar, resp = colnames(x$mean)[j]))
    })
  })
  panels <- unlist(panels, recursive = FALSE)
  layout <- list(matrix(seq_along(panels), 2, byrow = TRUE))
  titles <- vapply(panels, function(d) {
    paste(if (d$dpar[1] == "mu") "Mean of" else "sd of", d$resp[1])
  }, "")
  with_style(named_dots(...), "plot", names(formals(plot.covary_margins)), {
    draw_curves(panels, layout, grid, titles)
  })
  invisible(do.call(rbind, panels))
}

#' @rdname plot.covary_margins
#' @export
plot.covary_pairs <- function(
  x, type = c("map", "curves"), pairs = NULL, covariate = NULL, at = NULL, resp = NULL,
  conditions = list(), ...
) {
  check_pairs_object(x, "x")
  type <- check_choice(type, c("map", "curves"), "type")
  refuse <- function(arg, given) {
    if (given) {
      stop_covary("argument", "`", arg, "` is not for type = \"", type, "\".",
        fields = list(arg = arg)
      )
    }
  }
  if (type == "map") {
    refuse("pairs", !is.null(pairs))
    return(invisible(with_style(named_dots(...), "plot", names(formals(plot.covary_pairs)),
      draw_correlation_maps(x, covariate, at, resp, conditions),
      allowed = tile_arguments
    )))
  }
  refuse("at", !is.null(at))
  refuse("resp", !is.null(resp))
  chosen <- if (is.null(pairs)) strongest_pairs(x) else places_of_pairs(x, pairs)
  grid <- feature_grid(x$design, covariate, conditions)
  panels <- lapply(chosen, function(k) {
    wide <- pair_summary(x, grid$data, k, 0.95)
    half <- pair_summary(x, grid$data, k, 0.5)
    curve_frame(grid, wide, half, list(pair = colnames(x$mean)[k]))
  })
  rows <- ceiling(length(panels) / 3)
  layout <- matrix(0, rows, ceiling(length(panels) / rows))
  layout[seq_along(panels)] <- seq_along(panels)
  titles <- vapply(panels, function(d) d$pair[1], "")
  with_style(named_dots(...), "plot", names(formals(plot.covary_pairs)), {
    draw_curves(panels, list(layout), grid, titles, c(-1, 1))
  })
  invisible(do.call(rbind, panels))
}

strongest_pairs <- function(x) {
  data <- feature_grid(x$design, NULL, list())$data
  strength <- colMeans(pair_summary(x, data, seq_len(ncol(x$pairs)), 0.5)$summary$estimate^2)
  order(strength, decreasing = TRUE)[seq_len(min(most_curves, length(strength)))]
}

# Values of one covariate, the others held: list(name, data, x (places on the axis), labels (of
# levels, or NULL))
feature_grid <- function(design, covariate, conditions) {
  known <- design$covariates
  numeric <- names(known)[vapply(known, function(v) identical(v$type, "numeric"), TRUE)]
  if (length(known) == 0) {
    return(list(name = "", data = data.frame(row.names = 1L), x = 1, labels = ""))
  }
  name <- check_names(covariate, "covariate")
  if (is.null(name)) name <- c(numeric, names(known))[1]
  unknown <- setdiff(c(name, names(conditions)), names(known))
  if (length(name) != 1 || length(unknown) || !is.list(conditions)) {
    stop_covary("argument", "`covariate` must be one covariate and `conditions` a list of values ",
      "of others; the covariates are ", enumerate(names(known), most = 12), ".",
      fields = list(arg = "covariate")
    )
  }
  typical <- typical_rows(known)
  values <- if (name %in% numeric) {
    seq(known[[name]]$range[1], known[[name]]$range[2], length.out = 101)
  } else {
    known[[name]]$levels
  }
  data <- lapply(stats::setNames(nm = names(known)), function(one) {
    if (one == name) {
      return(if (one %in% numeric) values else as_fitted_type(values, typical[[one]][0], FALSE))
    }
    value <- if (one %in% names(conditions)) conditions[[one]] else typical_value(typical[[one]])
    rep(value, length.out = length(values))
  })
  list(
    name = name, data = unchecked_frame(data, length(values)),
    x = if (name %in% numeric) values else seq_along(values),
    labels = if (!name %in% numeric) values
  )
}

# What draw_ribbon() takes, of the one curve in summaries of 95 % and 50 %
curve_frame <- function(grid, wide, half, labels) {
  s <- wide$summary
  n <- length(grid$x)
  unchecked_frame(c(
    lapply(labels, rep, n),
    list(
      x = grid$x, estimate = s$estimate[, 1], sd = s$sd[, 1], lower = s$lower[, 1],
      upper = s$upper[, 1], lower50 = half$summary$lower[, 1], upper50 = half$summary$upper[, 1],
      extrapolated = wide$extrapolated
    )
  ), n)
}

draw_curves <- function(panels, layout, grid, titles, ylim = NULL) {
  discrete <- !is.null(grid$labels)
  xlim <- range(grid$x) + if (discrete) c(-0.5, 0.5) else 0
  with_canvas(layout, mar = c(3, 2.9, 2.2, 0.7), {
    for (i in seq_along(panels)) {
      d <- panels[[i]]
      start_panel(xlim, if (is.null(ylim)) range(d$lower, d$upper) else ylim, titles[i],
        xlab = grid$name, x_at = if (discrete) grid$x,
        x_labels = if (discrete) grid$labels else TRUE
      )
      colour <- curve_colours(1)
      if (discrete) draw_interval(grid$x, d, colour) else draw_ribbon(d, colour)
    }
  })
}

# Squares of correlations of all features, a panel a value of the covariate
draw_correlation_maps <- function(x, covariate, at, resp, conditions) {
  names <- colnames(x$margins$mean)
  used <- names[sort(unique(as.vector(x$pairs)))]
  features <- used[choose_features(used, resp)]
  grid <- feature_grid(x$design, covariate, conditions)
  rows <- map_rows(x$design, grid, at)
  inside <- which(names[x$pairs[1, ]] %in% features & names[x$pairs[2, ]] %in% features)
  if (length(inside) == 0) {
    stop_covary("argument", "No pair of the features was fitted.", fields = list(arg = "resp"))
  }
  estimate <- pair_summary(x, rows$data, inside, 0.5)$summary$estimate
  places <- matrix(match(names[x$pairs[, inside]], features), 2)
  panels <- nrow(estimate)
  margin <- if (length(features) <= 30) 4 else 1
  with_canvas(list(matrix(seq_len(panels + 1), 1), widths = c(rep(4, panels), 1)),
    mar = c(margin, margin, 2.2, 0.7),
    {
      for (i in seq_len(panels)) {
        draw_correlation_map(estimate[i, ], places, features, rows$labels[i])
      }
      if (picture$own) draw_map_key()
    }
  )
  unchecked_frame(list(
    value = rep(rows$labels, length(inside)),
    pair = rep(colnames(x$mean)[inside], each = panels),
    first = rep(names[x$pairs[1, inside]], each = panels),
    second = rep(names[x$pairs[2, inside]], each = panels), estimate = as.vector(estimate)
  ))
}

# New data of the maps: list(data, labels)
map_rows <- function(design, grid, at) {
  known <- design$covariates[[grid$name]]
  if (!is.null(grid$labels)) {
    some <- if (is.null(at)) seq_along(grid$labels) else match(at, grid$labels)
    if (anyNA(some)) {
      stop_covary("argument", "`at` must hold levels of ", dQuote(grid$name, FALSE), ": ",
        enumerate(grid$labels, most = 12), ".",
        fields = list(arg = "at")
      )
    }
    labels <- paste(grid$name, grid$labels[some])
    return(list(data = grid$data[some, , drop = FALSE], labels = labels))
  }
  if (is.null(at)) at <- known$quantiles
  if (!is.numeric(at) || length(at) == 0 || !all(is.finite(at))) {
    stop_covary("argument", "`at` must be finite numbers, not ", describe(at), ".",
      fields = list(arg = "at")
    )
  }
  data <- grid$data[rep(1, length(at)), , drop = FALSE]
  data[[grid$name]] <- at
  list(data = data, labels = paste(grid$name, format(at, digits = 3, trim = TRUE)))
}

# Blue below zero, white, red above
map_colours <- function(rho) {
  scale <- grDevices::colorRamp(c(okabe_ito[["blue"]], "white", okabe_ito[["vermillion"]]))
  grDevices::rgb(scale((pmin(pmax(rho, -1), 1) + 1) / 2), maxColorValue = 255)
}

draw_correlation_map <- function(rho, places, features, title) {
  g <- length(features)
  graphics::plot.new()
  graphics::plot.window(c(0.5, g + 0.5), c(g + 0.5, 0.5), xaxs = "i", yaxs = "i", asp = 1)
  graphics::rect(0.5, 0.5, g + 0.5, g + 0.5, col = grid_colour, border = NA)
  for (side in list(1:2, 2:1)) {
    i <- places[side[1], ]
    j <- places[side[2], ]
    graphics::rect(i - 0.5, j - 0.5, i + 0.5, j + 0.5, col = map_colours(rho), border = NA)
  }
  if (g <= 30) {
    size <- max(0.5, min(axis_size, 14 / g))
    draw_axis(1, seq_len(g), features, size, las = 2, gap.axis = 0)
    draw_axis(2, seq_len(g), features, size, las = 2, gap.axis = 0)
  }
  write_title(tile_title(title))
}

draw_map_key <- function() {
  graphics::par(mar = c(4, 0.5, 2.2, 2.5))
  graphics::plot.new()
  graphics::plot.window(c(0, 1), c(-1, 1), xaxs = "i", yaxs = "i")
  at <- seq(-1, 1, length.out = 101)
  graphics::rect(0, at[-101], 1, at[-1],
    col = map_colours((at[-1] + at[-101]) / 2), border = NA
  )
  draw_axis(4, c(-1, -0.5, 0, 0.5, 1))
  write_title("rho")
}
