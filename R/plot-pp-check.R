#' Posterior predictive checks
#'
#' Compares the data with replicates drawn from the fit.
#'
#' * `"dens"`: density of each response, over those of replicated data sets.
#' * `"correlation"`, `"sd"`: correlation of the residuals (divided by the fitted standard
#'   deviations), or their root mean square, in bins along a covariate, over intervals of the same
#'   numbers in replicated data sets. A fit whose correlation does not change with a covariate shows
#'   it here when the data's does.
#' * `"qq"`: squared Mahalanobis distances of the data from the fitted means against the chi-squared
#'   quantiles they have if the model is right, with the band of replicated data sets. Points above
#'   the line are tails heavier than normal. The farthest rows beyond the band, up to five, have
#'   their names or numbers in the data (see also `extreme` in [diagnostics()]).
#'
#' Residuals and distances are from the means of each draw, as those of its replicate are (realised
#' discrepancies; Gelman, Meng and Stern 1996), and what is shown of the data is the average over
#' draws: from posterior means, which follow the rows that were fitted, those of the data would be
#' too small in fits with groups. Rows of `newdata` were not fitted and are compared from posterior
#' means.
#'
#' Missing responses are drawn once from the fit, given those that their rows have: under missing at
#' random, what is observed alone need not look like replicates.
#'
#' Fits answer to the generic of this package and to that of \pkg{bayesplot}; for objects of other
#' classes this generic calls that of \pkg{bayesplot}.
#'
#' @param object A fit of [covary()].
#' @param type Which check: one of the above, or the name of a function of \pkg{bayesplot} without
#'   `ppc_`, such as `"dens_overlay"`, `"stat"`, `"ecdf_overlay"`, `"intervals"` or
#'   `"stat_grouped"`.
#' @param covariate For `"correlation"` and `"sd"`; by default the first numeric one.
#' @param resp For `"correlation"`, which pairs: as in [correlation()]. `NULL` (default): the first
#'   fifteen. For `"dens"` and `"sd"`, which responses; for checks of \pkg{bayesplot}, one.
#' @param ndraws,draw_ids Number of replicated data sets, or the draws that they are made from.
#' @param bins Number of bins of a numeric covariate; see [plot_data()].
#' @param max_rows Rows to use at most, evenly spaced in the data.
#' @param plot Draw the picture?
#' @param newdata Rows to check in place of those of the fit, with covariates and responses: rows
#'   that the fit has not seen, as a test set, or those that a fit of cells does not hold. Each has
#'   weight 1. Groups that the fit does not know get effects from their distribution.
#' @param ... For checks of \pkg{bayesplot} its arguments, such as `stat`; `group` and `x` may name
#'   covariates. For the others styling, as in [plot.covary()].
#' @return A ggplot for checks of \pkg{bayesplot}. For the others the data of the picture,
#'   invisibly: for `"dens"` a data frame `resp`, `draw` (0: the data), `x`, `density`; for
#'   `"correlation"` and `"sd"` `covariate`, `bin`, `x`, `n`, `resp`, `observed`, `estimate`,
#'   `lower`, `upper`, `lower50`, `upper50`; for `"qq"` `probability`, `theoretical`, `observed`,
#'   `lower`, `upper`, `row` (name or number in the data).
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars)
#' pp_check(fit, "qq")
#' @export
pp_check <- function(object, ...) UseMethod("pp_check")

#' @rawNamespace S3method(pp_check, default, hand_on_pp_check)
hand_on_pp_check <- function(object, ...) hand_on("bayesplot", "pp_check", object, ...)

#' @rdname pp_check
#' @export
#' @rawNamespace S3method(bayesplot::pp_check,covary)
pp_check.covary <- function(
  object, type = c("dens", "correlation", "sd", "qq"), covariate = NULL, resp = NULL,
  ndraws = NULL, bins = NULL,
  max_rows = 20000, plot = TRUE, draw_ids = NULL, newdata = NULL, ...
) {
  check_fit(object, margins = TRUE)
  if (!is.null(newdata)) object <- with_new_rows(object, newdata)
  if (is_bayesplot_check(type)) {
    if (!is.null(newdata)) refuse_loo_check(type)
    return(bayesplot_check(object, type, resp, ndraws, draw_ids, list(...)))
  }
  type <- check_choice(type, own_checks, "type")
  draws <- draws_of_check(object, ndraws, draw_ids, if (type == "dens") 50 else 200)
  max_rows <- check_count(max_rows, "max_rows", 2)
  check_flag(plot, "plot")
  object <- need_rows(object, "pp_check()")
  if (type == "correlation") {
    response_pair(object)
    pairs <- choose_pairs(object, resp)
    if (is.null(resp)) pairs <- utils::head(pairs, 15)
  } else if (type == "qq" && !is.null(resp)) {
    stop_covary("argument", "`resp` has no meaning for type = \"qq\": distances are of all ",
      "responses together; type = \"dens\" and \"sd\" take it.",
      fields = list(arg = "resp")
    )
  } else {
    chosen <- choose_responses(object, resp)
  }
  if (type %in% c("correlation", "sd")) {
    covariate <- first_covariate(object, covariate, numeric = FALSE)
  }
  rows <- evenly_spaced(object$frame$n, max_rows)
  replicates <- replicate_rows(object, rows, draws)
  object <- fill_responses(object)
  fitted <- is.null(newdata) && object$algorithm != "prior"
  if (type %in% c("correlation", "sd")) centres <- centres_of_check(object, rows, draws, fitted)
  out <- switch(type,
    dens = pp_density_data(object, rows, replicates),
    correlation = pp_bins_data(object, rows, replicates, centres, covariate, bins, pairs),
    sd = pp_bins_data(object, rows, replicates, centres, covariate, bins),
    qq = pp_distance_data(
      object, rows, replicates, distance_of_check(object, rows, draws, fitted)
    )
  )
  if (type %in% c("dens", "sd")) out <- out[out$resp %in% chosen, ]
  with_style(named_dots(...), "pp_check", names(formals(pp_check.covary)), {
    if (plot) draw_pp_check(out, type, object)
  })
  invisible(out)
}

# Numbers of the draws that are replicated: those asked for, or `usual` evenly spaced ones.
draws_of_check <- function(fit, ndraws, draw_ids, usual, least = 10) {
  if (!is.null(draw_ids)) {
    return(choose_draws(fit, ndraws, draw_ids))
  }
  evenly_spaced(
    nrow(fit$draws), check_count(if (is.null(ndraws)) usual else ndraws, "ndraws", least)
  )
}

draw_pp_check <- function(d, type, fit) {
  switch(type,
    dens = draw_pp_density(d),
    correlation = draw_pp_bins(d, fit, "correlation"),
    sd = draw_pp_bins(d, fit, "sd"),
    qq = draw_pp_distances(d, length(fit$responses))
  )
}

draw_pp_density <- function(d) {
  labels <- unique(d$resp)
  key <- new_key(c("data", "replicates"), c(data_colour, fade(curve_colours(1), 0.6)))
  with_canvas(panel_grid(length(labels)), mar = c(3, 3.2, 1.8, 0.7), key = key, {
    for (resp in labels) {
      part <- d[d$resp == resp, ]
      start_panel(range(part$x), c(0, max(part$density)), resp, xlab = resp)
      for (s in setdiff(unique(part$draw), 0)) {
        graphics::lines(part$x[part$draw == s], part$density[part$draw == s],
          col = fade(curve_colours(1), 0.25), lwd = 0.8
        )
      }
      data <- part$draw == 0
      graphics::lines(part$x[data], part$density[data], col = data_colour, lwd = 2)
    }
  })
}

draw_pp_bins <- function(d, fit, role) {
  labels <- unique(d$resp)
  key <- new_key("replicates, 50 and 95 %", fade(curve_colours(1), 0.6), "circles: data")
  known <- fit$design$covariates[[d$covariate[1]]]
  levels <- if (known$type != "numeric") known$levels
  with_canvas(panel_grid(length(labels)), mar = c(3, 3.2, 1.8, 0.7), key = key, {
    for (resp in labels) {
      part <- d[d$resp == resp, ]
      ylim <- range(part$lower, part$upper, part$observed)
      ylim <- ylim + c(-0.1, 0.1) * diff(ylim)
      if (role == "correlation") ylim <- c(max(-1, ylim[1]), min(1, ylim[2]))
      pad <- 0.04 * max(diff(range(part$x)), if (is.null(levels)) 0 else 8)
      start_panel(range(part$x) + c(-pad, pad), ylim, pp_bins_title(role, resp),
        xlab = d$covariate[1],
        x_at = if (!is.null(levels)) seq_along(levels), x_labels = if (is.null(levels)) {
          TRUE
        } else {
          levels
        }
      )
      if (role == "correlation") graphics::abline(h = 0, col = "grey40")
      colour <- curve_colours(1)
      graphics::segments(part$x, part$lower, part$x, part$upper,
        col = fade(colour, 0.35), lwd = 7,
        lend = "butt"
      )
      graphics::segments(part$x, part$lower50, part$x, part$upper50,
        col = fade(colour, 0.6),
        lwd = 7, lend = "butt"
      )
      graphics::points(part$x, part$observed,
        pch = 21, bg = "white", col = data_colour, lwd = 1.5,
        cex = 1.1
      )
    }
  })
}

# Layout of n panels: one row of up to three, else about as many rows as columns.
panel_grid <- function(n) {
  columns <- if (n <= 3) n else ceiling(sqrt(n))
  rows <- ceiling(n / columns)
  list(matrix(c(seq_len(n), numeric(rows * columns - n)), rows, byrow = TRUE))
}

pp_bins_title <- function(role, resp) unit_title(paste(role, "of residuals of"), resp)

draw_pp_distances <- function(d, k) {
  with_canvas(list(matrix(1)), mar = c(3, 3.4, 1.8, 0.7), {
    # Tail distances of heavy-tailed data are huge; the square root keeps the bulk in sight.
    root <- function(v) sqrt(v)
    start_panel(range(root(d$theoretical)), range(root(d$observed), root(d$upper)),
      "Mahalanobis distances of the data from the fit",
      xlab = paste0("distance under the model (root of chi-squared, ", k, " df)"),
      ylab = "distance in the data"
    )
    draw_band(root(d$theoretical), root(d$lower), root(d$upper), fade(curve_colours(1), 0.25))
    graphics::abline(0, 1, col = curve_colours(1), lwd = 1.5)
    graphics::points(root(d$theoretical), root(d$observed),
      pch = 16, cex = 0.6,
      col = fade(data_colour, 0.7)
    )
    beyond <- utils::tail(which(d$observed > d$upper), 5)
    if (length(beyond)) {
      graphics::text(root(d$theoretical[beyond]), root(d$observed[beyond]), d$row[beyond],
        pos = 2, offset = 0.35, cex = 0.75, col = ink, xpd = NA
      )
    }
    graphics::legend("topleft", c("data", "95 % of replicates"),
      pch = c(16, 15),
      pt.cex = c(0.7, 1.6), col = c(data_colour, fade(curve_colours(1), 0.4)), bty = "n",
      text.col = ink, inset = 0.01
    )
  })
}
