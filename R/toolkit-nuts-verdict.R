# What the draws of NUTS say of themselves.

# A sample: draws of all chains, chain by chain.
new_sample <- function(target, form, runs, warmup, control, interrupted, suspect) {
  moved <- do.call(rbind, lapply(runs, function(r) t(r$draws)))
  free <- form$back(moved)
  info <- do.call(cbind, lapply(runs, `[[`, "info"))
  n <- ncol(runs[[1]]$draws)
  chain <- rep(seq_along(runs), each = n)
  per_chain <- lapply(seq_along(runs), function(k) free[chain == k, , drop = FALSE])
  statistic <- function(f) {
    vapply(seq_len(target$dim), function(j) f(vapply(per_chain, function(m) m[, j], numeric(n))), 0)
  }
  rhat <- statistic(posterior::rhat)
  ess <- statistic(posterior::ess_bulk)
  out <- new_approximation(target, "nuts", "draws",
    draws = free, chain = chain,
    lp = info["value", ] - form$log_jacobian(moved)
  )
  suspect <- suspect || suspect_gradient(target, colMeans(free), apply(free, 2, stats::sd), "end")
  mixed <- isTRUE(all(rhat < 1.01)) && sum(info["divergent", ]) == 0
  out$info <- list(
    converged = mixed && !interrupted && !suspect,
    rhat = stats::setNames(rhat, target$names),
    ess = stats::setNames(ess, target$names), divergences = sum(info["divergent", ]),
    deepest = sum(info["depth", ] >= control$max_depth), accept = mean(info["accept", ]),
    step = vapply(runs, `[[`, 0, "step"),
    evaluations = sum(info["leapfrogs", ]) +
      sum(unlist(lapply(runs, function(r) r$warmup["leapfrogs", ]))),
    divergent = info["divergent", ] > 0, energy = info["energy", ], depth = info["depth", ],
    iterations = n, warmup = warmup, interrupted = interrupted
  )
  warn_sample(out)
  out
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
  bad <- info$rhat[!is.na(info$rhat) & info$rhat >= 1.01]
  if (length(bad)) {
    warn_covary("not_converged", "The chains have not mixed: R-hat up to ",
      format(max(bad), digits = 3), " (", enumerate(names(bad), most = 3),
      "). Run longer chains.",
      fields = list(rhat = bad)
    )
  }
}
