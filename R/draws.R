# Draws on the user's scale, from the standardised ones of an engine.

user_draws <- function(result, target, design) {
  coefficients <- target$coefficients
  beta <- sweep(result$beta, 2, coefficients$factor, "/")
  beta <- sweep(beta, 2, coefficients$shift, "+")
  colnames(beta) <- coefficients$name
  for (p in design$predictors) beta <- uncentre(beta, p)
  sds <- sweep(exp(result$t), 2, target$sds$factor, "/")
  colnames(sds) <- target$sds$name
  # Densities on the user's scale: of y, and of the parameters.
  jacobian <- sum(log(coefficients$factor)) - rowSums(result$t)
  jacobian <- jacobian + sum(log(target$sds$factor))
  out <- cbind(beta, sds, lp__ = result$lp + target$log_jacobian + jacobian, lp_approx__ = result$lq + jacobian)
  posterior::as_draws_matrix(out)
}

# The intercept of centred columns becomes that of the user's columns.
uncentre <- function(beta, p) {
  moved <- which(p$centre != 0)
  if (!p$intercept || length(moved) == 0) return(beta)
  at <- match(p$columns$name, colnames(beta))
  intercept <- at[p$columns$class == "Intercept"]
  beta[, intercept] <- beta[, intercept] - beta[, at[moved], drop = FALSE] %*% p$centre[moved]
  beta
}

# S x N draws of one predictor on the link scale at new data (NULL: the cells of the fit).
predictor_draws <- function(fit, key, newdata, draw_ids = NULL) {
  p <- fit$design$predictors[[key]]
  draws <- unclass(fit$draws)[, p$columns$name, drop = FALSE]
  if (!is.null(draw_ids)) draws <- draws[draw_ids, , drop = FALSE]
  out <- matrix(NA_real_, nrow(draws), nrow(newdata))
  complete <- complete_covariates(newdata, p)
  if (!any(complete)) return(out)
  at <- predictor_columns(p, newdata[complete, , drop = FALSE])
  eta <- tcrossprod(draws, at$x) + rep(at$offset, each = nrow(draws))
  for (u in at$unseen) eta <- eta + unseen_effects(fit, p, u, draw_ids)
  out[, complete] <- eta
  out
}

complete_covariates <- function(newdata, p) {
  used <- intersect(all.vars(p$rhs), names(newdata))
  Reduce(`&`, lapply(newdata[used], function(v) !row_is_na(v)), rep(TRUE, nrow(newdata)))
}

# New levels of a random effect: one fresh normal effect a level and draw.
unseen_effects <- function(fit, p, unseen, draw_ids) {
  name <- sub("^s_", "sds_", sub("\\[1\\]$", "", p$columns$name[p$columns$sd == unseen$sd][1]))
  sds <- as.vector(unclass(fit$draws)[, name])
  if (!is.null(draw_ids)) sds <- sds[draw_ids]
  levels <- unique(stats::na.omit(unseen$level))
  effects <- matrix(stats::rnorm(length(sds) * length(levels)), length(sds)) * sds
  out <- matrix(0, length(sds), length(unseen$level))
  known <- !is.na(unseen$level)
  out[, known] <- effects[, match(unseen$level[known], levels)]
  out
}
