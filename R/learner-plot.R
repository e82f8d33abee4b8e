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
