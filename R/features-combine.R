#' Weighted sums of features
#'
#' Mean and standard deviation of weighted sums of many features at given covariates, with their
#' correlations: the mean of a region, a contrast of two, a smoothing kernel, a mode mapped back to
#' its vertices; and where the features of a person are there, his or her value and z score.
#'
#' @param object Pairs of [fit_pairs()], or their chart ([reference()]).
#' @param weights A named vector with a weight a feature, or a matrix with a row a feature and a
#'   column a sum, both with names. Features that are not named have weight zero.
#' @param newdata A data frame with the covariates, and the features where values are wanted.
#' @param method How the correlations are made positive definite, as in [correlation_matrix()]. Not
#'   used for sums of two features, whose pair says all.
#' @param ... Not used.
#' @return A data frame, N rows for every sum: the columns of `newdata` but for features, `resp`
#'   (name of the sum), `mean` and `sd` of the sum, `value` (of the row; `NA` where a feature with a
#'   weight is not there) and `z`. Curves are those of the chart, at the
#'   posterior means of the predictors, so a sum of one feature has the z of [deviations()].
#'   Attribute `moved`: see [correlation_matrix()], for distinct covariates of `rho`.
#' @section Errors:
#' `covary_error_argument`, `covary_error_newdata`, `covary_error_new_level`.
#' @seealso [fit_pairs()], [correlation_matrix()].
#' @examples
#' margins <- fit_margins(iris, names(iris)[1:4], mu = ~Species, sigma = ~Species)
#' pairs <- fit_pairs(margins, iris, rho = ~Species)
#' combine(pairs, c(Sepal.Length = 0.5, Petal.Length = 0.5), iris[c(1, 51, 101), ])
#' @export
combine <- function(object, ...) UseMethod("combine")

#' @export
combine.default <- function(object, ...) {
  stop_no_method(object, "combine()", "pairs of fit_pairs()", "object")
}

#' @rdname combine
#' @export
combine.covary_pairs <- function(
  object, weights, newdata, method = c("factor", "shrink"), ...
) {
  check_supplied(missing(weights), "weights", "a named vector with a weight a response")
  check_supplied(missing(newdata), "newdata", "a data frame with the covariates")
  check_dots(...)
  method <- check_choice(method, c("factor", "shrink"), "method")
  names <- feature_labels(object)
  weights <- read_weights_of_features(weights, names)
  used <- rownames(weights)
  x <- as_feature_reference(object, used)
  if (!is.data.frame(newdata)) check_chart_columns(character(), newdata)
  curves <- feature_curves(x, newdata)
  joint <- sums_correlations(x, newdata, used, method)
  values <- feature_values(newdata, used)
  shown <- newdata[setdiff(names(newdata), names)]
  columns <- people_columns(shown, c("resp", "mean", "sd", "value", "z"))
  n <- nrow(newdata)
  parts <- lapply(colnames(weights), function(sum) {
    w <- weights[, sum]
    spread <- curves$sd * rep(w, each = n)
    variance <- rep(NA_real_, n)
    for (i in seq_along(joint$matrices)) {
      rows <- which(joint$index == i)
      some <- spread[rows, , drop = FALSE]
      variance[rows] <- rowSums(some %*% joint$matrices[[i]] * some)
    }
    # What has no weight may be missing.
    value <- drop(values[, w != 0, drop = FALSE] %*% w[w != 0])
    centre <- drop(curves$mean %*% w)
    list(
      resp = rep(sum, n), mean = centre, sd = sqrt(variance), value = value,
      z = (value - centre) / sqrt(variance)
    )
  })
  out <- c(lapply(columns, repeat_column, length(parts)), bind_parts(parts))
  structure(unchecked_frame(out, n * length(parts)), moved = joint$moved)
}

#' @rdname combine
#' @export
combine.covary_feature_reference <- combine.covary_pairs

# Of features at people: list(mean, sd), n x features
feature_curves <- function(x, newdata) {
  of <- function(dpar, f) {
    out <- vapply(names(x$charts), function(name) {
      chart <- x$charts[[name]]
      at <- read_people(chart, newdata)
      check_new_levels(chart, at, newdata, character(), "error")
      key <- predictor_key(dpar, name)
      out <- f(tables_at(chart$predictors[[key]]$tables, at$columns, at$n))
      replace(out, at$missing, NA)
    }, numeric(nrow(newdata)))
    matrix(out, nrow(newdata), length(x$charts))
  }
  list(mean = of("mu", identity), sd = of("sigma", exp))
}

# Correlations of features at people: list(index (n), matrices (of distinct rows), moved)
sums_correlations <- function(x, newdata, used, method) {
  if (length(used) == 1) {
    return(list(index = rep(1, nrow(newdata)), matrices = list(matrix(1)), moved = NULL))
  }
  need_correlations(x$correlations, used, "weights")
  rule <- correlation_rule(x, newdata, used, method)
  found <- lapply(seq_len(max(rule$index, 0, na.rm = TRUE)), rule$at)
  moved <- do.call(rbind, lapply(found, `[[`, "moved"))
  list(
    index = rule$index, matrices = lapply(found, `[[`, "matrix"),
    moved = if (!is.null(moved)) as.data.frame(moved)
  )
}

# A matrix of weights with a row a feature that has any
read_weights_of_features <- function(weights, names) {
  if (is.numeric(weights) && is.null(dim(weights))) {
    weights <- matrix(weights, dimnames = list(base::names(weights), "sum"))
  }
  known <- is.numeric(weights) && is.matrix(weights) && !is.null(rownames(weights)) &&
    all(is.finite(weights)) && !anyDuplicated(rownames(weights))
  if (!known || !all(rownames(weights) %in% names)) {
    stop_covary("argument", "`weights` must be finite numbers with names of features, a vector or ",
      "a matrix with a column a sum, not ", describe(weights),
      if (known) paste0("; ", enumerate(setdiff(rownames(weights), names)), " is no feature"), ".",
      fields = list(arg = "weights")
    )
  }
  if (is.null(colnames(weights))) {
    colnames(weights) <- paste0("sum", seq_len(ncol(weights)))
  }
  some <- rowSums(weights != 0) > 0
  if (!any(some)) {
    stop_covary("argument", "`weights` are all zero.", fields = list(arg = "weights"))
  }
  weights[some, , drop = FALSE]
}

# N x features; NA where newdata have no such column
feature_values <- function(newdata, used) {
  newdata <- without_matrices(newdata)
  columns <- lapply(used, function(name) {
    v <- newdata[[name]]
    if (is.null(v)) rep(NA_real_, nrow(newdata)) else as.double(v)
  })
  matrix(as.double(unlist(columns)), nrow(newdata), length(used))
}
