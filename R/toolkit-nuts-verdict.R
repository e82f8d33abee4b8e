# What the draws of NUTS say of themselves.

# The approximation that holds the draws of all chains, chain by chain. form: from sampling_form();
# runs: those of run_chain(); run: list(warmup, control, interrupted, suspect: does the gradient
# contradict the density at the start).
new_sample <- function(target, form, runs, run) {
  moved <- do.call(rbind, lapply(runs, function(r) t(r$draws)))
  free <- form$back(moved)
  info <- do.call(cbind, lapply(runs, `[[`, "info"))
  out <- new_approximation(target, "nuts", "draws",
    draws = free, chain = rep(seq_along(runs), each = ncol(runs[[1]]$draws)),
    lp = info["value", ] - form$log_jacobian(moved)
  )
  suspect <- run$suspect || suspect_gradient(target, colMeans(free), each_sd(free), "end")
  mixing <- chain_mixing(out)
  mixed <- isTRUE(all(mixing$rhat < 1.01)) && sum(info["divergent", ]) == 0
  warmup_leapfrogs <- unlist(lapply(runs, function(r) r$warmup["leapfrogs", ]))
  out$info <- list(
    converged = mixed && !run$interrupted && !suspect,
    rhat = mixing$rhat, ess = mixing$ess, divergences = sum(info["divergent", ]),
    deepest = sum(info["depth", ] >= run$control$max_depth), accept = mean(info["accept", ]),
    step = vapply(runs, `[[`, 0, "step"),
    evaluations = sum(info["leapfrogs", ]) + sum(warmup_leapfrogs),
    divergent = info["divergent", ] > 0, energy = info["energy", ], depth = info["depth", ],
    iterations = ncol(runs[[1]]$draws), warmup = run$warmup, interrupted = run$interrupted
  )
  warn_sample(out)
  out
}

# R-hat and bulk effective sample size of each free number, list(rhat, ess).
chain_mixing <- function(x) {
  chains <- length(unique(x$chain))
  each <- function(statistic) {
    values <- apply(x$draws, 2, function(v) statistic(matrix(v, ncol = chains)))
    stats::setNames(values, x$target$names)
  }
  list(rhat = each(posterior::rhat), ess = each(posterior::ess_bulk))
}

warn_sample <- function(x) {
  info <- x$info
  if (info$interrupted) {
    warn_covary(
      "interrupted", "Sampling was interrupted; ", nrow(x$draws),
      " draws of ", length(unique(x$chain)), " chain(s) are kept."
    )
  }
  if (info$divergences > 0) {
    warn_covary("divergences", info$divergences, " of ", nrow(x$draws),
      " transitions diverged; the sampler misses regions of strong curvature. ",
      "Raise `accept` in nuts_control() or change the parameters.",
      fields = list(divergences = info$divergences)
    )
  }
  # R-hat of what never moved is not defined
  bad <- info$rhat[is.na(info$rhat) | info$rhat >= 1.01]
  if (length(bad)) {
    warn_covary("not_converged", "The chains have not mixed: R-hat ",
      if (anyNA(bad)) "not defined" else paste("up to", format(max(bad), digits = 3)),
      " (", enumerate(names(bad), most = 3), "). Run longer chains.",
      fields = list(rhat = bad)
    )
  }
}
