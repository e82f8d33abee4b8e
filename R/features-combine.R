#' Weighted sums of features
#'
#' Mean and standard deviation of weighted sums of many features at given covariates, with their
#' correlations: the mean of a region, a contrast of two, a smoothing kernel, a mode mapped back to
#' its vertices; and where the features of a person are there, his or her value and z score.
#'
#' @param object Pairs of [fit_pairs()].
#' @param weights A named vector with a weight a feature, or a matrix with a row a feature and a
#'   column a sum, both with names. Features that are not named have weight zero.
#' @param newdata A data frame with the covariates, and the features where values are wanted.
#' @param method How the correlations are made positive definite, as in [correlation_matrix()]. Not
#'   used for sums of two features, whose pair says all.
#' @param ... Not used.
#' @return A data frame, N rows for every sum: the columns of `newdata` but for features, `resp`
#'   (name of the sum), `mean` and `sd` of the sum, `value` (of the row; `NA` where a feature with a
#'   weight is not there) and `z`. Mean and standard deviation are at the posterior means of the
#'   curves. Attribute `moved`: see [correlation_matrix()], for distinct covariates of `rho`.
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
  check_dots(...)
  check_pairs_object(object)
  method <- check_choice(method, c("factor", "shrink"), "method")
  names <- colnames(object$margins$mean)
  weights <- read_weights_of_features(weights, names)
  used <- rownames(weights)
  mean <- stats::fitted(object$margins, newdata, resp = used)
  sd <- stats::sigma(object$margins, newdata, resp = used)
  joint <- joint_of(object, newdata, used, method)
  values <- feature_values(newdata, used)
  shown <- newdata[setdiff(names(newdata), names)]
  columns <- newdata_columns(object, shown, c("resp", "mean", "value", "z"))
  parts <- lapply(colnames(weights), function(sum) {
    w <- weights[, sum]
    spread <- sd * rep(w, each = nrow(sd))
    variance <- vapply(seq_len(nrow(sd)), function(i) {
      r <- joint$matrix[joint$index[i], , ]
      sum(spread[i, ] * (r %*% spread[i, ]))
    }, 0)
    # What has no weight may be missing.
    value <- drop(values[, w != 0, drop = FALSE] %*% w[w != 0])
    centre <- drop(mean %*% w)
    unchecked_frame(list(
      resp = rep(sum, nrow(sd)), mean = unname(centre), sd = sqrt(variance), value = unname(value),
      z = unname(value - centre) / sqrt(variance)
    ))
  })
  structure(join_parts(columns, parts), moved = joint$moved)
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

# Correlations of some features at new data, once for distinct covariates of rho: list(matrix
# (distinct x features x features), index (by row), moved)
joint_of <- function(object, newdata, used, method) {
  key <- rho_key(object)
  data <- prepare_curve_data(object$design, newdata, key)
  variables <- intersect(predictor_variables(object$design$predictors[key]), names(data))
  id <- combine_codes(covariate_codes(as.list(data[variables])), nrow(data))
  first <- which(!duplicated(id))
  distinct <- data[first, , drop = FALSE]
  if (length(used) > 2) {
    r <- correlation_matrix(object, distinct, method, resp = used)
    return(list(matrix = r, index = id, moved = attr(r, "moved")))
  }
  matrix <- array(1, c(length(first), length(used), length(used)))
  if (length(used) == 2) {
    matrix[, 1, 2] <- matrix[, 2, 1] <- stats::fitted(object, distinct, rbind(used))
  }
  list(matrix = matrix, index = id, moved = NULL)
}

# N x features; NA where newdata have no such column
feature_values <- function(newdata, used) {
  columns <- lapply(used, function(name) {
    v <- newdata[[name]]
    if (is.null(v)) rep(NA_real_, nrow(newdata)) else as.double(v)
  })
  matrix(unlist(columns), nrow(newdata))
}
