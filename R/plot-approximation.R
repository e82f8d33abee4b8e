# Pictures of approximations: marginals, course of the loss, tracked values.

#' Plot a fit of the toolkit
#'
#' @param x A fit.
#' @param what `"marginals"` (densities of the parameters), `"loss"` (negative ELBO, or size of the
#'   Stein direction, by iteration), or `"tracker"`.
#' @param against Further fits of the same target, one or a named list, to draw beside it.
#' @param parameters Names of the parameters to show; by default the first nine.
#' @param truth Optional values to mark, by parameter.
#' @param ... Passed to [graphics::plot()].
#' @return `x`, invisibly; for `"marginals"` a data frame of the curves.
#' @examples
#' target <- linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50))
#' plot(advi(target, "meanfield"), against = list(full = advi(target)))
#' @export
plot.covary_approximation <- function(
  x, what = c("marginals", "loss", "tracker"), against = NULL,
  parameters = NULL, truth = NULL, ...
) {
  check_approximation(x, "x")
  what <- check_choice(what, c("marginals", "loss", "tracker"), "what")
  switch(what,
    marginals = plot_marginals(x, against, parameters, truth, ...),
    loss = plot_loss(x, ...),
    tracker = plot_tracker(x, ...)
  )
}

plot_marginals <- function(x, against, parameters, truth, ...) {
  curves <- marginal_curves(x, against, parameters)
  panels <- unique(curves$parameter)
  is_page_ours <- !is_page_divided()
  old <- tile(length(panels))
  on.exit(graphics::par(old))
  is_panel_free <- is_page_ours && length(panels) < prod(graphics::par("mfrow"))
  fits <- unique(curves$fit)
  given <- with_defaults(list(...), list(
    col = fit_colours(length(fits)), lty = seq_along(fits), lwd = 2
  ))
  colours <- rep_len(given$col, length(fits))
  types <- rep_len(given$lty, length(fits))
  key <- function(place, ...) {
    graphics::legend(place, fits, col = colours, lty = types, lwd = given$lwd, bty = "n", ...)
  }
  for (p in panels) {
    at <- curves[curves$parameter == p, ]
    has_key <- p == panels[1] && length(fits) > 1 && !is_panel_free
    style <- with_defaults(list(...), list(
      xlab = p, ylab = "density", bty = "l",
      ylim = c(0, max(at$density) * if (has_key) room_above(key) else 1)
    ))
    do.call(graphics::plot, c(
      list(range(at$x), c(0, max(at$density)), type = "n"),
      style[setdiff(names(style), c("col", "lwd", "lty"))]
    ))
    for (k in seq_along(fits)) {
      graphics::lines(at$x[at$fit == fits[k]], at$density[at$fit == fits[k]],
        col = colours[k],
        lty = types[k], lwd = given$lwd
      )
    }
    if (!is.null(truth) && p %in% names(truth)) graphics::abline(v = truth[[p]], lty = 3)
    if (has_key) key("topright")
  }
  if (is_panel_free && length(fits) > 1) {
    graphics::plot.new()
    key("center")
  }
  invisible(curves)
}

# By what to multiply the upper limit of a panel so that the key, drawn by key(place, plot), lies
# above the curves; at most 3, where the panel is hardly higher than its key.
room_above <- function(key) {
  graphics::plot.new()
  graphics::plot.window(c(0, 1), c(0, 1))
  share <- key("topright", plot = FALSE)$rect$h
  graphics::par(new = TRUE)
  min(1 / (1 - min(share, 0.9)), 3)
}

# Panels of our own, unless the user has divided the page.
tile <- function(n) {
  columns <- if (n == 1) 1 else if (n <= 4) 2 else 3
  if (is_page_divided()) {
    return(graphics::par(mar = c(4, 4, 1, 1)))
  }
  graphics::par(mfrow = c(ceiling(n / columns), columns), mar = c(4, 4, 1, 1))
}

# What the user gave, and the rest by default.
with_defaults <- function(given, defaults) {
  c(given, defaults[setdiff(names(defaults), names(given))])
}

# Data frame: fit, parameter, x, density
marginal_curves <- function(x, against, parameters) {
  if (inherits(against, "covary_approximation")) against <- list(against)
  fits <- c(list(x), against)
  for (f in fits) check_class(f, "covary_approximation", "against", "advi(), nuts() ...")
  labels <- names(fits)
  if (is.null(labels)) labels <- rep("", length(fits))
  labels[labels == ""] <- vapply(fits[labels == ""], method_label, "")
  labels <- make.unique(labels)
  draws <- lapply(fits, as.matrix)
  shared <- Reduce(intersect, lapply(draws, colnames))
  parameters <- if (is.null(parameters)) {
    utils::head(shared, 9)
  } else {
    check_names(
      parameters,
      "parameters"
    )
  }
  missing <- setdiff(parameters, shared)
  if (length(missing) || length(parameters) == 0) {
    stop_covary("argument", "The fits do not share a parameter ", enumerate(missing),
      "; they share ", enumerate(shared), ".",
      fields = list(arg = "parameters")
    )
  }
  do.call(rbind, lapply(parameters, function(p) {
    do.call(rbind, Map(function(d, label) {
      v <- d[, p]
      curve <- if (diff(range(v)) > 0) stats::density(v, n = 256) else list(x = v[1], y = 0)
      data.frame(fit = label, parameter = p, x = curve$x, density = curve$y)
    }, draws, labels))
  }))
}

plot_loss <- function(x, ...) {
  loss <- x$history
  if (!any(is.finite(loss))) {
    stop_covary("argument", "This fit has no loss history.",
      fields = list(arg = "what")
    )
  }
  i <- seq_along(loss)
  fine <- is.finite(loss)
  # the first steps are often orders of magnitude away; the eye needs the rest
  limits <- stats::quantile(loss[fine], c(0, if (length(loss) > 50) 0.98 else 1), names = FALSE)
  do.call(graphics::plot, c(list(i, loss), with_defaults(list(...), list(
    type = "l", col = axis_colour, ylim = limits, xlab = "iteration",
    ylab = if (x$method == "svgd") "size of the Stein direction" else "negative ELBO", bty = "l"
  ))))
  if (length(loss) >= 200) {
    smooth <- stats::filter(loss, rep(1 / 100, 100), sides = 1)
    graphics::lines(i, smooth, col = fit_colours(2)[2], lwd = 2)
  }
  invisible(x)
}

plot_tracker <- function(x, ...) {
  kept <- tracked(x)
  values <- kept[setdiff(names(kept), "iteration")]
  values <- values[vapply(values, is.matrix, TRUE)]
  if (length(values) == 0) {
    stop_covary("tracker", "What was tracked are not numbers of one length; look at tracked().")
  }
  old <- tile(length(values))
  on.exit(graphics::par(old))
  for (n in names(values)) {
    m <- values[[n]]
    named <- !is.null(colnames(m)) && ncol(m) %in% 2:7
    limits <- range(m, finite = TRUE)
    # room for the legend above the curves
    if (named) limits[2] <- limits[2] + diff(limits) * 0.1 * ceiling(ncol(m) / 3)
    style <- with_defaults(list(...), list(
      type = "l", lty = 1, col = fit_colours(ncol(m)), xlab = "iteration", ylab = n, bty = "l",
      ylim = limits
    ))
    do.call(graphics::matplot, c(list(kept$iteration, m), style))
    if (named) {
      graphics::legend("topleft", colnames(m),
        col = style$col, lty = style$lty,
        lwd = 2, bty = "n", cex = 0.8, ncol = 3
      )
    }
  }
  invisible(x)
}
