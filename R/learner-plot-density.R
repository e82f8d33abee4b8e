# Densities of a learner before and after learning: contours in two dimensions, curves in one.

# Means and covariances before or after learning, restricted to the dimensions shown; by the
# position of the category, for a name may be empty.
margins <- function(learner, when, dims) {
  coef <- unpack_coef(if (when == "before") learner$start else learner$parameter, learner)
  lapply(seq_along(learner$categories), function(g) {
    list(
      mean = coef$mean[g, dims],
      covariance = matrix(coef$covariance[dims, dims, g], length(dims))
    )
  })
}

contour_data <- function(learner, dims, levels, when) {
  if (!is.numeric(levels) || length(levels) == 0) check_number(levels, "levels", 0, 1, open = TRUE)
  for (level in levels) check_number(level, "levels", 0, 1, open = TRUE)
  angle <- seq(0, 2 * pi, length.out = 100)
  ellipse <- function(when, category, level, m) {
    points <- sqrt(stats::qchisq(level, 2)) * cbind(cos(angle), sin(angle)) %*% chol(m$covariance)
    points <- sweep(points, 2, m$mean, "+")
    colnames(points) <- dims
    data.frame(when = when, category = factor(category, learner$categories), level = level, points)
  }
  panels <- expand.grid(
    level = levels, category = learner$categories, when = when,
    stringsAsFactors = FALSE
  )
  do.call(rbind, Map(
    function(w, g, l) {
      ellipse(
        w, g, l,
        margins(learner, w, dims)[[match(g, learner$categories)]]
      )
    },
    panels$when, panels$category, panels$level,
    USE.NAMES = FALSE
  ))
}

plot_contours <- function(learner, dims, levels, when, ...) {
  contours <- contour_data(learner, dims, levels, when)
  shown <- contours[is.finite(contours[[4]]) & is.finite(contours[[5]]), ]
  style <- category_style(learner)
  for (panel in when) {
    now <- shown[shown$when == panel, ]
    open_panel(
      list(
        xlab = dims[1], ylab = dims[2], main = panel_title(panel),
        xlim = view(learner$x[, dims[1]], shown[[4]]), ylim = view(learner$x[, dims[2]], shown[[5]])
      ),
      ...
    )
    k <- as.integer(learner$category)
    graphics::points(learner$x[, dims], pch = style$symbol[k], col = style$faint[k], cex = .7)
    for (one in split(now, list(now$category, now$level), drop = TRUE)) {
      graphics::lines(one[[4]], one[[5]], col = style$colour[as.integer(one$category[1])], lwd = 2)
    }
  }
  contours
}

curve_data <- function(learner, dims, when) {
  tails <- function(m) m$mean + c(-3, 3) * sqrt(m$covariance[1])
  tails <- unlist(lapply(when, function(w) lapply(margins(learner, w, dims), tails)))
  at <- view(learner$x[, dims], tails)
  grid <- seq(at[1], at[2], length.out = 300)
  do.call(rbind, lapply(when, function(w) {
    do.call(rbind, Map(function(m, g) {
      out <- data.frame(
        when = w, category = factor(g, learner$categories), grid,
        density = stats::dnorm(grid, m$mean, sqrt(m$covariance[1]))
      )
      names(out)[3] <- dims
      out
    }, margins(learner, w, dims), learner$categories))
  }))
}

plot_curves <- function(learner, dims, levels, when, ...) {
  curves <- curve_data(learner, dims, when)
  rownames(curves) <- NULL
  style <- category_style(learner)
  top <- max(curves$density)
  for (panel in when) {
    now <- curves[curves$when == panel, ]
    strip <- .05 * length(learner$categories)
    open_panel(list(
      xlab = dims, ylab = "density", main = panel_title(panel),
      xlim = range(now[[3]]),
      ylim = c(-strip * top, top)
    ), ...)
    graphics::abline(h = 0, col = "grey80")
    k <- as.integer(learner$category)
    graphics::points(learner$x[, dims], -.05 * (k - .5) * top,
      pch = "|", col = style$faint[k],
      cex = .6
    )
    for (one in split(now, now$category)) {
      graphics::lines(one[[3]], one$density,
        col = style$colour[as.integer(one$category[1])],
        lwd = 2
      )
    }
  }
  curves
}

# Limits that show the stimuli and as much of the contours as does not squeeze them.
view <- function(x, contour, margin = .04) {
  span <- range(x)
  around <- span + c(-1, 1) * diff(span)
  limits <- range(span, pmin(pmax(contour, around[1]), around[2]))
  limits + c(-1, 1) * margin * diff(limits)
}

panel_title <- function(when) {
  c(before = "Before learning", after = "After learning")[[when]]
}
