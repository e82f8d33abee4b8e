#' @param by,measures,baseline As in [evaluate()].
#' @return `evaluate()`: as for fits, with the joint measures of people who have all features; those
#'   of many features take the time of joint rows.
#' @rdname feature-scores
#' @export
evaluate.covary_margins <- function(
  object, newdata, by = NULL, measures = NULL, baseline = NULL,
  new_levels = c("error", "population", "predictive"), exclude = NULL, resp = NULL, joint = NULL,
  method = c("factor", "shrink"), ...
) {
  check_dots(...)
  resp <- chart_resp(list(responses = feature_labels(object)), resp)
  x <- as_feature_reference(object, resp)
  asked <- list(
    resp = resp, method = check_choice(method, c("factor", "shrink"), "method")
  )
  joint <- check_feature_joint(x$correlations, asked, joint)
  new_levels <- check_choice(new_levels, c("error", "population", "predictive"), "new_levels")
  if (!is.data.frame(newdata)) check_chart_columns(character(), newdata)
  groups <- people_groups(newdata, by)
  s <- score_features(x, object, newdata, feature_terms(x, exclude), new_levels)
  base <- check_baseline(list(
    baseline = do.call(rbind, lapply(x$charts, `[[`, "baseline")), responses = resp
  ), baseline)
  scored <- lapply(stats::setNames(nm = resp), function(name) {
    one <- s$each[[name]]
    one$y[one$at$missing, ] <- NA
    scored_people(one, base[match(name, resp), , drop = FALSE])
  })
  whole <- if (joint) whiten_features(x, s, scored, asked)
  out <- lapply(seq_along(groups$rows), function(g) {
    rows <- groups$rows[[g]]
    found <- lapply(resp, function(name) group_measures(scored[[name]], rows, x$charts[[name]]))
    if (joint) found <- c(found, list(joint_of_features(whole, rows, resp)))
    found <- do.call(rbind, found)
    cbind(groups$labels[rep(g, nrow(found)), , drop = FALSE], found)
  })
  out <- do.call(rbind, out)
  row.names(out) <- NULL
  take_measures(out, measures)
}

#' @rdname feature-scores
#' @export
evaluate.covary_pairs <- evaluate.covary_margins

#' @rdname feature-scores
#' @export
evaluate.covary_feature_reference <- evaluate.covary_margins

# list(w (n x features, NA where one is missing), joint_log (n)). scored: scored_people() of each.
whiten_features <- function(x, s, scored, asked) {
  z <- s$z[, asked$resp, drop = FALSE]
  z[rowSums(is.na(z)) > 0, ] <- NA
  out <- list(w = NA * z, joint_log = rep(NA_real_, nrow(z)))
  # Log density of each feature beyond that of its z
  slope <- rowSums(vapply(scored, function(one) {
    one$log[, 1] - stats::dnorm(one$z[, 1], log = TRUE)
  }, numeric(nrow(z))))
  rule <- correlation_rule(x, s$newdata, asked$resp, asked$method, s)
  for_equal_correlations(rule, z, common_shares(s, asked$resp), function(rows, on, root) {
    w <- t(backsolve(root, t(z[rows, , drop = FALSE]), transpose = TRUE))
    out$w[rows, ] <<- w
    out$joint_log[rows] <<- rowSums(stats::dnorm(w, log = TRUE)) - sum(log(diag(root))) +
      slope[rows]
  })
  out
}

joint_of_features <- function(whole, rows, resp) {
  there <- rows[!is.na(whole$joint_log[rows])]
  measures <- joint_measures(whole$w[there, , drop = FALSE], whole$joint_log[there])
  measure_frame(measures, joint_label(resp), length(there))
}
