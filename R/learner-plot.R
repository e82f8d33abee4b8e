# Pictures of a learner. Each is drawn from a data frame that plot() returns invisibly.

#' Plot a category learner
#'
#' @param x A learner from [learn_categories()].
#' @param type `"density"`: the stimuli, coloured by category, with the densities before and after
#'   learning; `"loss"`: cross-entropy over trials; `"accuracy"`: share of correct responses over
#'   trials, each as a running mean.
#' @param dims The dimensions to show, by name or number: two, or one for curves. Default: the first
#'   two, or the only one. With more dimensions than shown, densities are the margins on those
#'   shown.
#' @param levels Shares of a category's probability that its contours enclose (two dimensions).
#' @param when Panels of `type = "density"`: any of `"before"` and `"after"`.
#' @param window Trials in a running mean; fewer at the start, where it takes all trials so far.
#'   Default: a fiftieth of all trials, at least 10.
#' @param ... Passed to [graphics::plot.default()] for each panel, for instance `xlim`, `main` or
#'   `cex`.
#' @return Invisibly, the data frame behind the picture:
#'   * `type = "density"`, two dimensions: `when`, `category`, `level`, and the contour points in
#'     columns named after the dimensions, 100 per contour, in order. A contour is the ellipse
#'     \eqn{m + L \sqrt{\chi^2_2(level)} (\cos, \sin)'}{m + L sqrt(qchisq(level, 2)) (cos, sin)'}.
#'   * `type = "density"`, one dimension: `when`, `category`, the dimension, and `density`.
#'   * `type = "loss"` and `"accuracy"`: `trial`, `epoch`, and `loss` or `accuracy`, the mean over
#'     the last `window` trials; at most 2,000 rows.
#' @section Errors: `covary_error_argument`, `covary_error_dimension` (unknown `dims`).
#' @examples
#' set.seed(1)
#' stimuli <- data.frame(
#'   category = rep(c("a", "b"), each = 100),
#'   x1 = rnorm(200, rep(c(-.5, -.25), each = 100), .12),
#'   x2 = rnorm(200, rep(c(.25, -.6), each = 100), .15)
#' )
#' learner <- learn_categories(category ~ x1 + x2, stimuli)
#' plot(learner)
#' plot(learner, "accuracy")
#' head(plot(learner, "loss"))
#' @importFrom graphics par plot.default
#' @export
plot.covary_learner <- function(
  x, type = c("density", "loss", "accuracy"), dims = NULL,
  levels = c(.5, .9),
  when = c("before", "after"), window = NULL, ...
) {
  check_learner(x, "x")
  type <- check_choice(type, c("density", "loss", "accuracy"), "type")
  if (type != "density") {
    return(invisible(plot_course(x, type, window, ...)))
  }
  if (!is.character(when) || length(when) == 0 || !all(when %in% c("before", "after"))) {
    stop_covary("argument", "`when` must be any of 'before' and 'after', not ", describe(when), ".",
      fields = list(arg = "when")
    )
  }
  dims <- check_dims(x, dims)
  old <- par(
    mfrow = c(1, length(when)), mar = c(4, 4, 2.5, .8), mgp = c(2.4, .7, 0),
    oma = c(1.8, 0, 0, 0), las = 1
  )
  on.exit(par(old))
  draw <- if (length(dims) == 1) plot_curves else plot_contours
  out <- draw(x, dims, levels, when, ...)
  category_legend(x)
  invisible(out)
}

check_dims <- function(learner, dims) {
  known <- learner$dimensions
  if (is.null(dims)) {
    return(utils::head(known, 2))
  }
  if (!is.numeric(dims)) check_names(dims, "dims")
  at <- if (is.numeric(dims)) match(dims, seq_along(known)) else match(dims, known)
  if (anyNA(at) || !length(at) %in% 1:2 || anyDuplicated(at)) {
    stop_covary("dimension", "`dims` must be one or two different dimensions among ",
      enumerate(known), ", not ",
      enumerate(as.character(dims)), ".",
      fields = list(arg = "dims")
    )
  }
  known[at]
}

# ---- densities -------------------------------------------------------------------------------

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

# An empty panel; what the user passes in ... wins.
open_panel <- function(frame, ...) {
  given <- list(...)
  frame[names(given)] <- given
  do.call(plot.default, c(list(NA, type = "n", bty = "l", font.main = 1), frame))
}

category_style <- function(learner) {
  g <- length(learner$categories)
  colour <- category_colours(g)
  list(
    colour = colour, faint = fade(colour, .45),
    symbol = rep_len(c(1, 2, 0, 5, 6, 3, 4), g)
  )
}

category_legend <- function(learner) {
  style <- category_style(learner)
  par(fig = c(0, 1, 0, 1), oma = c(0, 0, 0, 0), mar = c(0, 0, 0, 0), new = TRUE)
  graphics::plot.new()
  graphics::legend("bottom", paste0(learner$categories, "  "),
    col = style$colour,
    pch = style$symbol, lwd = 2,
    horiz = TRUE, bty = "n", xpd = NA
  )
}

# ---- course of learning --------------------------------------------------------------------------

course_data <- function(learner, type, window = NULL) {
  trials <- learner$trials
  n <- nrow(trials)
  window <- if (is.null(window)) max(10, n %/% 50) else check_count(window, "window")
  value <- if (type == "loss") {
    trials$loss
  } else {
    as.numeric(trials$response == learner$category[trials$row])
  }
  at <- unique(round(seq(1, n, length.out = min(2000, n))))
  out <- data.frame(trial = at, epoch = trials$epoch[at], running_mean(value, window, at))
  names(out)[3] <- type
  out
}

# At the trials `at`; each window is summed on its own, so one huge loss does not spoil the rest.
running_mean <- function(x, window, at) {
  vapply(at, function(i) mean(x[seq.int(max(1, i - window + 1), i)]), 0)
}

plot_course <- function(learner, type, window, ...) {
  course <- course_data(learner, type, window)
  g <- length(learner$categories)
  chance <- if (type == "loss") log(g) else 1 / g
  old <- par(mar = c(4, 4, 2.5, .8), mgp = c(2.6, .7, 0), las = 1)
  on.exit(par(old))
  top <- if (type == "loss") max(course$loss, chance) else 1
  open_panel(list(
    xlab = "trial", ylab = if (type == "loss") {
      "cross-entropy (nats)"
    } else {
      "correct responses"
    },
    main = if (type == "loss") "Loss" else "Accuracy", xlim = c(0, nrow(learner$trials)),
    ylim = c(0, top)
  ), ...)
  epochs <- nrow(learner$x) * seq_len(learner$plan$epochs - 1)
  if (length(epochs) < 20) graphics::abline(v = epochs, col = "grey88")
  graphics::abline(h = chance, lty = 2, col = "grey50")
  graphics::text(nrow(learner$trials), chance, "chance",
    adj = c(1, if (type == "loss") 1.4 else -.4), col = "grey40", cex = .85
  )
  graphics::lines(course$trial, course[[type]],
    lwd = 2,
    col = category_colours(1)
  )
  course
}
