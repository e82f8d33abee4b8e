# A fit at the posterior means of its coefficients, and a fit with fewer rows: for pictures.

# The parameters `keys` (fit-marginal.R), N x keys, at the rows of the fit or at new data.
central_marginals <- function(fit, keys, newdata = NULL) {
  m <- average_draws(new_marginals(fit, keys, newdata))
  values <- vapply(marginal_values(m), as.vector, numeric(m$n))
  matrix(values, m$n, dimnames = list(NULL, keys))[m$index, , drop = FALSE]
}

# Those of a role of the responses, N x K.
central_parameters <- function(fit, role) {
  out <- central_marginals(fit, role_keys(fit, role))
  colnames(out) <- fit$responses
  out
}

# Residuals divided by the fitted standard deviations, N x K; of the transformed response where it
# has a margin.
central_residuals <- function(fit) {
  latent <- without_margins(fit)
  z <- (latent$frame$y - central_parameters(latent, "mean")) / central_parameters(latent, "sd")
  dimnames(z) <- list(NULL, fit$responses)
  z
}

# The fit of the transformed responses, at the posterior means of the parameters of its margins.
without_margins <- function(fit) {
  for (label in names(fit$margins)) {
    fit$frame$y[, label] <- to_latent(fit$margins[[label]], fit$frame$y[, label])
  }
  fit$margins <- NULL
  fit
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
  fit$frame$rows <- fit$frame$rows[keep]
  fit$frame$row_names <- fit$frame$row_names[keep]
  fit$frame$n <- length(keep)
  fit$cell <- fit$cell[keep]
  fit
}
