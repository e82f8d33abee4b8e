# How a learner and its summary print.

#' @rdname learn_categories
#' @export
print.covary_learner <- function(x, digits = 3, ...) {
  check_dots(...)
  check_learner(x, "x")
  cat(
    "Category learner:", length(x$categories), "categories,", length(x$dimensions), "dimensions,",
    nrow(x$trials), "trials\n"
  )
  cat("  scale ", x$plan$scale, ", activation ", x$plan$activation, ", momentum ",
    format(x$plan$momentum), "\n",
    sep = ""
  )
  cat("  rates: ", paste(names(x$plan$rates), vapply(x$plan$rates, format, ""), collapse = ", "),
    "\n",
    sep = ""
  )
  if (length(x$plan$freeze)) cat("  frozen:", paste(x$plan$freeze, collapse = ", "), "\n")
  if (nrow(x$starts) > 1) cat("  best of", nrow(x$starts), "starting points\n")
  cat(learner_notes(x), sep = "")
  cat("\nMeans:\n")
  print(coef(x)$mean, digits = digits)
  cat("\nStandard deviations:\n")
  print(t(apply_categories(coef(x)$covariance, function(s) sqrt(diag(s)), x)), digits = digits)
  invisible(x)
}

apply_categories <- function(covariance, f, learner) {
  out <- vapply(
    seq_along(learner$categories),
    function(g) f(matrix(covariance[, , g], nrow(covariance))),
    numeric(length(learner$dimensions))
  )
  matrix(out,
    ncol = length(learner$categories),
    dimnames = list(learner$dimensions, learner$categories)
  )
}

# Lines on what did not go as planned; empty after an ordinary run.
learner_notes <- function(learner) {
  c(
    if (!is.null(learner$failed)) {
      paste0(
        "  failed at trial ", learner$failed$trial, ": the covariance of category '",
        learner$failed$category, "' became singular\n"
      )
    },
    if (learner$interrupted) "  interrupted before the last trial\n",
    if (any(learner$held > 0)) {
      paste0(
        "  cut short at a limit: ",
        paste(learner$held, "steps of the", names(learner$held), collapse = ", "), "\n"
      )
    },
    if (learner$silent > 0) paste0("  trials without any activation: ", learner$silent, "\n")
  )
}

#' @export
print.summary.covary_learner <- function(x, digits = 3, ...) {
  check_dots(...)
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
