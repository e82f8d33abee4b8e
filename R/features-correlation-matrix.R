#' A joint correlation matrix of all features
#'
#' Curves of pairs that are fitted one by one need not make a positive definite matrix. This makes
#' one at any covariates, by a form that keeps its inverse useful, and says by how much the
#' correlations moved.
#'
#' @section Forms:
#' `"factor"` fits loadings of a few factors to the correlations of the pairs at each row, by
#' principal axes; the number of factors is that which predicts best. `"shrink"` is (1 - w) times
#' the pairs' matrix plus w times the correlations pooled over all covariates (drawn towards zero
#' themselves where that predicts better). Number and weights are chosen when the pairs are
#' fitted, by the joint log density of every fifth row, which is left out of a second fit for that
#' purpose. `attr(x, "scores")` has these densities. Eigenvalues are not clipped and the nearest
#' correlation matrix is not offered: both are positive definite and inflate Mahalanobis distances
#' several times over (`validation/features.R`).
#'
#' @param object Pairs of [fit_pairs()], all pairs of three or more features, or their chart
#'   ([reference()]).
#' @param newdata A data frame with the covariates of `rho`.
#' @param method `"factor"` (default) or `"shrink"`.
#' @param resp Features wanted; `NULL` for all. They are taken out of the matrix of all.
#' @param ... Not used.
#' @return With N rows and G features an N x G x G array. Attributes: `moved`, a data frame with a
#'   row for each of `newdata`: root mean square (`rms`) and largest (`max`) difference of a
#'   correlation from that of its pair, at the posterior mean of its predictor, the former in
#'   posterior standard deviations too (`rms_sd`; `NA` of a chart), and `weight` (of the pooled
#'   matrix; more than was chosen where the matrix would not be positive definite); `method`;
#'   `scores`. A row takes some 5 ms for 100 features.
#' @section Errors:
#' `covary_error_argument` where pairs of features are lacking, `covary_error_newdata`,
#' `covary_error_new_level`.
#' @seealso [fit_pairs()], [combine()].
#' @references Harman (1976, ISBN 9780226316529) on principal axes.
#' @examples
#' margins <- fit_margins(iris, names(iris)[1:4], mu = ~Species, sigma = ~Species)
#' pairs <- fit_pairs(margins, iris, rho = ~Species)
#' r <- correlation_matrix(pairs, data.frame(Species = "setosa"))
#' r[1, , ]
#' attr(r, "moved")
#' @export
correlation_matrix <- function(object, newdata, method = c("factor", "shrink"), resp = NULL, ...) {
  check_supplied(missing(newdata), "newdata", "a data frame with the covariates")
  check_dots(...)
  check_pairs_or_chart(object)
  method <- check_choice(method, c("factor", "shrink"), "method")
  correlations <- if (inherits(object, "covary_pairs")) object else object$correlations
  rule <- need_joint_rule(correlations)
  names <- joint_features(object, rule)
  at <- choose_features(names, resp)
  curves <- joint_curves(object, newdata)
  of_row <- joint_maker(correlations$pairs, rule, method)
  n <- nrow(curves$rho)
  out <- array(NA_real_, c(n, length(at), length(at)),
    dimnames = list(curves$labels, names[at], names[at])
  )
  moved <- matrix(NA_real_, n, 4, dimnames = list(NULL, c("rms", "max", "rms_sd", "weight")))
  for (i in which(!is.na(curves$rho[, 1]))) {
    joint <- of_row(curves$rho[i, ])
    moved[i, c("rms", "max", "weight")] <- joint$moved
    if (!is.null(curves$sd)) moved[i, "rms_sd"] <- sqrt(mean((joint$away / curves$sd[i, ])^2))
    out[i, , ] <- joint$matrix[at, at]
  }
  structure(out, moved = as.data.frame(moved), method = method, scores = rule$scores)
}

check_pairs_or_chart <- function(object) {
  if (inherits(object, "covary_feature_reference")) {
    check_object(object, "covary_feature_reference", "object")
  } else {
    check_pairs_object(object)
  }
}

joint_features <- function(object, rule) {
  if (inherits(object, "covary_pairs")) {
    return(colnames(object$margins$mean)[rule$features])
  }
  object$correlations$features[rule$features]
}

# Correlations of all pairs at rows, at the posterior means of their predictors: list(rho, sd (both
# rows x pairs; a chart does not know the latter), labels (of rows)).
joint_curves <- function(object, newdata) {
  if (inherits(object, "covary_feature_reference")) {
    correlations <- object$correlations
    at <- read_people(correlations, newdata)
    check_new_levels(correlations, at, newdata, character(), "error")
    rho <- tanh(pair_predictors(
      correlations, at, seq_len(at$n), seq_len(ncol(correlations$pairs)), character()
    ) / 2)
    rho[at$missing, ] <- NA
    return(list(rho = rho, labels = rownames(newdata)))
  }
  key <- rho_key(object)
  newdata <- prepare_curve_data(object$design, newdata, key)
  columns <- curve_columns(object$design, key, newdata)
  list(
    rho = tanh(curve_means(columns, object$mean) / 2),
    sd = pair_summary(object, newdata, seq_len(ncol(object$pairs)), 0.5)$summary$sd,
    labels = row_labels(object, newdata)
  )
}

# A function of the correlations of all pairs (2 x pairs numbers of features) that gives list(matrix
# (joint), away (of each pair), moved (how far)).
joint_maker <- function(pairs, rule, method) {
  places <- matrix(match(pairs, rule$features), 2)
  start <- principal_axes(rule$pooled, rule$factor)
  function(rho) {
    joint <- joint_matrix(pairs_matrix(rho, places, length(rule$features)), rule, method, start)
    away <- joint$matrix[t(places)] - rho
    list(
      matrix = joint$matrix, away = away,
      moved = c(rms = sqrt(mean(away^2)), max = max(abs(away)), weight = joint$weight)
    )
  }
}

need_joint_rule <- function(object) {
  if (is.null(object$joint)) {
    stop_covary("argument", "A joint matrix needs all pairs of three or more features, at most ",
      joint_most_pairs, ", and `joint` not FALSE in fit_pairs(); this object has ",
      ncol(object$pairs), " pairs of ", length(unique(as.vector(object$pairs))), " features.",
      fields = list(arg = "object")
    )
  }
  object$joint
}
