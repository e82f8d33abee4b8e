# Posterior medians and limits of parameters at new data: what curves and points of pictures are.

# What limits are made of: probability of the outer ones, and numbers of draws (NULL: all).
new_limits <- function(prob = 0.95, draw_ids = NULL) list(prob = prob, draw_ids = draw_ids)

# By key, a data frame of posterior medians and limits at new data.
posterior_limits <- function(fit, keys, newdata, limits = new_limits()) {
  m <- withCallingHandlers(
    new_marginals(fit, keys, newdata, limits$draw_ids),
    warning = function(w) {
      # splines::bs() and functions of covariates complain beyond the data; the mark `extrapolated`
      # says it.
      if (!inherits(w, "covary_warning")) invokeRestart("muffleWarning")
    }
  )
  probabilities <- c(0.5, (1 + c(-1, 1) * limits$prob) / 2, 0.25, 0.75)
  names <- c("estimate", "lower", "upper", "lower50", "upper50")
  empty <- matrix(NA_real_, m$n, length(names), dimnames = list(NULL, names))
  out <- stats::setNames(rep(list(empty), length(keys)), keys)
  for (rows in in_blocks(m$n, m$s * length(keys))) {
    draws <- marginal_values(m, rows = rows)
    for (key in keys) {
      out[[key]][rows, ] <- column_quantiles(draws[[key]], probabilities)
    }
  }
  lapply(out, as.data.frame)
}
