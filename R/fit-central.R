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

# What the squares of those and their products are expected to be if the fit is right: less than one
# and than the correlation, since effects and smooths follow the data. In a linear model with
# covariances v of the responses of a row, residuals from the posterior means have covariances v - V
# where V are the posterior covariances of the row's means. N x (K and pairs, by name): 1 - V / v,
# and rho - V in units of both sds; where a response is missing (fill_responses() draws it) 1 and
# rho. most: draws that V is made of.
expected_products <- function(fit, most = 200) {
  latent <- without_margins(fit)
  units <- c(lapply(fit$responses, rep, 2), fit$pairs)
  m <- new_marginals(
    latent, role_keys(latent, "mean"), NULL, evenly_spaced(nrow(fit$draws), most)
  )
  v <- matrix(0, m$n, length(units))
  for (rows in in_blocks(m$n, m$s * length(fit$responses))) {
    off <- lapply(marginal_values(m, rows = rows), function(x) x - rep(colMeans(x), each = m$s))
    names(off) <- fit$responses
    v[rows, ] <- vapply(units, function(of) {
      colSums(off[[of[1]]] * off[[of[2]]]) / (m$s - 1)
    }, numeric(length(rows)))
  }
  v <- v[m$index, , drop = FALSE]
  sd <- central_parameters(latent, "sd")
  rho <- central_marginals(latent, role_keys(latent, "correlation", fit$pairs))
  out <- vapply(seq_along(units), function(i) {
    of <- units[[i]]
    v <- v[, i] / (sd[, of[1]] * sd[, of[2]])
    v[is.na(rowSums(fit$frame$y[, of, drop = FALSE]))] <- 0
    if (of[1] == of[2]) 1 - pmin(v, 1) else rho[, i - length(fit$responses)] - v
  }, numeric(fit$frame$n))
  names <- c(fit$responses, vapply(fit$pairs, unit_label, ""))
  matrix(out, fit$frame$n, dimnames = list(NULL, names))
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
