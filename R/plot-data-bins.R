# What the data say about standard deviations and correlations without the model: residuals in bins.

# Data frame covariate, x, group, dpar, resp, n, estimate, lower, upper: a row a bin along a
# covariate and a predictor that is not a mean; none where there is no such predictor or the fit has
# no rows.
residual_bins <- function(fit, covariate, by = NULL, bins = NULL, conditions = list()) {
  predictors <- fit$design$predictors
  keys <- Filter(
    function(key) !has_role(predictors[[key]], "mean") && !is_known_marginal(fit, key),
    names(predictors)
  )
  empty <- data.frame(
    covariate = character(), x = numeric(), group = character(),
    dpar = character(), resp = character(), n = integer(),
    estimate = numeric(), lower = numeric(), upper = numeric()
  )
  if (length(keys) == 0 || !has_rows(fit)) {
    return(empty)
  }
  fit <- thin_fit(fit)
  by <- choose_by(fit, covariate, keys, by, names(conditions))
  along <- bins_along(fit, covariate, by, bins, conditions)
  out <- lapply(keys, function(key) {
    if (is.null(by) || !by %in% shaping_covariates(fit, key)) {
      return(bins_of_predictor(along, key, seq_len(fit$frame$n)))
    }
    of <- as.character(training_data(fit)[[by]])
    do.call(rbind, lapply(
      fit$design$covariates[[by]]$levels,
      function(level) bins_of_predictor(along, key, which(of == level), level)
    ))
  })
  out <- do.call(rbind, c(list(empty), out))
  rownames(out) <- NULL
  out
}

# What all bins along a covariate share: the fit, the covariate (name, values of the N rows, known
# facts), the factor of the curves, the number of bins asked for, the row at which curves are shown,
# residuals of all rows (N x K) and what their squares and products are expected to be (N x units).
bins_along <- function(fit, covariate, by, bins, conditions) {
  expected <- expected_products(fit)
  fit <- fill_responses(fit)
  list(
    fit = fit, covariate = covariate, values = training_data(fit)[[covariate]],
    known = fit$design$covariates[[covariate]], by = by, bins = bins,
    reference = reference_row(fit, conditions),
    residuals = central_residuals(fit), expected = expected, weights = row_weights(fit$frame)
  )
}

# The bins of one predictor over some rows; NULL where they are too few to say anything.
bins_of_predictor <- function(along, key, rows, group = NA_character_) {
  id <- covariate_bins(along$values[rows], along$known, along$bins)
  # One or two circles say nothing about a curve.
  if (!is_discrete(along$known) && is.null(along$bins) && max(id, 0) < 3) {
    return(NULL)
  }
  parts <- lapply(split(rows, id), function(at) {
    if (length(at) >= 10) one_bin(along, key, at, group)
  })
  do.call(rbind, parts)
}

# One bin: the statistic of the residuals in it, moved from the fit in the bin to the curve shown.
one_bin <- function(along, key, rows, group) {
  p <- along$fit$design$predictors[[key]]
  v <- along$values[rows]
  w <- along$weights[rows]
  z <- along$residuals[rows, p$resp, drop = FALSE]
  free <- colSums(w * along$expected[rows, p$resp, drop = FALSE])
  # Effects that follow every row leave nothing to see.
  if (min(free) < 5) {
    return(NULL)
  }
  numeric <- is_number(v)
  x <- if (numeric) {
    stats::weighted.mean(as.double(v), w)
  } else {
    match(as.character(v[1]), along$known$levels)
  }
  reference <- along$reference
  reference[[along$covariate]] <- if (numeric) of_type(x, v) else v[1]
  if (!is.na(group)) reference[[along$by]] <- as_level(group, reference[[along$by]])
  curve <- as.vector(central_marginals(along$fit, key, reference))
  limits <- if (has_role(p, "sd")) {
    bin_sd(z[, 1], w, free, curve)
  } else {
    expected <- sum(w * along$expected[rows, unit_label(p$resp)]) / sqrt(prod(free))
    link <- default_links()$correlation
    shift <- link$link(curve) - link$link(pmin(pmax(expected, -0.9999), 0.9999))
    bin_correlation(z, w, free, link, shift)
  }
  data.frame(
    covariate = along$covariate, x = x, group = group, dpar = p$dpar,
    resp = unit_label(p$resp), n = length(rows),
    estimate = limits[1], lower = limits[2], upper = limits[3]
  )
}

# Estimate and 95 % limits of the sd of residuals z, weights w, that are in units of the fitted sds,
# times the sd `shown` by the curve. free: degrees of freedom that the fitted means leave to them.
# The log of an sd has standard error 1 / sqrt(2 n).
bin_sd <- function(z, w, free, shown) {
  shown * sqrt(sum(w * z^2) / free) * exp(c(0, -1.96, 1.96) / sqrt(2 * free))
}

# The same of the correlation of residuals z (n x 2), moved by `shift` on the scale of the link.
bin_correlation <- function(z, w, free, link, shift) {
  r <- sum(w * z[, 1] * z[, 2]) / sqrt(sum(w * z[, 1]^2) * sum(w * z[, 2]^2))
  # The error of Fisher's z, whose slope is 1 / (1 - r^2), on the scale of the link
  reach <- (1 - r^2) / link$derivative(link$link(r)) / sqrt(max(min(free) - 3, 1))
  link$inverse(link$link(r) + shift + c(0, -1.96, 1.96) * reach)
}

# Bin of each row: equal counts along a number, levels otherwise.
covariate_bins <- function(v, known, bins = NULL, smallest = 40) {
  if (is_discrete(known)) {
    return(as.integer(factor(v)))
  }
  v <- as.double(v)
  if (is.null(bins)) bins <- max(1, min(12, floor(length(v) / smallest)))
  edges <- unique(stats::quantile(v, seq(0, 1, length.out = check_count(bins, "bins") + 1),
    names = FALSE
  ))
  if (length(edges) < 2) {
    return(rep(1L, length(v)))
  }
  findInterval(v, edges, rightmost.closed = TRUE, all.inside = TRUE)
}
