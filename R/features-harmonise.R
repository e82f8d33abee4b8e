#' @param to,terms,site As in [harmonise()].
#' @param correlation Move correlations too? For features whose pairs were fitted with a term of
#'   `site` in `rho`; without such a term it changes nothing. `FALSE` (default) moves features one
#'   by one, so that their z stay what they are.
#' @return `harmonise()`: `newdata` with other values of the features. With `correlation = TRUE` z
#'   of people become `L_to L^-1 z`, where L and L_to are the Cholesky factors of the correlation
#'   matrices at their own site and at the target, of the features that a person has in the order of
#'   `resp`. Of more than two features these are the joint matrices of [correlation_matrix()]: what
#'   those miss at both sites stays as it was, and moving people back returns their values.
#' @rdname feature-scores
#' @export
harmonise.covary_margins <- function(
  object, newdata, to = NULL, terms = NULL, site = NULL, correlation = FALSE, resp = NULL,
  method = c("factor", "shrink"), ...
) {
  check_dots(...)
  resp <- chart_resp(list(responses = feature_labels(object)), resp)
  method <- check_choice(method, c("factor", "shrink"), "method")
  x <- as_feature_reference(object, resp)
  if (check_flag(correlation, "correlation")) need_correlations(x$correlations, resp, "correlation")
  asked <- list(to = to, site = site_factor(x$charts[[1]], site))
  asked$terms <- if (is.null(terms)) {
    random_terms_of(list(predictors = feature_predictors(x)), asked$site)
  } else {
    feature_terms(x, terms)
  }
  y <- feature_responses(x, object, newdata)
  each <- lapply(x$charts, function(chart) {
    harmonise_scorings(chart, newdata, y[, chart$responses, drop = FALSE], asked)
  })
  z <- vapply(each, function(s) as.double(marginal_scores(s$from)), numeric(nrow(newdata)))
  z <- matrix(z, nrow(newdata), length(resp), dimnames = list(NULL, resp))
  if (correlation) z <- move_scores(x, newdata, z, method, asked)
  put_features(newdata, lapply(stats::setNames(nm = resp), function(name) {
    value <- value_of_score(each[[name]]$target, 1, z[, name])$value
    keep_within_limit(value, z[, name], name)
  }))
}

#' @rdname feature-scores
#' @export
harmonise.covary_pairs <- harmonise.covary_margins

#' @rdname feature-scores
#' @export
harmonise.covary_feature_reference <- harmonise.covary_margins

# n x features z that have the correlations of the target as z had those of people's own levels.
move_scores <- function(x, newdata, z, method, asked) {
  correlations <- x$correlations
  if (!any(asked$terms %in% unlist(lapply(correlations$predictors$rho$tables, `[[`, "labels")))) {
    return(z)
  }
  own <- read_known_people(correlations, newdata)
  there <- read_known_people(correlations, moved_to(newdata, asked))
  pairs_of <- function(pairs) correlations_of_people(correlations, own, pairs, character())
  moved_pairs_of <- function(pairs) moved_correlations(correlations, own, there, pairs, asked)
  from <- correlation_matrices(correlations, colnames(z), method, pairs_of)
  target <- correlation_matrices(correlations, colnames(z), method, moved_pairs_of)
  last <- list(i = 0L)
  out <- z
  for_equal_correlations(from, z, NULL, function(rows, on, root) {
    i <- from$index[rows[1]]
    if (i != last$i) last <<- list(i = i, r = target$at(i)$matrix)
    w <- backsolve(root, t(z[rows, on, drop = FALSE]), transpose = TRUE)
    out[rows, on] <<- crossprod(w, chol(last$r[on, on, drop = FALSE]))
  })
  out
}

read_known_people <- function(correlations, newdata) {
  at <- read_people(correlations, newdata)
  check_new_levels(correlations, at, newdata, character(), "error")
  at
}

# As correlations_of_people(), with the terms that are asked for left out, or as at the target.
# own, there: read_people() at people's own levels and at those of the target.
moved_correlations <- function(correlations, own, there, pairs, asked) {
  out <- correlations_of_people(correlations, own, pairs, asked$terms)
  if (!is.null(asked$to)) {
    first <- match(seq_len(nrow(out$rho)), out$index)
    at <- function(excluded) pair_predictors(correlations, there, first, pairs, excluded)
    out$rho <- tanh(atanh(out$rho) + (at(character()) - at(asked$terms)) / 2)
  }
  out
}
