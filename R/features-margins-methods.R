# What can be asked of margins.

#' Margins of many features: what can be asked of them
#'
#' Methods for the results of [fit_margins()].
#'
#' @param object,x,fit Margins of [fit_margins()].
#' @param newdata A data frame with the covariates. Levels that the data did not have are an error.
#' @param resp Names of features; `NULL` for all. `vcov()` takes one; `plot()` at most six by
#'   default.
#' @param dpar `"mu"`, `"sigma"` or both.
#' @param interval,prob Probability of the central interval; default 0.95. Two names of one
#'   argument.
#' @param ... Not used; of `plot()`, arguments of [graphics::plot.default()].
#' @return With G features, d coefficients a feature and N rows of `newdata`:
#' * `coef()`: d x G matrix of posterior means; `vcov()`: d x d posterior covariance of one feature.
#' * `predict()`: a data frame, N rows for every feature and parameter: the columns of `newdata`,
#'   `dpar`, `resp`, `estimate` (posterior mean), `sd`, `lower`, `upper`, `extrapolated`, as in
#'   [predict.covary()], from the Gaussian of the coefficients.
#' * `fitted()` and `sigma()`: N x G matrices of posterior means of the mean and of the standard
#'   deviation; `newdata` must be given, as margins hold no rows.
#' * `diagnostics()` and `summary()`: a data frame with a row a feature: `resp`, `n` (rows used),
#'   `missing`, `status` ("ok", or what is wrong), `khat_smoothing`, `khat_coefficients`,
#'   `log_evidence`, `certificate` (shift by compression, in posterior sds; see [diagnostics()]),
#'   `seconds`, `warning`; `summary()` has posterior means of the smoothing standard deviations
#'   too.
#' * `print()` and `plot()` return their argument, or the data of the picture, invisibly.
#' @section Errors:
#' `covary_error_argument`, `covary_error_newdata`, `covary_error_new_level`.
#' @seealso [fit_margins()], [fit_pairs()].
#' @examples
#' margins <- fit_margins(iris, names(iris)[1:4], mu = ~Species, sigma = ~Species)
#' coef(margins)
#' sigma(margins, data.frame(Species = c("setosa", "virginica")))
#' diagnostics(margins)
#' @name margins-class
NULL

# Numbers of features by name
choose_features <- function(known, resp) {
  resp <- check_names(resp, "resp")
  if (is.null(resp)) {
    return(seq_along(known))
  }
  at <- match(resp, known)
  if (anyNA(at) || anyDuplicated(at)) {
    stop_covary("argument", "`resp` must name features, each once; ",
      enumerate(if (anyNA(at)) resp[is.na(at)] else resp[duplicated(at)]), " is ",
      if (anyNA(at)) "none" else "there twice", " of ", enumerate(known, most = 12), ".",
      fields = list(arg = "resp")
    )
  }
  at
}

margin_key <- function(dpar) vapply(dpar, predictor_key, "", feature_label, USE.NAMES = FALSE)

#' @rdname margins-class
#' @export
print.covary_margins <- function(x, ...) {
  check_dots(...)
  check_margins(x, "x")
  found <- x$diagnostics
  cat("Margins of ", nrow(found), " features: ", enumerate(found$resp, quote = FALSE), "\n\n",
    sep = ""
  )
  lines <- predictor_lines(x$design$predictors, feature_label)
  lines <- sub(feature_label, ".", lines, fixed = TRUE)
  cat(paste0("  ", lines, "\n"), sep = "")
  rows <- format(range(found$n), big.mark = ",", scientific = FALSE, trim = TRUE)
  cat("\nData:         ", format(x$rows, big.mark = ",", scientific = FALSE), " rows; ",
    paste(unique(rows), collapse = " to "), " a feature\n",
    sep = ""
  )
  cat("Coefficients: ", nrow(x$mean), " a feature; ",
    format(utils::object.size(x), units = "auto"), ", no rows\n",
    sep = ""
  )
  cat("Verdict:      ", margin_verdict(found), "\n", sep = "")
  invisible(x)
}

margin_verdict <- function(found) {
  ok <- sum(found$status == "ok")
  if (ok == nrow(found)) {
    return("all converged and trusted")
  }
  bad <- found[found$status != "ok", ]
  paste0(
    ok, " of ", nrow(found), " ok; ", enumerate(bad$resp, quote = FALSE), ": ",
    paste(unique(sub(":.*", "", bad$status)), collapse = ", "), "; see diagnostics()"
  )
}

#' @rdname margins-class
#' @export
diagnostics.covary_margins <- function(fit, ...) {
  check_dots(...)
  check_margins(fit, "fit")$diagnostics
}

#' @rdname margins-class
#' @export
summary.covary_margins <- function(object, ...) {
  check_dots(...)
  check_margins(object)
  cbind(object$diagnostics, as.data.frame(t(object$sds), row.names = FALSE, optional = TRUE))
}

#' @rdname margins-class
#' @importFrom stats coef
#' @export
coef.covary_margins <- function(object, resp = NULL, ...) {
  check_dots(...)
  check_margins(object)
  object$mean[, choose_features(colnames(object$mean), resp), drop = FALSE]
}

#' @rdname margins-class
#' @importFrom stats vcov
#' @export
vcov.covary_margins <- function(object, resp = NULL, ...) {
  check_dots(...)
  check_margins(object)
  at <- choose_features(colnames(object$mean), resp)
  if (length(at) != 1) {
    stop_covary("argument", "`resp` must name one feature; margins have a covariance each.",
      fields = list(arg = "resp")
    )
  }
  d <- nrow(object$mean)
  names <- rownames(object$mean)
  structure(symmetric_matrix(object$cov[, at], d), dimnames = list(names, names))
}

#' @rdname margins-class
#' @export
predict.covary_margins <- function(
  object, newdata, dpar = c("mu", "sigma"), resp = NULL, interval = prob, ..., prob = 0.95
) {
  check_supplied(missing(newdata), "newdata", "a data frame with the covariates")
  check_one_name(!missing(prob) && !missing(interval))
  check_dots(...)
  check_margins(object)
  check_interval(interval, "prob")
  at <- choose_features(colnames(object$mean), resp)
  for (one in dpar) check_choice(one, c("mu", "sigma"), "dpar")
  keys <- margin_key(unique(dpar))
  newdata <- prepare_curve_data(object$design, newdata, keys)
  columns <- newdata_columns(object, newdata, c("dpar", "resp"))
  parts <- lapply(keys, function(key) {
    curves <- margin_summary(object, key, newdata, at, interval)
    lapply(seq_along(at), function(j) {
      n <- nrow(newdata)
      cbind(
        unchecked_frame(list(
          dpar = rep(object$design$predictors[[key]]$dpar, n),
          resp = rep(colnames(object$mean)[at[j]], n)
        ), n),
        as.data.frame(lapply(curves$summary, function(v) v[, j])),
        extrapolated = ifelse(is.na(curves$summary$estimate[, j]), NA, curves$extrapolated)
      )
    })
  })
  join_parts(columns, unlist(parts, recursive = FALSE))
}

# Summaries of one predictor of some features: list(summary (normal_summary(), N x features),
# extrapolated)
margin_summary <- function(object, key, newdata, features, interval) {
  columns <- curve_columns(object$design, key, newdata)
  mine <- places_of(object$design, key)
  places <- triangle_places(nrow(object$mean), mine)
  inverse <- dpar_of(object$design$predictors[[key]])$link$inverse
  list(
    summary = normal_summary(
      inverse, curve_means(columns, object$mean[mine, features, drop = FALSE]),
      curve_variances(columns, object$cov[places, features, drop = FALSE]), interval
    ),
    extrapolated = columns$extrapolated
  )
}

#' @rdname margins-class
#' @export
fitted.covary_margins <- function(object, newdata, dpar = "mu", resp = NULL, ...) {
  check_supplied(missing(newdata), "newdata", "a data frame with the covariates")
  check_dots(...)
  check_margins(object)
  at <- choose_features(colnames(object$mean), resp)
  key <- margin_key(check_choice(dpar, c("mu", "sigma"), "dpar"))
  newdata <- prepare_curve_data(object$design, newdata, key)
  out <- margin_summary(object, key, newdata, at, 0.5)$summary$estimate
  dimnames(out) <- list(row_labels(object, newdata), colnames(object$mean)[at])
  out
}

#' @rdname margins-class
#' @export
sigma.covary_margins <- function(object, newdata, resp = NULL, ...) {
  check_supplied(missing(newdata), "newdata", "a data frame with the covariates")
  check_dots(...)
  stats::fitted(object, newdata, dpar = "sigma", resp = resp)
}
