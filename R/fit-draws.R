# Draws on the user's scale, from the standardised ones of an engine.

# The last columns: log densities of the prior, of the posterior, and of what the draws came from.
density_columns <- c("lprior", "lp__", "lp_approx__")

# draws_matrix, S x parameters. result: new_engine_result(); target: the model it comes from.
user_draws <- function(result, target, design) {
  coefficients <- target$coefficients
  names <- c(coefficients$name, target$sds$name, density_columns)
  # filled in place: draws may be many
  out <- matrix(0, nrow(result$beta), length(names), dimnames = list(NULL, names))
  for (j in seq_along(coefficients$name)) out[, j] <- result$beta[, j]
  # Columns that stand for others inside the fit (design-orthogonal.R)
  for (p in design$predictors) {
    if (is.null(p$mixing)) next
    name <- p$columns$name[seq_len(ncol(p$mixing))]
    out[, name] <- tcrossprod(out[, name, drop = FALSE], p$mixing)
  }
  for (j in seq_along(coefficients$name)) {
    out[, j] <- out[, j] / coefficients$factor[j] +
      coefficients$shift[j]
  }
  # The constant of centred columns becomes that of the user's columns.
  for (p in design$predictors) {
    moved <- which(p$centre != 0)
    if (length(moved) == 0) next
    shift <- out[, p$columns$name[moved], drop = FALSE] %*% p$centre[moved]
    for (j in which(p$constant != 0)) {
      name <- p$columns$name[j]
      out[, name] <- out[, name] - shift * p$constant[j]
    }
  }
  for (j in seq_len(target$n_sds)) {
    out[, length(coefficients$name) + j] <- exp(result$log_tau[, j]) /
      target$sds$factor[j]
  }
  # Densities on the user's scale: of y, and of the parameters.
  mixed <- sum(vapply(design$predictors, function(p) {
    if (is.null(p$mixing)) {
      0
    } else {
      sum(log(diag(p$mixing)))
    }
  }, 0))
  jacobian <- sum(log(coefficients$factor)) - mixed + sum(log(target$sds$factor)) -
    rowSums(result$log_tau)
  out[, "lprior"] <- log_prior_draws(target, result$beta, result$log_tau) + jacobian
  out[, "lp__"] <- result$lp + target$log_jacobian + jacobian
  out[, "lp_approx__"] <- result$lq + jacobian
  out <- posterior::as_draws_matrix(out)
  if (isTRUE(result$info$chains > 1)) attr(out, "nchains") <- as.integer(result$info$chains)
  out
}
