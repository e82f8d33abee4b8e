#' Where people stand on many features
#'
#' [deviations()], [centiles()], [harmonise()] and [evaluate()] for margins of [fit_margins()],
#' pairs of [fit_pairs()], and charts of them ([reference()]): all features in one call.
#'
#' Each feature has a chart of its own, made of its margin when it is first asked for; scores are
#' those of a fit of that feature alone. Features are taken together by the correlations of pairs:
#' two by those of their pair, more by the positive definite matrix of [correlation_matrix()], at
#' the posterior means of all predictors. Joint rows have the Mahalanobis distance by that matrix
#' over the features that a person has; conditional rows the z given other features by it.
#'
#' @param object Margins, pairs, or a chart of features.
#' @param newdata Data frame with covariates and features, which may be columns of matrices.
#' @param given,uncertainty,interval,prob,new_levels,exclude,re_formula As in [deviations()].
#'   `uncertainty = "posterior"` is for features one by one: it knows no conditional rows.
#' @param resp Names of features; `NULL` (default) for all.
#' @param joint `TRUE` for joint rows; `NULL` (default) is `TRUE` where the correlations are there:
#'   of two features whose pair was fitted, of more where [correlation_matrix()] can be had. A row
#'   of 100 features takes some milliseconds, once for people with the same covariates of `rho`.
#' @param method How the matrix is made, as in [correlation_matrix()].
#' @param wide `TRUE` for a row a person, as in [deviations()].
#' @param ... Not used.
#' @return `deviations()`: as for fits, a row a person and feature, but for columns of `newdata`
#'   that are features: these have their values in `value`. Rows of all together have `resp`
#'   `"a:b:c"`, or `"5 features"` from five on.
#' @section Errors:
#' Those of [deviations()], and `covary_error_argument` where correlations are asked for that were
#' not fitted.
#' @seealso [feature_chart()] for the chart of one or two features, [combine()] for weighted sums.
#' @examples
#' margins <- fit_margins(iris, names(iris)[1:4], mu = ~Species, sigma = ~Species)
#' pairs <- fit_pairs(margins, iris, rho = ~Species)
#' deviations(pairs, iris[c(1, 51), ])
#' deviations(pairs, iris[1:2, ], given = ~Sepal.Length, resp = "Petal.Width", wide = TRUE)
#' @name feature-scores
NULL

#' @rdname feature-scores
#' @export
deviations.covary_margins <- function(
  object, newdata, given = NULL, resp = NULL, uncertainty = c("none", "posterior"),
  interval = prob, new_levels = c("error", "population", "predictive"), exclude = NULL,
  re_formula = NULL, wide = FALSE, joint = NULL, method = c("factor", "shrink"), ..., prob = 0.95
) {
  check_supplied(missing(newdata), "newdata", "a data frame with the covariates")
  check_one_name(!missing(prob) && !missing(interval))
  check_dots(...)
  known <- list(responses = feature_labels(object))
  asked <- list(
    uncertainty = check_choice(uncertainty, c("none", "posterior"), "uncertainty"),
    interval = check_interval(interval, "prob"), wide = check_flag(wide, "wide"),
    given = chart_given(known, given), resp = chart_resp(known, resp),
    method = check_choice(method, c("factor", "shrink"), "method")
  )
  new_levels <- check_choice(new_levels, c("error", "population", "predictive"), "new_levels")
  used <- union(asked$resp, asked$given)
  x <- as_feature_reference(object, used)
  asked$joint <- check_feature_joint(x$correlations, asked, joint)
  s <- score_features(x, object, newdata, feature_terms(x, exclude, re_formula), new_levels)
  warn_features_outside(s$each)
  shown <- newdata[setdiff(names(newdata), if (!asked$wide) used)]
  scores_frame(shown, s$each[[1]], feature_parts(x, s, asked), asked$wide)
}

#' @rdname feature-scores
#' @export
deviations.covary_pairs <- deviations.covary_margins

#' @rdname feature-scores
#' @export
deviations.covary_feature_reference <- deviations.covary_margins

# Whether there shall be joint rows
check_feature_joint <- function(correlations, asked, joint) {
  if (length(asked$given)) {
    for (name in setdiff(asked$resp, asked$given)) {
      need_correlations(correlations, union(asked$given, name), "given")
    }
    if (asked$uncertainty == "posterior") {
      stop_covary("argument", "`uncertainty = \"posterior\"` is for features one by one; ask for ",
        "those `given` others by themselves.",
        fields = list(arg = "uncertainty")
      )
    }
  }
  if (is.null(joint)) {
    return(has_correlations(correlations, asked$resp))
  }
  if (check_flag(joint, "joint")) need_correlations(correlations, asked$resp, "joint")
  joint
}

need_correlations <- function(correlations, used, arg) {
  if (!has_correlations(correlations, used)) {
    stop_covary("argument", "`", arg, "` needs the correlations of ", enumerate(used), ": their ",
      "pair, or all pairs of three or more features, from fit_pairs().",
      fields = list(arg = arg)
    )
  }
}

# Labels of terms that are left out, of features or of correlations.
feature_terms <- function(x, exclude, re_formula = NULL) {
  excluded_terms(list(predictors = feature_predictors(x)), exclude, re_formula)
}

# Predictors of one feature and of the first pair, for what is the same of all
feature_predictors <- function(x) {
  rho <- lapply(x$correlations$predictors, function(p) {
    p$tables <- lapply(p$tables, function(table) replace(table, "sd", list(table$sd[1])))
    p
  })
  c(x$charts[[1]]$predictors, rho)
}

# list(each (by feature, new_scoring()), z (n x features), newdata, excluded, new_levels)
score_features <- function(x, object, newdata, excluded, new_levels) {
  if (!is.data.frame(newdata)) check_chart_columns(character(), newdata)
  y <- feature_responses(x, object, newdata)
  first <- x$charts[[1]]
  at <- read_people(first, newdata, excluded)
  each <- lapply(stats::setNames(nm = names(x$charts)), function(name) {
    chart <- x$charts[[name]]
    if (!identical(chart$covariates, first$covariates)) {
      at <- read_people(chart, newdata, excluded)
    }
    new_scoring(chart, newdata, y[, name, drop = FALSE], excluded, new_levels, at)
  })
  z <- vapply(each, function(s) as.double(marginal_scores(s)), numeric(nrow(newdata)))
  list(
    each = each, z = matrix(z, nrow(newdata), length(each), dimnames = list(NULL, names(each))),
    newdata = newdata, excluded = excluded, new_levels = new_levels
  )
}

# New data with the columns of its matrices as columns of their own
without_matrices <- function(newdata) {
  wide <- names(newdata)[vapply(newdata, is.matrix, TRUE)]
  if (length(wide)) split_matrix_columns(newdata, wide)$data else newdata
}

# n x features of new data, which may have them as columns of matrices.
feature_responses <- function(x, object, newdata) {
  exprs <- if (!inherits(object, "covary_feature_reference")) margins_of(object)$responses
  newdata <- without_matrices(newdata)
  y <- vapply(names(x$charts), function(name) {
    v <- if (inherits(exprs, "formula") && !name %in% names(newdata)) {
      with_typed_errors(
        eval(feature_call(list(responses = exprs), name), newdata, environment(exprs)),
        "newdata", "Feature '", name, "' cannot be computed: "
      )
    } else {
      newdata[[response_column(x$charts[[name]], name, newdata)]]
    }
    as_response(v, name)
  }, numeric(nrow(newdata)))
  matrix(y, nrow(newdata), length(x$charts), dimnames = list(NULL, names(x$charts)))
}

warn_features_outside <- function(each) {
  n <- sum(Reduce(`|`, lapply(each, outside_controls)))
  if (n > 0) warn_outside_controls(n)
}

# The parts of deviation_frame() of all features that are asked for.
feature_parts <- function(x, s, asked) {
  parts <- lapply(asked$resp, function(name) {
    one <- s$each[[name]]
    complete_part(list(
      kind = "single", resp = name, value = one$y[, 1], z = s$z[, name], of = 1
    ), one, asked)
  })
  if (asked$joint) parts <- c(parts, list(feature_joint_part(x, s, asked)))
  c(parts, lapply(if (length(asked$given)) setdiff(asked$resp, asked$given), function(name) {
    part <- list(
      kind = "conditional", resp = paste(name, "|", paste(asked$given, collapse = ", ")),
      value = s$each[[name]]$y[, 1], z = feature_given(x, s, name, asked)
    )
    part <- complete_part(part, s$each[[name]], asked)
    replace(part, "status", list(status_together(s, c(asked$given, name), is.na(part$z))))
  }))
}

feature_joint_part <- function(x, s, asked) {
  z <- s$z[, asked$resp, drop = FALSE]
  part <- c(
    list(kind = "joint", resp = joint_label(asked$resp)),
    feature_distances(x, s, z, asked$method)
  )
  part <- complete_part(part, s$each[[asked$resp[1]]], replace(asked, "uncertainty", "none"))
  replace(part, "status", list(status_together(s, asked$resp, is.na(part$distance))))
}

# status of people on several features: the gravest of those that they have
status_together <- function(s, used, missing) {
  each <- lapply(used, function(name) {
    of_one <- row_status(s$each[[name]], FALSE)
    replace(of_one, is.na(s$z[, name]), "ok")
  })
  grave <- do.call(pmax, lapply(each, match, row_statuses))
  replace(row_statuses[grave], missing, "missing")
}

joint_label <- function(resp) {
  if (length(resp) < 5) unit_label(resp) else paste(length(resp), "features")
}
