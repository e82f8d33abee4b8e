# Where effects are evaluated: a grid of one covariate, typical values of the others.

is_discrete <- function(known) known$type != "numeric" || known$n_distinct <= 5

# One row of covariates at which those not shown are held; attribute `given`: names of those that
# the user holds.
reference_row <- function(fit, conditions = list()) {
  data <- training_data(fit)
  if (!is.list(conditions) || length(conditions) && is.null(names(conditions))) {
    stop_covary("argument", "`conditions` must be a named list of values of covariates.",
      fields = list(arg = "conditions")
    )
  }
  unknown <- setdiff(names(conditions), names(data))
  if (length(unknown)) {
    stop_covary("argument", "`conditions` names ", enumerate(unknown),
      "; the covariates of the fit are ", enumerate(names(data), most = 12), ".",
      fields = list(arg = "conditions")
    )
  }
  out <- data[1, , drop = FALSE]
  for (name in names(data)) out[[name]] <- typical_value(data[[name]])
  for (name in names(conditions)) {
    value <- conditions[[name]][1]
    out[[name]] <- if (is.factor(data[[name]])) {
      factor(as.character(value), levels = levels(data[[name]]))
    } else if (is_number(value) && is_number(data[[name]])) of_type(value, data[[name]]) else value
  }
  rownames(out) <- NULL
  structure(check_newdata(out, fit$design), given = names(conditions))
}

typical_value <- function(v) {
  if (is.matrix(v)) {
    return(I(matrix(apply(unclass(v), 2, stats::median), 1)))
  }
  if (is_number(v)) {
    return(of_type(stats::quantile(as.double(v), 0.5, type = 1, names = FALSE), v))
  }
  counts <- table(as.character(v))
  common <- names(counts)[which.max(counts)]
  v[match(common, as.character(v))]
}

# data frame: x, level, and the column `value` that goes into new data.
covariate_grid <- function(fit, name, points, extend) {
  known <- fit$design$covariates[[name]]
  v <- training_data(fit)[[name]]
  if (!is_discrete(known)) {
    x <- seq(lower_end(known$range, extend), upper_end(known$range, extend), length.out = points)
    return(data.frame(x = x, level = NA_character_, value = of_type(x, v)))
  }
  value <- if (is.factor(v)) factor(levels(droplevels(v)), levels = levels(v)) else sort(unique(v))
  x <- if (is_number(v)) as.double(value) else seq_along(value)
  data.frame(x = x, level = as.character(value), value = value)
}

# The grid, or that inside the data, or values of the data: the first at which the predictors exist.
# cut(x, breaks) does not beyond the breaks, factor(year) not between the years.
usable_grid <- function(fit, name, keys, points, extend, reference) {
  grid <- covariate_grid(fit, name, points, extend)
  if (is_discrete(fit$design$covariates[[name]]) || grid_exists(fit, keys, reference, name, grid)) {
    return(grid)
  }
  inside <- covariate_grid(fit, name, points, 0)
  if (grid_exists(fit, keys, reference, name, inside)) {
    return(inside)
  }
  observed <- sort(unique(training_data(fit)[[name]]))
  observed <- observed[evenly_spaced(length(observed), points)]
  data.frame(x = as.double(observed), level = NA_character_, value = observed)
}

grid_exists <- function(fit, keys, reference, name, grid) {
  newdata <- reference[rep(1, nrow(grid)), , drop = FALSE]
  newdata[[name]] <- grid$value
  suppressWarnings(tryCatch(
    {
      behind <- unique(unlist(lapply(keys, marginal_keys, fit = fit)))
      for (key in behind) predictor_columns(fit$design$predictors[[key]], newdata)
      TRUE
    },
    covary_error = function(e) FALSE
  ))
}

# Positive covariates stay positive, so that their logs stay finite.
lower_end <- function(range, extend) {
  out <- range[1] - extend * diff(range)
  if (range[1] >= 0) max(out, range[1] / 2) else out
}

upper_end <- function(range, extend) {
  out <- range[2] + extend * diff(range)
  if (range[2] <= 0) min(out, range[2] / 2) else out
}
