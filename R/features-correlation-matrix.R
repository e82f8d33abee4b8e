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
#' @param object Pairs of [fit_pairs()], all pairs of three or more features.
#' @param newdata A data frame with the covariates of `rho`.
#' @param method `"factor"` (default) or `"shrink"`.
#' @param resp Features wanted; `NULL` for all. They are taken out of the matrix of all.
#' @param ... Not used.
#' @return With N rows and G features an N x G x G array. Attributes: `moved`, a data frame with a
#'   row for each of `newdata`: root mean square (`rms`) and largest (`max`) difference of a
#'   correlation from that of its pair, the former in posterior standard deviations too (`rms_sd`),
#'   and `weight` (of the pooled matrix; more than was chosen where the matrix would not be positive
#'   definite); `method`; `scores`. A row takes some 5 ms for 100 features.
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
  check_dots(...)
  check_pairs_object(object)
  method <- check_choice(method, c("factor", "shrink"), "method")
  rule <- need_joint_rule(object)
  names <- colnames(object$margins$mean)[rule$features]
  at <- choose_features(names, resp)
  newdata <- prepare_curve_data(object$design, newdata, rho_key(object))
  curves <- pair_summary(object, newdata, seq_len(ncol(object$pairs)), 0.5)$summary
  size <- length(names)
  start <- principal_axes(rule$pooled, rule$factor)
  places <- matrix(match(object$pairs, rule$features), 2)
  n <- nrow(newdata)
  out <- array(NA_real_, c(n, length(at), length(at)),
    dimnames = list(row_labels(object, newdata), names[at], names[at])
  )
  moved <- matrix(NA_real_, n, 4, dimnames = list(NULL, c("rms", "max", "rms_sd", "weight")))
  for (i in which(!is.na(curves$estimate[, 1]))) {
    joint <- joint_matrix(pairs_matrix(curves$estimate[i, ], places, size), rule, method, start)
    away <- joint$matrix[t(places)] - curves$estimate[i, ]
    moved[i, ] <- c(
      sqrt(mean(away^2)), max(abs(away)), sqrt(mean((away / curves$sd[i, ])^2)), joint$weight
    )
    out[i, , ] <- joint$matrix[at, at]
  }
  structure(out, moved = as.data.frame(moved), method = method, scores = rule$scores)
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
