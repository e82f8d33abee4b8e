# How far the linear predictors of a fit of cells or tables are from those of the rows.
#
# The fit reads predictors off nodes and tables; at about a thousand rows, spread over the data and
# at the ends of every covariate and predictor, they are compared with the design itself. The
# largest difference is given in residual sds (of a mean: divided by the sd of the response at that
# row) and in posterior sds of the predictor at that row (mathematics
# vignette, eq. 30).

accuracy_limits <- c(residual = 0.01, posterior = 0.1)

# Data frame: a line a predictor with key, rows (compared), residual and posterior (largest
# differences in sds).
measure_accuracy <- function(prepared, result) {
  beta <- colMeans(result$beta)
  read <- if (is.null(prepared$tables)) {
    node_reader(prepared, beta)
  } else {
    table_reader(prepared$tables, beta)
  }
  frame <- prepared$held
  rows <- unique(c(evenly_spread_rows(frame$n, frame$covariates), read$extremes))
  compare_predictors(
    prepared, result$beta, beta, rows_data(frame, rows),
    read$at(frame$covariates, rows)
  )
}

# read: rows x predictors at the coefficients `beta`, as the fit has them, in standardised units
compare_predictors <- function(prepared, draws, beta, data, read) {
  target <- prepared$target
  design <- prepared$design
  design$tables <- prepared$smooth_tables
  exact <- evaluate_design(design, data)
  offset <- (exact$offset - target$standard$rest) / target$standard$size
  keys <- names(design$predictors)
  at <- predictor_places(exact$x)
  eta <- vapply(seq_along(keys), function(j) {
    offset[j, ] +
      columns_times(exact$x[[j]], beta[at[[j]]])
  }, numeric(nrow(data)))
  eta <- matrix(eta, nrow(data))
  told <- evenly_spaced(nrow(data), 100)
  eta[told, ] <- predicted(design, target$standard, beta, at, data[told, , drop = FALSE])
  draws <- draws[evenly_spaced(nrow(draws), 500), , drop = FALSE]
  gap <- abs(read - eta)
  size <- residual_units(design$predictors, eta)
  lines <- lapply(seq_along(keys), function(j) {
    residual <- gap[, j] / size[, j]
    posterior <- 0
    if (length(at[[j]])) {
      away <- draws[, at[[j]], drop = FALSE] - rep(beta[at[[j]]], each = nrow(draws))
      sd <- sqrt(colMeans(columns_times_draws(exact$x[[j]], away)^2))
      # Beneath the rounding of a residual nothing is shifted.
      posterior <- ifelse(residual < 1e-9, 0, gap[, j] / sd)
    }
    c(residual = max(residual), posterior = max(posterior))
  })
  lines <- do.call(rbind, lines)
  unchecked_frame(list(
    predictor = keys, rows = rep(nrow(data), length(keys)),
    residual = unname(lines[, 1]), posterior = unname(lines[, 2])
  ))
}

# Rows x predictors, in standardised units, as predictions of the fit make them: by the recipes of
# the predictors, which are other code than the columns of the fit. at: places of coefficients.
predicted <- function(design, standard, beta, at, data) {
  eta <- vapply(seq_along(design$predictors), function(j) {
    p <- design$predictors[[j]]
    recipe <- predictor_columns(p, data)
    x <- standard_columns(p, recipe$x)
    x[, zero_columns(design$x[[j]], seq_along(p$centre))] <- 0
    x %*% beta[at[[j]]] + (recipe$offset - standard$rest[j]) / standard$size[j]
  }, numeric(nrow(data)))
  matrix(eta, nrow(data))
}

# What one unit of each predictor is measured by at the rows: the sd of its response for a mean, one
# for others. eta: rows x predictors; the result has its shape.
residual_units <- function(predictors, eta) {
  link <- dpar_as(likelihood_of(predictors), "sd")$link
  of_sds <- vapply(predictors, has_role, TRUE, "sd")
  sd_of <- names(predictors)[of_sds]
  names(sd_of) <- vapply(predictors[of_sds], `[[`, "", "resp")
  out <- 1 + 0 * eta
  for (j in which(vapply(predictors, has_role, TRUE, "mean"))) {
    out[, j] <- link$inverse(eta[, match(sd_of[[predictors[[j]]$resp]], names(predictors))])
  }
  out
}

is_accurate <- function(accuracy) {
  isTRUE(all(
    accuracy$residual <= accuracy_limits[["residual"]],
    accuracy$posterior <= accuracy_limits[["posterior"]]
  ))
}

worst_accuracy <- function(accuracy) {
  worst <- accuracy[which.max(pmax(
    accuracy$residual / accuracy_limits[["residual"]],
    accuracy$posterior / accuracy_limits[["posterior"]]
  )), ]
  if (nrow(worst) == 0) {
    return("are not finite")
  }
  paste0(
    "of ", worst$predictor, " are up to ", format(worst$residual, digits = 2),
    " residual sds and ", format(worst$posterior, digits = 2),
    " posterior sds"
  )
}

# The same for cells without their rows: predictors on a grid ten times finer in each cell (of some
# cells, where they are many) against those that the fit reads there.
measure_cells <- function(prepared, result) {
  points <- cell_points(prepared$suffstats, prepared$cell_index, 20000)
  data <- node_data(prepared$suffstats, points)
  beta <- colMeans(result$beta)
  read <- node_reader(prepared, beta)$at(data, seq_along(points$group), points$group)
  compare_predictors(prepared, result$beta, beta, data, read)
}
