#' @param p,z As in [centiles()].
#' @return `centiles()`: as for fits, a row for each of `newdata`, feature and `p`.
#' @rdname feature-scores
#' @export
centiles.covary_margins <- function(
  object, newdata = NULL, p = c(0.004, 0.02, 0.09, 0.25, 0.5, 0.75, 0.91, 0.98, 0.996), z = NULL,
  resp = NULL, exclude = NULL, re_formula = NULL, interval = prob,
  new_levels = c("error", "population", "predictive"), ..., prob = NULL
) {
  check_one_name(!missing(prob) && !missing(interval))
  check_dots(...)
  if (is.null(z)) asked_scores(p, NULL, FALSE) else asked_scores(NULL, z, missing(p))
  resp <- chart_resp(list(responses = feature_labels(object)), resp)
  x <- as_feature_reference(object, resp, FALSE)
  given <- list(exclude = exclude, re_formula = re_formula, interval = interval)
  given[[if (is.null(z)) "p" else "z"]] <- if (is.null(z)) p else z
  new_levels <- check_choice(new_levels, c("error", "population", "predictive"), "new_levels")
  shown <- newdata[setdiff(names(newdata), resp)]
  stack_frames(lapply(x$charts, function(chart) {
    do.call(centiles, c(list(chart, shown, new_levels = new_levels), given))
  }))
}

#' @rdname feature-scores
#' @export
centiles.covary_pairs <- centiles.covary_margins

#' @rdname feature-scores
#' @export
centiles.covary_feature_reference <- centiles.covary_margins

# New data with other values of features, in their columns or the columns of matrices.
put_features <- function(newdata, values) {
  for (name in names(values)) {
    if (name %in% names(newdata)) {
      newdata[[name]] <- values[[name]]
      next
    }
    wide <- Find(function(one) {
      is.matrix(newdata[[one]]) && name %in% matrix_labels(newdata[[one]], one)
    }, names(newdata))
    if (is.null(wide)) {
      newdata[[name]] <- values[[name]]
    } else {
      at <- match(name, matrix_labels(newdata[[wide]], wide))
      newdata[[wide]][, at] <- values[[name]]
    }
  }
  newdata
}

# What the columns of a matrix in a data frame are called as features.
matrix_labels <- function(v, name) {
  if (is.null(colnames(v))) paste0(name, seq_len(ncol(v))) else colnames(v)
}
