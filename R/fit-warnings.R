# What is said of a fit before it is handed out.

# Raises the warnings of a fit: interrupted, infinite draws, not converged, khat. What they rest on
# stays in the object (fit$info).
warn_quality <- function(fit) {
  info <- fit$info
  if (info$interrupted) {
    warn_covary(
      "interrupted",
      "The fit was interrupted; the draws come from the last approximation it had reached."
    )
    return()
  }
  parameters <- setdiff(colnames(fit$draws), c("lp__", "lp_approx__"))
  infinite <- if (is.finite(sum(fit$draws))) {
    0
  } else {
    sum(rowSums(!is.finite(unclass(fit$draws)[, parameters, drop = FALSE])) > 0)
  }
  if (infinite > 0) {
    warn_covary("infinite", infinite, " of ", nrow(fit$draws),
      " draws are too large for a number; the priors are too wide for the units ",
      "of the data.",
      fields = list(draws = infinite)
    )
  }
  if (!info$converged) {
    warn_covary(
      "not_converged", "The ", fit$algorithm, " approximation did not converge in ",
      info$iterations,
      " iterations; do not rely on it. See diagnostics()."
    )
  }
  bad <- info$khat[!is.na(info$khat) & info$khat > khat_threshold(nrow(fit$draws))]
  if (isTRUE(info$efficiency > nearly_equal)) {
    bad <- bad[names(bad) != "coefficients" | is.infinite(bad)]
  }
  if (!is.null(info$moves)) bad <- bad[!has_forgotten(info$moves)]
  if (length(bad)) {
    warn_covary("khat", "Pareto khat is ", paste(format(bad, digits = 2), collapse = ", "), " (",
      paste(names(bad), collapse = ", "),
      "), above ", format(khat_threshold(nrow(fit$draws)), digits = 2),
      ": the draws are an approximation that could not be corrected",
      if (fit$algorithm != "nested") "; algorithm = \"nested\" is more accurate", ".",
      fields = list(khat = bad)
    )
  }
}
