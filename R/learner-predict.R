# The verbs that ask a learner about stimuli: predict(), summary(), simulate().

#' Predict, summarise and simulate with a category learner
#'
#' @param object A learner from [learn_categories()].
#' @param newdata New stimuli: a data frame with the columns of the formula, or a matrix with D
#'   columns in the order of the formula. Default: the stimuli of the run. If a data frame also has
#'   the category column, its categories must be known to the learner.
#' @param type `"class"`: the most probable response; `"prob"`: the probabilities of the responses;
#'   `"density"`: the normal density of each category, per unit of the stimulus to the power D.
#' @param log Give logarithms of probabilities or densities. They do not underflow for stimuli
#'   up to 1e150.
#' @param ... Not used.
#' @return `predict()`: a factor of length N, or an N x G matrix with a column per category.
#' @section Errors: `covary_error_dimension` (missing columns, wrong number of columns),
#'   `covary_error_unknown_category`, `covary_error_missing`, `covary_error_range`,
#'   `covary_error_data`, `covary_error_argument`.
#' @examples
#' set.seed(1)
#' category <- rep(c("a", "b"), each = 50)
#' stimuli <- data.frame(category, x = rnorm(100, rep(c(0, 1), each = 50), .3))
#' learner <- learn_categories(category ~ x, stimuli, epochs = 20)
#' predict(learner, data.frame(x = c(0, .5, 1)), type = "prob")
#' summary(learner)
#' head(simulate(learner, nsim = 2, seed = 1))
#' @importFrom stats predict
#' @export
predict.covary_learner <- function(
  object, newdata = NULL, type = c("class", "prob", "density"),
  log = FALSE, ...
) {
  check_dots(...)
  check_learner(object)
  type <- check_choice(type, c("class", "prob", "density"), "type")
  check_flag(log, "log")
  values <- activate(object, newdata)
  if (type == "density") {
    return(if (log) values$log_density else exp(values$log_density))
  }
  if (type == "prob") {
    return(if (log) values$log_probability else exp(values$log_probability))
  }
  likeliest(object, values)
}

#' @rdname predict.covary_learner
#' @return `summary()`: a list of class `summary.covary_learner` with `confusion` (a table: true
#'   category x response), `accuracy`, `loss` (mean cross-entropy in nats), `learner`.
#' @export
summary.covary_learner <- function(object, newdata = NULL, ...) {
  check_dots(...)
  check_learner(object)
  category <- if (is.null(newdata)) object$category else new_categories(object, newdata)
  if (is.null(category)) {
    stop_covary("data", "`newdata` must have the category column for a confusion table.",
      fields = list(arg = "newdata")
    )
  }
  check_missing(is.na(category), "categories")
  confusion <- table(category = category, response = predict(object, newdata))
  log_probability <- activate(object, newdata)$log_probability
  structure(list(
    confusion = confusion, accuracy = sum(diag(confusion)) / sum(confusion),
    loss = mean(-log_probability[cbind(seq_along(category), category)]), learner = object
  ), class = "summary.covary_learner")
}

#' @rdname predict.covary_learner
#' @param nsim Number of simulated sets of responses.
#' @param seed `NULL`, or a seed for `set.seed()`; the state of the generator is then put back
#'   afterwards.
#' @return `simulate()`: a data frame with N rows and a factor of responses per simulation, drawn
#'   from the probabilities of the responses.
#' @importFrom stats simulate
#' @export
simulate.covary_learner <- function(object, nsim = 1, seed = NULL, newdata = NULL, ...) {
  check_dots(...)
  check_learner(object)
  nsim <- check_count(nsim, "nsim")
  if (!exists(".Random.seed", globalenv())) stats::runif(1)
  before <- get(".Random.seed", globalenv())
  used <- before
  if (!is.null(seed)) {
    on.exit(assign(".Random.seed", before, globalenv()))
    set.seed(seed)
    used <- structure(seed, kind = as.list(RNGkind()))
  }
  probability <- predict(object, newdata, type = "prob")
  draw <- function(i) {
    factor(
      draw_rows(probability), seq_along(object$categories),
      object$categories
    )
  }
  out <- as.data.frame(lapply(stats::setNames(seq_len(nsim), paste0("sim_", seq_len(nsim))), draw))
  structure(out, seed = used)
}

# One column index per row, with the probabilities of that row.
draw_rows <- function(probability) {
  cumulative <- probability %*% upper.tri(diag(ncol(probability)), diag = TRUE)
  below <- stats::runif(nrow(probability)) * cumulative[, ncol(probability)] > cumulative
  1L + as.integer(rowSums(below[, -ncol(probability), drop = FALSE]))
}
