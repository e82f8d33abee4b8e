# The data of heat maps: marginal correlations of all pairs at values of a covariate.

# Data frame covariate, value, row, column, resp, estimate, sd, lower, upper: a row a pair and
# value; without a covariate (correlations that do not change) one value, NA. Estimates are
# posterior means.
correlation_frame <- function(fit, covariate = NULL, at = NULL, resp = NULL, conditions = list()) {
  if (length(fit$responses) < 2) response_pair(fit) # says what is missing
  pairs <- choose_pairs(fit, resp)
  covariate <- correlation_covariate(fit, covariate, pairs)
  reference <- reference_row(fit, conditions)
  values <- NA_real_
  if (!is.null(covariate)) values <- values_shown(fit, covariate, at, c(0.05, 0.5, 0.95))
  newdata <- reference[rep(1, length(values)), , drop = FALSE]
  if (!is.null(covariate)) newdata[[covariate]] <- of_type(values, newdata[[covariate]])
  rownames(newdata) <- NULL
  labels <- vapply(pairs, unit_label, "")
  found <- correlation(fit, newdata, resp = labels)
  at <- rep(seq_along(pairs), each = length(values))
  data.frame(
    covariate = if (is.null(covariate)) NA_character_ else covariate,
    value = rep(values, length(pairs)),
    row = vapply(pairs, `[`, "", 2)[at], column = vapply(pairs, `[`, "", 1)[at],
    resp = labels[at], found[c("estimate", "sd", "lower", "upper")], row.names = NULL
  )
}

# The covariate asked for, or the first numeric one that shapes a correlation; NULL if none does.
correlation_covariate <- function(fit, covariate, pairs) {
  keys <- role_keys(fit, "correlation", pairs)
  shaping <- unique(unlist(lapply(keys, shaping_covariates, fit = fit)))
  shaping <- Filter(function(name) !is_discrete(fit$design$covariates[[name]]), shaping)
  if (!is.null(covariate)) {
    return(first_covariate(fit, covariate))
  }
  if (length(shaping)) shaping[1]
}
