# The course of learning as data frames.

#' The course of learning
#'
#' @param object A learner from [learn_categories()].
#' @param ... Passed to methods.
#' @return A data frame; its columns depend on the method.
#' @examples
#' set.seed(1)
#' category <- rep(c("a", "b"), each = 50)
#' stimuli <- data.frame(category, x = rnorm(100, rep(c(0, 1), each = 50), .3))
#' learner <- learn_categories(category ~ x, stimuli)
#' tail(trajectory(learner), 3)
#' tail(trajectory(learner, "loss"), 3)
#' @export
trajectory <- function(object, ...) {
  UseMethod("trajectory")
}

#' @export
trajectory.default <- function(object, ...) {
  stop_no_method(
    object, "trajectory()", "learners",
    "object"
  )
}

#' @rdname trajectory
#' @param what `"learned"`: the learned numbers (as they are parameterised); `"covariance"`: the
#'   same with the scale as variances and covariances; `"loss"`: no parameters, but every trial
#'   even when the parameters were thinned.
#' @param thin Keep every `thin`-th row after the start.
#' @details The first row is the start: trial 0, with `NA` for what belongs to a presented
#'   stimulus. Columns: `trial`, `epoch`, `row` (of the data), `category` (the true one),
#'   `response` (the most probable one before the trial was learned from), `loss` (cross-entropy of
#'   the trial in nats, likewise before), then the parameters after the trial, named
#'   `mean[category,dimension]`, then `log_L[...]` and `L[...]`, or `covariance[...]`, with
#'   `[category,row,column]`, `weight[response,category]` and `bias[response]`.
#' @section Errors: `covary_error_argument`.
#' @export
trajectory.covary_learner <- function(
  object, what = c("learned", "covariance", "loss"), thin = 1,
  ...
) {
  check_dots(...)
  check_learner(object)
  what <- check_choice(what, c("learned", "covariance", "loss"), "what")
  thin <- check_count(thin, "thin")
  step <- if (what == "loss") 1 else object$plan$thin
  kept <- seq(0, nrow(object$trials) %/% step, by = thin)
  out <- trial_columns(object, kept * step)
  if (what == "loss") {
    return(out)
  }
  parameters <- t(cbind(object$start, object$record)[, kept + 1, drop = FALSE])
  colnames(parameters) <- parameter_names(object, object$plan$scale)
  if (what == "covariance") parameters <- covariance_columns(object, parameters)
  cbind(out, as.data.frame(parameters))
}

trial_columns <- function(learner, trial) {
  # the start belongs to no trial
  trials <- learner$trials[replace(trial, trial == 0, NA), ]
  data.frame(
    trial = trial, epoch = trials$epoch, row = trials$row,
    category = learner$category[trials$row],
    response = trials$response, loss = trials$loss
  )
}

parameter_names <- function(learner, scale) {
  g <- learner$categories
  d <- learner$dimensions
  lower <- lower_pairs(length(d))
  entry <- rep(if (scale == "covariance") "covariance" else "L", nrow(lower))
  if (scale == "log_cholesky") entry[lower[, 1] == lower[, 2]] <- "log_L"
  pair <- paste0(d[lower[, 1]], ",", d[lower[, 2]])
  c(
    paste0("mean[", rep(g, each = length(d)), ",", d, "]"),
    paste0(entry, "[", rep(g, each = length(pair)), ",", pair, "]"),
    paste0("weight[", g, ",", rep(g, each = length(g)), "]"),
    if (learner$plan$bias) paste0("bias[", g, "]")
  )
}

covariance_columns <- function(learner, parameters) {
  d <- length(learner$dimensions)
  t <- d * (d + 1) / 2
  for (k in seq_along(learner$categories)) {
    columns <- d * length(learner$categories) + (k - 1) * t + seq_len(t)
    parameters[, columns] <- lower_products(
      parameters[, columns, drop = FALSE], learner$plan$scale,
      d
    )
  }
  colnames(parameters) <- parameter_names(learner, "covariance")
  parameters
}

# Rows of lower triangles to rows of the lower triangle of the covariance.
lower_products <- function(triangles, scale, d) {
  products <- apply(
    triangles, 1,
    function(row) pack_scale(unpack_scale(row, scale, d), "covariance", d)
  )
  matrix(products, nrow(triangles), byrow = TRUE)
}
