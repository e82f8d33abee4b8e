# What a learner says about stimuli: densities, probabilities, classes, confusion, simulated
# responses.

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

likeliest <- function(learner, values) {
  factor(learner$categories[max.col(values$log_probability, "first")], learner$categories)
}

# Log densities and log probabilities, each N x G.
activate <- function(learner, newdata = NULL) {
  x <- if (is.null(newdata)) learner$x else new_stimuli(learner, newdata)
  values <- .Call(C_learner_activate, learner$settings, t(x), learner$parameter)
  g <- learner$categories
  shape <- function(v) matrix(v, nrow(x), length(g), byrow = TRUE, dimnames = list(NULL, g))
  lapply(values, shape)
}

new_stimuli <- function(learner, newdata) {
  if (is.matrix(newdata)) {
    return(check_range(named_matrix(learner, newdata)))
  }
  if (!is.data.frame(newdata)) {
    stop_covary("data", "`newdata` must be a data frame or a matrix, not ", describe(newdata), ".",
      fields = list(arg = "newdata")
    )
  }
  if (isTRUE(learner$tied)) {
    stop_covary("data",
      "New stimuli must mean the same without those of the run; a dimension of this learner",
      " depends on the other rows, as x / max(x) does. Make it a column of the data before learning.",
      fields = list(arg = "newdata")
    )
  }
  absent <- setdiff(learner$columns, names(newdata))
  if (length(absent)) {
    stop_covary("dimension", "`newdata` must have the columns ", enumerate(learner$columns), "; ",
      enumerate(absent),
      " is missing.",
      fields = list(arg = "newdata", column = absent)
    )
  }
  new_categories(learner, newdata)
  if (nrow(newdata) == 0) {
    return(matrix(0, 0, length(learner$dimensions), dimnames = list(NULL, learner$dimensions)))
  }
  # a single row may lose the shape of its terms
  rows <- if (nrow(newdata) == 1) c(1L, 1L) else seq_len(nrow(newdata))
  terms <- stats::delete.response(learner$terms)
  frame <- retype(
    stats::model.frame(terms, newdata[rows, , drop = FALSE],
      na.action = stats::na.pass
    ), "data", "The dimensions cannot be evaluated in `newdata`: ",
    fields = list(arg = "newdata")
  )
  check_range(named_matrix(learner, stimulus_matrix(frame)[seq_len(nrow(newdata)), , drop = FALSE]))
}

named_matrix <- function(learner, x) {
  if (!is.numeric(x) || ncol(x) != length(learner$dimensions)) {
    stop_covary("dimension", "`newdata` must be numeric with ", length(learner$dimensions),
      " dimensions, not ",
      ncol(x), ".",
      fields = list(
        arg = "newdata", expected = length(learner$dimensions),
        found = ncol(x)
      )
    )
  }
  if (!is.null(colnames(x))) {
    x <- x[, match(learner$dimensions, check_names_of(x, learner$dimensions)), drop = FALSE]
  }
  storage.mode(x) <- "double"
  dimnames(x) <- list(NULL, learner$dimensions)
  x
}

check_names_of <- function(x, dimensions) {
  if (setequal(colnames(x), dimensions) && !anyDuplicated(colnames(x))) {
    return(colnames(x))
  }
  stop_covary("dimension",
    "Columns of a matrix of stimuli must have no names or those of the dimensions, ",
    enumerate(dimensions), ", not ", enumerate(colnames(x)), ".",
    fields = list(arg = "newdata", expected = dimensions, found = colnames(x))
  )
}

# The categories of new data, or NULL when it has none.
new_categories <- function(learner, newdata) {
  response <- attr(learner$terms, "variables")[[2]]
  if (!is.data.frame(newdata) || !all(all.vars(response) %in% names(newdata))) {
    return(NULL)
  }
  category <- as.character(eval(response, newdata, environment(learner$terms)))
  unknown <- setdiff(category, c(learner$categories, NA))
  if (length(unknown)) {
    stop_covary("unknown_category", "Categories of `newdata` must be among ",
      enumerate(learner$categories),
      "; found ", enumerate(unknown), ".",
      fields = list(arg = "newdata", category = unknown)
    )
  }
  factor(category, learner$categories)
}

accuracy <- function(learner) {
  mean(likeliest(learner, activate(learner)) == learner$category)
}

mean_loss <- function(learner) {
  mean(-activate(learner)$log_probability[cbind(seq_along(learner$category), learner$category)])
}

#' @rdname predict.covary_learner
#' @return `summary()`: a list of class `summary.covary_learner` with `confusion` (a table: true
#'   category x response), `accuracy`, `loss` (mean cross-entropy in nats), `learner`.
#' @export
summary.covary_learner <- function(object, newdata = NULL, ...) {
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

#' @export
print.summary.covary_learner <- function(x, digits = 3, ...) {
  print(x$learner, digits = digits)
  cat("\nResponses after learning:\n")
  print(x$confusion)
  cat("\naccuracy ", format(x$accuracy, digits = digits), ", mean cross-entropy ",
    format(x$loss, digits = digits),
    "\n",
    sep = ""
  )
  invisible(x)
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
