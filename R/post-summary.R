#' Summary of the posterior
#'
#' @param object A fit of [covary()].
#' @param prob Probability of the central interval; default 0.95.
#' @param x A summary.
#' @param digits Significant digits; default 3.
#' @param ... Not used.
#' @return An object of class `summary.covary`: a list with the data frames `coefficients`
#'   (unpenalised coefficients) and `sds` (standard deviations of smooths and random effects), both
#'   with a row a parameter and the columns `mean`, `sd`, `2.5%`, `50%`, `97.5%` (quantiles of the
#'   draws) and `mcse` (Monte Carlo standard error of the mean, from the effective number of draws
#'   after importance resampling), `margins` (the same of parameters of [margins] that were
#'   estimated), and with `diagnostics` (see [diagnostics()]), `call`,
#'   `algorithm`.
#' @section Errors:
#' `covary_error_argument`.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ s(wt, k = 5), data = mtcars, draws = 500)
#' summary(fit)
#' summary(fit)$sds
#' @export
summary.covary <- function(object, prob = 0.95, ...) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  probs <- sort(c(tail_probs(prob), 0.5))
  sds <- object$priors$class == "sds"
  tables <- lapply(
    list(coefficients = !sds, sds = sds),
    function(on) summary_table(object, object$priors$name[on], probs)
  )
  structure(c(
    object[c("call", "algorithm", "responses", "pairs", "n_cells", "info")], tables,
    list(
      margins = summary_table(object, margin_draw_names(object), probs),
      margin_lines = margin_lines(object),
      design = object$design["predictors"], frame = frame_counts(object$frame),
      diagnostics = diagnostics(object)
    )
  ), class = "summary.covary")
}

summary_table <- function(fit, names, probs) {
  draws <- unclass(fit$draws)[, names, drop = FALSE]
  sd <- column_sds(draws)
  quantiles <- column_quantiles(draws, probs)
  colnames(quantiles) <- percent_names(probs)
  data.frame(
    mean = colMeans(draws), sd = sd, quantiles, mcse = sd / sqrt(effective_draws(fit)),
    row.names = names, check.names = FALSE
  )
}

# Draws are independent; importance weights lower their effective number, and so do chains.
effective_draws <- function(fit) {
  ess <- if (is.null(fit$info$ess)) fit$info$importance_ess else fit$info$ess
  dependent <- isTRUE(fit$info$resampled) || !is.null(fit$info$ess)
  if (dependent && length(ess) == 1 && is.finite(ess)) {
    min(ess, nrow(fit$draws))
  } else {
    nrow(fit$draws)
  }
}

#' @rdname summary.covary
#' @export
print.summary.covary <- function(x, digits = 3, ...) {
  check_dots(...)
  check_number(digits, "digits", 1, 22, whole = TRUE)
  print_head(x, x$diagnostics$draws)
  means <- stats::setNames(x$coefficients$mean, rownames(x$coefficients))
  sds <- stats::setNames(x$coefficients$sd, names(means))
  shown <- coefficient_triangles(x, means, sds)
  other <- !names(means) %in% shown$names
  print_table("Coefficients", x$coefficients[other, , drop = FALSE], digits)
  print_triangles(shown$tables, digits)
  print_table("Standard deviations of smooths and random effects", x$sds, digits)
  print_table("Parameters of margins", x$margins, digits)
  elbo <- x$info$elbo
  if (length(elbo) && !is.na(elbo)) cat("\nELBO ", format(elbo, digits = 7), "\n", sep = "")
  invisible(x)
}

print_table <- function(title, table, digits) {
  if (nrow(table) == 0) {
    return()
  }
  cat("\n", title, ":\n", sep = "")
  print(as.matrix(signif(table, digits)), digits = digits)
}
