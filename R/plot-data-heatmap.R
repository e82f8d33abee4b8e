# The data of heat maps: marginal correlations of all pairs at values of a covariate.

# Data frame covariate, value, row, column, resp, estimate, sd, lower, upper: a row a pair and
# value; without a covariate (correlations that do not change) one value, NA. Estimates are
# posterior means.
correlation_frame <- function(fit, covariate = NULL, at = NULL, resp = NULL, conditions = list()) {
  if (length(fit$responses) < 2) response_pair(fit) # says what is missing
  pairs <- choose_pairs(fit, resp)
  covariate <- correlation_covariate(fit, covariate, pairs, names(conditions))
  values <- NA_real_
  newdata <- reference_row(fit, conditions)
  if (!is.null(covariate)) {
    values <- values_shown(fit, covariate, at, c(0.05, 0.5, 0.95))
    newdata <- rows_at(fit, covariate, values, conditions)
  }
  labels <- vapply(pairs, unit_label, "")
  fit <- population_of(fit, c(covariate, names(conditions)))
  found <- correlation(fit, newdata, resp = labels)
  at <- rep(seq_along(pairs), each = length(values))
  data.frame(
    covariate = if (is.null(covariate)) NA_character_ else covariate,
    value = rep(values, length(pairs)),
    row = vapply(pairs, `[`, "", 2)[at], column = vapply(pairs, `[`, "", 1)[at],
    resp = labels[at], found[c("estimate", "sd", "lower", "upper")], row.names = NULL
  )
}

# The covariate asked for, or the first that shapes a correlation and is not held, numeric if there
# is one; NULL if none does.
correlation_covariate <- function(fit, covariate, pairs, held) {
  if (!is.null(covariate)) {
    return(first_covariate(fit, covariate, numeric = FALSE))
  }
  keys <- role_keys(fit, "correlation", pairs)
  shown_first(fit, setdiff(unlist(lapply(keys, shaping_covariates, fit = fit)), held))
}
