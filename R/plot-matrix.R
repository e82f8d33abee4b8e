# A matrix of panels: means on the diagonal, correlations of pairs below it, along one covariate.

most_in_matrix <- 6L # responses; beyond, panels are too small and a heat map says more

# Effects of one covariate on all parameters of some responses, or of all.
matrix_effects <- function(fit, covariate, resp = NULL, ...) {
  responses <- choose_responses(fit, resp)
  given <- named_dots(...)
  defaults <- as.list(formals(conditional_effects.covary))
  defaults <- lapply(defaults[setdiff(names(defaults), c("fit", "..."))], eval)
  surplus <- setdiff(names(given), names(defaults))
  if (length(surplus)) refuse_arguments(surplus, "plot_data", names(defaults))
  asked <- utils::modifyList(defaults, c(list(covariate = covariate), given))
  effects <- effects_frame(fit, asked, constants = TRUE)
  units <- strsplit(effects$resp, ":", fixed = TRUE)
  inside <- vapply(units, function(unit) all(unit %in% responses), TRUE)
  effects[inside, ]
}

draw_matrix <- function(fit, effects, max_points, conditions) {
  shown <- intersect(fit$responses, unlist(strsplit(effects$resp, ":", fixed = TRUE)))
  k <- length(shown)
  if (k > most_in_matrix) {
    stop_covary("argument", "A matrix of panels holds ", most_in_matrix, " responses, not ", k,
      ": choose some by `resp`, or use type = \"heatmap\".",
      fields = list(arg = "resp")
    )
  }
  groups <- unique(stats::na.omit(effects$group))
  by <- unique(stats::na.omit(effects$by))
  palette <- stats::setNames(
    curve_colours(max(length(groups), 1)), if (length(groups)) groups else "all"
  )
  bins <- residual_bins(
    fit, effects$covariate[1], if (length(by)) by else FALSE,
    conditions = conditions
  )
  places <- matrix(0, k, k)
  places[lower.tri(places, TRUE)] <- seq_len(k * (k + 1) / 2)
  along <- c(effects$covariate[1], by)
  held <- held_text(fit, unique(effects[c("dpar", "resp")]), along, conditions)
  note <- paste(c(held, "dashed: mean +- sd", if (NROW(bins)) "circles: residuals in bins"),
    collapse = "; "
  )
  key <- new_key(if (length(groups)) paste(by, "=", groups), palette, note)
  with_canvas(list(places), mar = c(2.7, 2.7, 1.9, 0.6), key = key, {
    for (j in seq_len(k)) {
      for (i in j:k) {
        # The axis has its name once a column: titles need the room.
        xlab <- if (i == k || !picture$own) effects$covariate[1] else ""
        if (i == j) {
          draw_mean_cell(fit, effects, shown[i], palette, max_points, conditions, xlab)
        } else {
          draw_pair_cell(effects, bins, shown[c(j, i)], palette, xlab)
        }
      }
    }
  })
  invisible(effects)
}

# The mean of a response over its data, with lines of the mean -+ the sd, or marks at levels.
draw_mean_cell <- function(fit, effects, label, palette, max_points, conditions, xlab) {
  mean <- effects[dpar_roles(effects$dpar) == "mean" & effects$resp == label, ]
  if (nrow(mean) == 0) {
    return(graphics::plot.new())
  }
  dots <- panel_dots(if (has_rows(fit)) fit, mean, max_points, conditions)
  spread <- mean_and_sd(effects[effects$resp == label, ])
  draw_effect_panel(mean, NULL, dots, palette, within = spread$estimate, xlab = xlab)
  for (line in split(spread, spread$line)) {
    colour <- if (line$curve[1] == "all") palette[[1]] else palette[[line$curve[1]]]
    if (is.na(mean$level[1])) {
      graphics::lines(line$x, line$estimate, col = colour, lty = "42")
    } else {
      reach <- 0.12 * diff(range(line$x, line$x[1] + 1))
      graphics::segments(line$x - reach, line$estimate, line$x + reach, col = colour, lty = "42")
    }
  }
}

# Lines one sd below and above each mean: data frame resp, curve, line, x, estimate.
mean_and_sd <- function(effects) {
  role <- dpar_roles(effects$dpar)
  mean <- as.data.frame(effects[role == "mean", ])
  sd <- effects[role == "sd", ]
  # The sd of the same curve, or that of all rows
  place <- function(d, group) paste(d$resp, group, d$x, sep = "\r")
  of_group <- match(place(mean, mean$group), place(sd, sd$group))
  of_all <- match(place(mean, NA), place(sd, sd$group))
  reach <- sd$estimate[ifelse(is.na(of_group), of_all, of_group)]
  curve <- ifelse(is.na(mean$group), "all", mean$group)
  out <- lapply(c(-1, 1), function(side) {
    data.frame(
      resp = mean$resp, curve = curve, line = paste(mean$resp, curve, side), x = mean$x,
      estimate = mean$estimate + side * reach
    )
  })
  stats::na.omit(do.call(rbind, out))
}

draw_pair_cell <- function(effects, bins, pair, palette, xlab) {
  same <- function(resp) vapply(strsplit(resp, ":", fixed = TRUE), setequal, TRUE, pair)
  d <- effects[dpar_roles(effects$dpar) == "correlation" & same(effects$resp), ]
  if (nrow(d) == 0) {
    return(graphics::plot.new())
  }
  found <- bins[dpar_roles(bins$dpar) == "correlation" & same(bins$resp), ]
  draw_effect_panel(d, found, NULL, palette, xlab = xlab)
}
