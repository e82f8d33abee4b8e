# Data frames with a posterior summary a row: what predict(), correlation() and covariance() give.

# The columns of a summary: of draws v (S x n) of a quantity at n rows, an n x columns matrix.
# `tails`: the two probabilities of the interval. The one place that a new column needs.
row_summary <- function(v, tails) {
  limits <- column_quantiles(v, tails)
  cbind(estimate = colMeans(v), sd = column_sds(v), lower = limits[, 1], upper = limits[, 2])
}

row_summary_names <- function() colnames(row_summary(matrix(0, 1, 1), c(0, 1)))

# Data frames of N rows, one a label. values(rows): a list of draws of the quantities, S x rows
# each, for blocks of rows.
summarise_rows <- function(values, labels, n, s, interval) {
  names <- row_summary_names()
  empty <- matrix(NA_real_, n, length(names), dimnames = list(NULL, names))
  out <- stats::setNames(rep(list(empty), length(labels)), labels)
  for (rows in in_blocks(n, s * length(labels))) {
    draws <- values(rows)
    for (k in seq_along(out)) out[[k]][rows, ] <- row_summary(draws[[k]], tail_probs(interval))
  }
  lapply(out, as.data.frame)
}

# Warns where a posterior mean is not in its interval of 90 % or more, as of an sd far from the
# data, which is lognormal there: rare draws make its mean. parts: what summarise_rows() gives.
warn_long_tail <- function(parts, interval) {
  if (interval < 0.9) {
    return(invisible())
  }
  outside <- vapply(parts, function(d) {
    slack <- 1e-9 * abs(d$estimate) # of rounding, where draws do not differ
    sum(d$estimate > d$upper + slack | d$estimate < d$lower - slack, na.rm = TRUE)
  }, 0)
  if (any(outside > 0)) {
    worst <- names(parts)[which.max(outside)]
    warn_covary("long_tail", "The posterior mean (`estimate`) of ", worst, " lies outside its ",
      100 * interval, " % interval at ", max(outside), " of ", nrow(parts[[worst]]),
      " points: far from the data rare draws make it. Rest on `lower` and `upper`, or on medians: ",
      "plot() and conditional_effects() show these, and posterior_epred() has the draws.",
      fields = list(outside = outside)
    )
  }
}

# The user's columns beside results, with other names where these would clash.
newdata_columns <- function(fit, newdata, labels) {
  columns <- if (is.null(newdata)) training_data(fit) else newdata
  clash <- names(columns) %in% c(labels, row_summary_names(), "extrapolated")
  names(columns)[clash] <- paste0(names(columns)[clash], ".newdata")
  columns
}

# TRUE where a numeric covariate of the predictors `keys` lies outside the data, NA where there is
# no estimate.
mark_extrapolated <- function(fit, newdata, out, keys) {
  marks <- extrapolates(if (is.null(newdata)) training_data(fit) else newdata, fit$design, keys)
  marks[is.na(out$estimate)] <- NA
  marks
}

# The user's columns beside every part. One part keeps its row names; several cannot.
join_parts <- function(columns, parts) {
  if (length(parts) == 1) {
    return(cbind(columns, parts[[1]]))
  }
  out <- cbind(
    columns[rep(seq_len(nrow(columns)), length(parts)), , drop = FALSE],
    do.call(rbind, unname(parts))
  )
  row.names(out) <- NULL
  out
}
