# What can be asked of pairs.

#' Correlations of many pairs: what can be asked of them
#'
#' Methods for the results of [fit_pairs()].
#'
#' @param object,x,fit Pairs of [fit_pairs()].
#' @param newdata A data frame with the covariates of `rho`. Levels that the data did not have are
#'   an error.
#' @param pairs The pairs wanted, in the forms that [fit_pairs()] takes; `NULL` for all.
#' @param interval,prob Probability of the central interval; default 0.95. Two names of one
#'   argument.
#' @param ... Not used.
#' @return With P pairs and N rows of `newdata`:
#' * `correlation()`: a data frame, N rows for every pair: the columns of `newdata`, `pair`
#'   (`"a:b"`), `estimate` (posterior mean), `sd`, `lower`, `upper`, `extrapolated`, as of fits.
#' * `fitted()`: N x P matrix of posterior means of the correlations.
#' * `coef()`: p x P matrix of posterior means of the coefficients, on the rhobit scale.
#' * `diagnostics()`: a data frame with a row a pair: `pair`, `n` (rows with both), `status` ("ok";
#'   else what is wrong), `converged`, `iterations`, `shift` (root mean square over the rows, in
#'   posterior standard deviations, of what a Newton step of margins and correlation together would
#'   change; "shift" above 0.5), `weight_sd` (standard deviation of the log importance weights of
#'   draws from the Gaussian; "weights" above 0.5, where their effective share is 78 %),
#'   `smoothing_ess` (effective share of the points that smoothing standard deviations are
#'   integrated by; "smoothing" below 0.05). Attribute `bin_error`: see [fit_pairs()].
#' * `summary()`: the same, with posterior means of the smoothing standard deviations.
#' * `print()` returns its argument invisibly.
#' @section Errors:
#' `covary_error_argument`, `covary_error_newdata`, `covary_error_new_level`.
#' @seealso [fit_pairs()], [fit_margins()].
#' @examples
#' margins <- fit_margins(iris, names(iris)[1:4], mu = ~Species, sigma = ~Species)
#' pairs <- fit_pairs(margins, iris, rho = ~Species)
#' correlation(pairs, data.frame(Species = "setosa"))
#' diagnostics(pairs)
#' @name pairs-class
NULL

# Places among the pairs of the object
places_of_pairs <- function(object, pairs) {
  if (is.null(pairs) || identical(pairs, "all")) {
    return(seq_len(ncol(object$pairs)))
  }
  names <- colnames(object$margins$mean)
  wanted <- match_pairs(pairs, names)
  key <- function(at) at[1, ] + length(names) * at[2, ]
  found <- match(key(wanted), key(object$pairs))
  if (anyNA(found)) {
    stop_covary("argument", "`pairs` names ",
      enumerate(pair_labels(wanted[, is.na(found), drop = FALSE], names)),
      ", which is not among the ", ncol(object$pairs), " pairs that were fitted.",
      fields = list(arg = "pairs")
    )
  }
  found
}

rho_key <- function(object) utils::tail(names(object$design$predictors), 1)

# Summaries of some pairs at new data: list(summary (normal_summary(), N x pairs), extrapolated)
pair_summary <- function(object, newdata, at, interval) {
  key <- rho_key(object)
  columns <- curve_columns(object$design, key, newdata)
  inverse <- dpar_of(object$design$predictors[[key]])$link$inverse
  list(
    summary = normal_summary(
      inverse, curve_means(columns, object$mean[, at, drop = FALSE]),
      curve_variances(columns, object$cov[, at, drop = FALSE]), interval
    ),
    extrapolated = columns$extrapolated
  )
}

#' @rdname pairs-class
#' @export
correlation.covary_pairs <- function(
  object, newdata, pairs = NULL, interval = prob, ..., prob = 0.95
) {
  check_supplied(missing(newdata), "newdata", "a data frame with the covariates")
  check_one_name(!missing(prob) && !missing(interval))
  check_dots(...)
  check_pairs_object(object)
  check_interval(interval, "prob")
  at <- places_of_pairs(object, pairs)
  newdata <- prepare_curve_data(object$design, newdata, rho_key(object))
  columns <- newdata_columns(object, newdata, "pair")
  curves <- pair_summary(object, newdata, at, interval)
  n <- nrow(newdata)
  values <- lapply(curves$summary, as.vector)
  out <- c(
    lapply(columns, function(v) take_rows(v, rep(seq_len(n), length(at)))),
    list(pair = rep(colnames(object$mean)[at], each = n)), values,
    list(extrapolated = ifelse(is.na(values$estimate), NA, rep(curves$extrapolated, length(at))))
  )
  unchecked_frame(out, n * length(at))
}

#' @rdname pairs-class
#' @export
fitted.covary_pairs <- function(object, newdata, pairs = NULL, ...) {
  check_dots(...)
  check_pairs_object(object)
  at <- places_of_pairs(object, pairs)
  newdata <- prepare_curve_data(object$design, newdata, rho_key(object))
  out <- pair_summary(object, newdata, at, 0.5)$summary$estimate
  dimnames(out) <- list(row_labels(object, newdata), colnames(object$mean)[at])
  out
}

#' @rdname pairs-class
#' @export
coef.covary_pairs <- function(object, pairs = NULL, ...) {
  check_dots(...)
  check_pairs_object(object)
  object$mean[, places_of_pairs(object, pairs), drop = FALSE]
}

#' @rdname pairs-class
#' @export
diagnostics.covary_pairs <- function(fit, ...) {
  check_dots(...)
  check_pairs_object(fit, "fit")$diagnostics
}

#' @rdname pairs-class
#' @export
summary.covary_pairs <- function(object, ...) {
  check_dots(...)
  check_pairs_object(object)
  cbind(object$diagnostics, as.data.frame(t(object$sds), row.names = FALSE, optional = TRUE))
}

#' @rdname pairs-class
#' @export
print.covary_pairs <- function(x, ...) {
  check_dots(...)
  check_pairs_object(x, "x")
  found <- x$diagnostics
  number <- function(v) format(v, big.mark = ",", scientific = FALSE, trim = TRUE)
  used <- length(unique(as.vector(x$pairs)))
  cat("Correlations of ", number(nrow(found)), " pairs of ", used, " features, rho ",
    deparse1(x$formula), "\n",
    sep = ""
  )
  cat("Data:    ", number(x$rows), " rows; ",
    paste(unique(number(range(found$n))), collapse = " to "), " with both features of a pair\n",
    "Result:  ", nrow(x$mean), " coefficients a pair; ",
    format(utils::object.size(x), units = "auto"), ", no rows\n",
    sep = ""
  )
  ok <- found$status == "ok"
  bad <- table(found$status[!ok])
  cat("Verdict: ", if (all(ok)) {
    "all converged and trusted"
  } else {
    paste0(
      sum(ok), " ok, ", paste(bad, names(bad), collapse = ", "), ": ",
      enumerate(found$pair[!ok], quote = FALSE), "; see diagnostics()"
    )
  }, "\n", sep = "")
  worst <- function(v) format(suppressWarnings(max(v, na.rm = TRUE)), digits = 2)
  cat("         at most ", worst(found$shift), " posterior sds by a joint step, ",
    format(attr(found, "bin_error"), digits = 2), " by bins\n",
    sep = ""
  )
  invisible(x)
}
