# A fit at the posterior means of its coefficients, and a fit with fewer rows: for pictures.

# The parameters of a role in place of their predictors `eta` (N x predictors): N x K.
central_parameters <- function(fit, eta, role) {
  dpar <- dpar_as(fit_likelihood(fit), role)
  keys <- vapply(fit$responses, unit_key, "", fit = fit, dpar = dpar)
  out <- dpar$link$inverse(eta[, keys, drop = FALSE])
  colnames(out) <- fit$responses
  out
}

# Residuals divided by the fitted standard deviations, N x K.
central_residuals <- function(fit, eta = central_predictors(fit)) {
  z <- (fit$frame$y - central_parameters(fit, eta, "mean")) / central_parameters(fit, eta, "sd")
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
