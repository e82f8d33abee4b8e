# What is said of a fit before it is handed out.

# Every warning of a fit ends with where to read what to do.
ways_out <- " refine(fit) tries what may help; see ?`when-a-fit-warns`."

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
  warn_infinite(fit)
  if (length(info$apart) && fit$algorithm != "prior") warn_apart(info$apart)
  if (length(info$known)) warn_known(info$known)
  if (!info$converged) warn_not_converged(fit)
  bad <- bad_khat(info, nrow(fit$draws))
  if (length(bad)) {
    warn_khat(fit, bad)
  } else if (rests_on_gaussian(info) && !is_right_gaussian(info$fresh)) {
    warn_rough(fit)
  }
}

warn_infinite <- function(fit) {
  if (is.finite(sum(fit$draws))) {
    return()
  }
  parameters <- setdiff(colnames(fit$draws), density_columns)
  infinite <- sum(rowSums(!is.finite(unclass(fit$draws)[, parameters, drop = FALSE])) > 0)
  if (infinite > 0) {
    warn_covary("infinite", infinite, " of ", nrow(fit$draws),
      " draws are too large for a number; the priors are too wide for the units ",
      "of the data.",
      fields = list(draws = infinite)
    )
  }
}

warn_not_converged <- function(fit) {
  sampled <- fit$algorithm == "nuts"
  warn_covary(
    "not_converged", "The ", fit$algorithm, if (sampled) " chains" else " approximation",
    " did not converge in ", fit$info$iterations, " iterations; do not rely on ",
    if (sampled) "them" else "it", ". Ask for less (sigma ~ 1, rho ~ 1, a smaller `k`), or ",
    if (sampled) "for more `draws`." else "use algorithm = \"nuts\".", ways_out
  )
}

# The khat that say something against the draws: not of weights that are nearly equal or were not
# applied, nor where Markov chains have moved the draws since.
bad_khat <- function(info, draws) {
  bad <- info$khat[!is.na(info$khat) & info$khat > khat_threshold(draws)]
  if (isTRUE(info$efficiency > nearly_equal)) {
    bad <- bad[names(bad) != "coefficients" | is.infinite(bad)]
  }
  if (rests_on_gaussian(info)) bad <- bad[names(bad) != "coefficients"]
  if (!is.null(info$moves)) bad <- bad[!has_forgotten(info$moves)]
  bad
}

warn_khat <- function(fit, bad) {
  draws <- nrow(fit$draws)
  chance <- khat_chance_text(max(bad), draws)
  warn_covary("khat", "Pareto khat is ", paste(format(bad, digits = 2), collapse = ", "), " (",
    paste(names(bad), collapse = ", "),
    "), above ", format(khat_threshold(draws), digits = 2),
    if (length(chance)) {
      c(" (", chance, ": `draws = ", format(4 * draws, scientific = FALSE), "` say more)")
    },
    ": the draws are an approximation that could not be corrected",
    if (fit$algorithm != "nested") {
      "; algorithm = \"nested\" is more accurate"
    } else {
      "; ask for less (`rho ~ 1`, a smaller `k`), or use algorithm = \"nuts\""
    }, ".", ways_out,
    fields = list(khat = bad)
  )
}

# `pairs`: "a:b" each
warn_apart <- function(pairs) {
  warn_covary("never_together", "No row has both responses of ", enumerate(pairs),
    ": what the fit says of their correlation is the prior, and what other responses say of it. ",
    "`rho(", sub(":", ", ", pairs[1]), ") ~ 0` takes it as known.",
    fields = list(pairs = pairs)
  )
}

# Fresh draws (engine-fresh-draws.R) do not confirm the approximation.
warn_rough <- function(fit) {
  fresh <- fit$info$fresh
  shift <- format(max(fresh$shift, 0.01), digits = 2)
  warn_covary("rough", "By fresh draws, the ", fit$algorithm, " approximation has posterior means ",
    "that are off by about ", shift, " posterior standard deviations (good: up to ",
    newton_check_limits$shift, ") and standard deviations that should change by ",
    percent_range(fresh$sd_ratio), " (good: ", percent_range(newton_check_limits$sd_ratio), "). ",
    if (fit$algorithm == "nested") {
      "Use fewer terms, a smaller `k`, `rho ~ 1` where rows are few, or algorithm = \"nuts\"."
    } else {
      "algorithm = \"nested\" is more accurate."
    }, ways_out,
    fields = list(fresh = fresh)
  )
}

# "-2 % to 1 %", from ratios
percent_range <- function(ratio) {
  paste0(format(round(100 * (ratio - 1), 1), trim = TRUE), " %", collapse = " to ")
}
