#' Data moved to one site, or to none
#'
#' Replaces the responses of people by those that they would have with the same deviations at a
#' reference site, or without site effects: means, standard deviations and correlations move.
#'
#' With w whitened responses under all terms (see `residuals(type = "whitened")`) and the curves of
#' the target, the new responses are those whose whitened values are w. With `correlation = FALSE` w
#' are the z of each response by itself, so that correlations stay what they are. Moving people to
#' their own site changes nothing.
#'
#' @inheritParams deviations
#' @param newdata Data frame with covariates and responses.
#' @param to A level of `site` to move people to; `NULL` (default) leaves the terms out.
#' @param terms Labels of the terms to remove, such as `"s(site)"`; `NULL` (default) for all random
#'   effects of `site`.
#' @param site Name of the factor; `NULL` (default) where the chart has one with a random effect.
#' @param correlation `TRUE` (default) to move correlations too.
#' @return `newdata` with other values of the responses; missing ones stay missing.
#' @section Errors:
#' `covary_error_argument`, `covary_error_new_level`, `covary_error_newdata`.
#' @seealso [adapt()] for sites that the chart does not know yet.
#' @references Johnson, Li and Rabinovic (2007) \doi{10.1093/biostatistics/kxj037} for the idea.
#' @examples
#' set.seed(1)
#' d <- data.frame(age = runif(600, 5, 15), site = rep(letters[1:12], 50))
#' d$y <- 2 * d$age + rnorm(12)[match(d$site, letters)] + rnorm(600)
#' fit <- covary(y ~ age + s(site, bs = "re"), data = d, draws = 500)
#' h <- harmonise(fit, d)
#' c(
#'   before = var(tapply(d$y - 2 * d$age, d$site, mean)),
#'   after = var(tapply(h$y - 2 * h$age, h$site, mean))
#' )
#' @export
harmonise <- function(object, ...) UseMethod("harmonise")

#' @rdname harmonise
#' @export
harmonize <- function(object, ...) harmonise(object, ...)

#' @export
harmonise.default <- function(object, ...) {
  stop_no_method(object, "harmonise()", "fits of covary() and charts", "object")
}

#' @rdname harmonise
#' @export
harmonise.covary <- function(
  object, newdata, to = NULL, terms = NULL, site = NULL, correlation = TRUE, ...
) {
  check_dots(...)
  chart <- as_chart(object)
  check_flag(correlation, "correlation")
  asked <- list(to = to, site = site_factor(chart, site))
  terms <- if (is.null(terms)) random_terms_of(chart, asked$site) else terms
  asked$terms <- excluded_terms(chart, terms)
  y <- chart_responses(object, chart, newdata)
  s <- harmonise_scorings(chart, newdata, y, asked)
  out <- move_responses(s$from, s$target, correlation)
  for (k in seq_along(chart$responses)) {
    name <- response_column(chart, chart$responses[k], newdata)
    there <- !is.na(y[, k])
    value <- value_within_limit(chart, k, out[there, k])
    newdata[[name]][there] <- keep_within_limit(value, out[there, k], name)
  }
  newdata
}

#' @rdname harmonise
#' @export
harmonise.covary_reference <- harmonise.covary

# list(from, target): scorings of people with responses y (n x K) at their own level, and without
# some terms or with those of a level. asked: list(to, site, terms)
harmonise_scorings <- function(chart, newdata, y, asked) {
  from <- new_scoring(chart, newdata, y)
  moved <- moved_to(newdata, asked)
  if (is.null(asked$to)) {
    return(list(from = from, target = new_scoring(chart, moved, y, asked$terms)))
  }
  check_choice(asked$to, chart$covariates[[asked$site]]$levels, "to")
  target <- new_scoring(chart, moved, y)
  target$values <- mixed_predictors(chart, from, target, asked$terms)
  list(from = from, target = target)
}

moved_to <- function(newdata, asked) {
  if (!is.null(asked$to)) newdata[[asked$site]] <- rep(asked$to, nrow(newdata))
  newdata
}

# Values, with a warning where those that have a score lie beyond the limit of a margin.
keep_within_limit <- function(value, score, name) {
  lost <- sum(is.na(value) & !is.na(score))
  if (lost > 0) warn_beyond_limit(lost, paste0("values of '", name, "'"))
  value
}

random_terms_of <- function(chart, site) {
  unique(unlist(lapply(chart$predictors, function(p) {
    lapply(p$tables, function(table) if (table$random && site %in% table$factors) table$labels)
  })))
}

# Predictors at the people's own site but for the terms `excluded`, which are those of the target.
mixed_predictors <- function(chart, from, target, excluded) {
  without <- predictors_at(chart, from$at, excluded)
  target_without <- predictors_at(chart, target$at, excluded)
  Map(function(own, all, rest) own + (all - rest), without, target$values, target_without)
}

# n x K responses of the target with the deviations of `from`.
move_responses <- function(from, target, correlation) {
  likelihood <- chart_likelihood(from$chart)
  out <- from$y
  patterns <- if (correlation) {
    observed_patterns(from$y)
  } else {
    lapply(seq_len(ncol(out)), function(k) list(observed = k, rows = which(!is.na(out[, k]))))
  }
  for (pattern in patterns) {
    on <- pattern$observed
    if (length(on) == 0) next
    eta <- lapply(list(from, target), function(s) {
      likelihood$marginal(take_eta(in_shape_of_eta(s$chart, s$values), pattern$rows), on)
    })
    w <- likelihood$whiten(lapply(on, function(k) from$y[pattern$rows, k]), eta[[1]])
    moved <- likelihood$correlate(w, eta[[2]])
    for (i in seq_along(on)) out[pattern$rows, on[i]] <- moved[[i]]
  }
  out
}
