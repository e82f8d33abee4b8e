# Predictors of a fit, evaluated at its rows or at new data.

# S x N draws of one predictor on the link scale at new data (NULL: the rows of the fit).
predictor_draws <- function(fit, key, newdata = NULL, draw_ids = NULL) {
  predictor_values(predictor_at(fit, key, newdata, draw_ids))
}

# A predictor prepared to be evaluated for any block of draws and rows: list(draws (S x p), x (M x
# p), offset (M), index (N: a row of x, or NA where a covariate is missing), unseen (fresh effects
# of new levels, drawn once so that all blocks agree)). The rows of the fit are evaluated once a
# cell.
predictor_at <- function(fit, key, newdata = NULL, draw_ids = NULL) {
  p <- fit$design$predictors[[key]]
  draws <- unclass(fit$draws)[, p$columns$name, drop = FALSE]
  if (!is.null(draw_ids)) draws <- draws[draw_ids, , drop = FALSE]
  if (is.null(newdata) && is.null(fit$cell)) newdata <- rows_of_compressed(fit)
  if (is.null(newdata)) {
    return(c(list(draws = draws, index = fit$cell, unseen = list()), fitted_columns(fit, key)))
  }
  newdata <- as_fitted_types(fill_unneeded(newdata, fit$design), fit$design, key)
  complete <- which(complete_covariates(newdata, p))
  index <- match(seq_len(nrow(newdata)), complete)
  if (length(complete) == 0) {
    return(list(
      draws = draws, x = matrix(0, 0, ncol(draws)), offset = numeric(), index = index,
      unseen = list()
    ))
  }
  at <- predictor_columns(p, newdata[complete, , drop = FALSE])
  list(
    draws = draws, x = at$x, offset = at$offset, index = index,
    unseen = lapply(at$unseen, unseen_effects, fit = fit, p = p, draw_ids = draw_ids)
  )
}

# The columns the fit was made with, a row a cell, on the scale of the user's data. (Terms such as
# I(x - mean(x)) would have other values if they were evaluated again at the cells.)
fitted_columns <- function(fit, key) {
  p <- fit$design$predictors[[key]]
  at <- match(key, names(fit$design$predictors))
  x <- t(fit$design$x[[at]])
  parametric <- seq_along(p$centre)
  if (!is.null(p$mixing)) {
    x[, parametric] <- x[, parametric] %*%
      backsolve(p$mixing, diag(ncol(p$mixing)))
  }
  x <- sweep(x, 2, p$columns$x_scale, "*")
  x[, parametric] <- sweep(x[, parametric, drop = FALSE], 2, p$centre, "+")
  list(x = x, offset = fit$design$offset[at, ])
}

# S x N values of the above; `draws` and `rows` choose a block.
predictor_values <- function(at, draws = NULL, rows = NULL) {
  index <- if (is.null(rows)) at$index else at$index[rows]
  beta <- if (is.null(draws)) at$draws else at$draws[draws, , drop = FALSE]
  some <- unique(index[!is.na(index)])
  eta <- tcrossprod(beta, at$x[some, , drop = FALSE]) + rep(at$offset[some], each = nrow(beta))
  for (u in at$unseen) {
    on <- which(!is.na(u$level[some]))
    effects <- if (is.null(draws)) u$effects else u$effects[draws, , drop = FALSE]
    eta[, on] <- eta[, on] + effects[, u$level[some][on], drop = FALSE] *
      rep(u$size[some][on], each = nrow(beta))
  }
  if (identical(some, index)) eta else eta[, match(index, some), drop = FALSE]
}

complete_covariates <- function(newdata, p) {
  used <- intersect(predictor_variables(list(p)), names(newdata))
  Reduce(`&`, lapply(newdata[used], function(v) !row_is_na(v)), rep(TRUE, nrow(newdata)))
}

# New levels of a random effect: one fresh normal effect a level and draw.
# list(level (M: column of effects, or NA), size (M: what multiplies the effect), effects (S x
# levels))
unseen_effects <- function(unseen, fit, p, draw_ids) {
  sds <- as.vector(unclass(fit$draws)[, sd_name(p, unseen$sd)])
  if (!is.null(draw_ids)) sds <- sds[draw_ids]
  levels <- unique(stats::na.omit(unseen$level))
  effects <- matrix(stats::rnorm(length(sds) * length(levels)), length(sds)) * sds
  list(level = match(unseen$level, levels), size = unseen$size, effects = effects)
}
