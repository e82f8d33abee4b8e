# What the data say about standard deviations and correlations without the model: residuals in bins.

# Data frame covariate, x, group, dpar, resp, n, estimate, lower, upper: a row a bin along a
# covariate and a predictor that is not a mean; none where there is no such predictor or the fit has
# no rows.
residual_bins <- function(fit, covariate, by = NULL, bins = NULL, conditions = list()) {
  predictors <- fit$design$predictors
  keys <- names(predictors)[vapply(predictors, function(p) !has_role(p, "mean") && !p$known, TRUE)]
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
# predictors and residuals of all rows (N x predictors, N x K).
bins_along <- function(fit, covariate, by, bins, conditions) {
  central <- central_predictors(fit)
  list(
    fit = fit, covariate = covariate, values = training_data(fit)[[covariate]],
    known = fit$design$covariates[[covariate]], by = by, bins = bins,
    reference = reference_row(fit, conditions), predictors = central,
    residuals = central_residuals(fit, central), weights = row_weights(fit$frame)
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

# One bin: statistic of the residuals on the link scale, less the fit in the bin, plus the curve
# shown.
one_bin <- function(along, key, rows, group) {
  p <- along$fit$design$predictors[[key]]
  v <- along$values[rows]
  w <- along$weights[rows]
  z <- along$residuals[rows, p$resp, drop = FALSE]
  numeric <- is_number(v)
  x <- if (numeric) {
    stats::weighted.mean(as.double(v), w)
  } else {
    match(as.character(v[1]), along$known$levels)
  }
  reference <- along$reference
  reference[[along$covariate]] <- if (numeric) of_type(x, v) else v[1]
  if (!is.na(group)) reference[[along$by]] <- as_level(group, reference[[along$by]])
  curve <- as.vector(central_at(along$fit, p, reference))
  link <- dpar_of(p)$link
  if (has_role(p, "sd")) {
    found <- curve + 0.5 * log(sum(w * z[, 1]^2) / sum(w))
    reach <- 1 / sqrt(2 * sum(w))
  } else {
    r <- sum(w * z[, 1] * z[, 2]) / sqrt(sum(w * z[, 1]^2) * sum(w * z[, 2]^2))
    found <- curve + link$link(r) - stats::weighted.mean(along$predictors[rows, key], w)
    # The error of Fisher's z, whose slope is 1 / (1 - r^2), on the scale of the link
    reach <- (1 - r^2) / link$derivative(link$link(r)) / sqrt(max(sum(w) - 3, 1))
  }
  limits <- link$inverse(found + c(0, -1.96, 1.96) * reach)
  data.frame(
    covariate = along$covariate, x = x, group = group, dpar = p$dpar,
    resp = unit_label(p$resp), n = length(rows),
    estimate = limits[1], lower = limits[2], upper = limits[3]
  )
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

# Residuals divided by the fitted standard deviations, N x K.
central_residuals <- function(fit, eta = central_predictors(fit)) {
  z <- (fit$frame$y - eta[, paste0("mu:", fit$responses), drop = FALSE]) *
    exp(-eta[, paste0("sigma:", fit$responses), drop = FALSE])
  dimnames(z) <- list(NULL, fit$responses)
  z
}

# All predictors at the posterior means of their coefficients, N x predictors.
central_predictors <- function(fit) {
  # Compressed fits do not know the cell of a row.
  cell <- if (is.null(fit$cell)) seq_len(fit$frame$n) else fit$cell
  first <- which(!duplicated(cell))
  data <- training_data(fit)[first, , drop = FALSE]
  eta <- vapply(fit$design$predictors, function(p) central_at(fit, p, data), numeric(length(first)))
  matrix(eta, length(first), dimnames = list(NULL, names(fit$design$predictors)))[match(
    cell,
    cell[first]
  ), , drop = FALSE]
}

# A predictor at the posterior means of its coefficients.
central_at <- function(fit, p, newdata) {
  at <- predictor_columns(p, newdata)
  as.vector(at$x %*% colMeans(unclass(fit$draws)[, p$columns$name, drop = FALSE])) + at$offset
}

# The fit with at most so many of its rows, evenly chosen: enough for a picture.
thin_fit <- function(fit, most = 50000) {
  n <- fit$frame$n
  if (!has_rows(fit) || n <= most) {
    return(fit)
  }
  keep <- evenly_spaced(n, most)
  fit$frame$y <- fit$frame$y[keep, , drop = FALSE]
  fit$frame$covariates <- lapply(fit$frame$covariates, take_rows, keep)
  fit$frame$weights <- fit$frame$weights[keep]
  fit$frame$row_names <- fit$frame$row_names[keep]
  fit$frame$n <- length(keep)
  fit$cell <- fit$cell[keep]
  fit
}
