# The margin of each feature: a fit of one response by the default engine. All share one design, so
# that a coefficient is the same function of the covariates in every feature.

# What all features share: list(parsed (formulas), design (with tables of its smooths), settings
# (as prepare_fit() takes them), draws). `common`: sum_features()
new_margin_template <- function(formulas, common, settings, draws) {
  mean <- formulas$mu
  mean[[3]] <- mean[[2]]
  mean[[2]] <- as.name(feature_label)
  spread <- formulas$sigma
  spread[[3]] <- spread[[2]]
  spread[[2]] <- quote(sigma)
  parsed <- parse_formulas(
    list(mean, spread),
    data_names = names(common$covariates),
    likelihood = likelihood_by_correlation(settings$control$correlation)
  )
  parsed <- own_scopes(parsed, names(common$covariates))
  check_template(parsed, common)
  nodes <- if (has_moments(common)) quadrature_nodes(common)
  design <- tabulate_smooths(design_of_suffstats(parsed, common, nodes, NULL))
  list(parsed = parsed, design = design, settings = settings, draws = draws)
}

# What a fit of cells cannot evaluate is refused before any is made.
check_template <- function(parsed, common) {
  check_cell_formulas(parsed, "Margins of many features", paste0(
    "margins of many features are fitted to cells, which only know functions of single values, ",
    "splines, poly() and scale(). Compute a column first."
  ))
  check_compressed(parsed, common, has_rows = FALSE)
  check_cell_terms(parsed, common)
}

# The margin of one feature: list(mean (d), cov (lower triangle of d x d), sds, random_sds (of
# smooths), draws (draws x d, or NULL), diagnostics (margin_diagnostics())). A feature that cannot
# be fitted has NA and says why.
fit_margin <- function(suffstats, template, seed, keep) {
  clock <- new_clock()
  warned <- character()
  out <- tryCatch(
    withCallingHandlers(
      keep_seed({
        # The same generator on any worker.
        set.seed(seed, "Mersenne-Twister", "Inversion", "Rejection")
        margin_posterior(suffstats, template, keep)
      }),
      covary_warning = function(w) {
        warned <<- c(warned, conditionMessage(w))
        invokeRestart("muffleWarning")
      }
    ),
    covary_error = function(e) failed_margin(template$design, e)
  )
  clock$lap("fit")
  out$diagnostics <- c(
    list(n = suffstats$rows, missing = suffstats$dropped[["missing"]]), out$diagnostics,
    list(seconds = clock$laps()[["fit"]], warning = paste(warned, collapse = " "))
  )
  out
}

margin_posterior <- function(suffstats, template, keep) {
  if (suffstats$rows == 0) {
    stop_covary("data", "No row has the feature and all covariates.", fields = list(arg = "data"))
  }
  settings <- template$settings
  compressed <- list(
    suffstats = suffstats, frame = NULL, group = NULL, source = "cells", design = template$design
  )
  prepared <- prepare_compressed_fit(template$parsed, compressed, settings)
  prepared$parsed <- template$parsed
  prepared$target <- bound_likelihood(prepared$target, settings$control$row_sd, fit_pilot)
  result <- run_engine(
    engines()[[settings$algorithm]], prepared$target, template$draws, settings$control,
    new_progress(FALSE)
  )
  compression <- estimate_compression_error(prepared, result, settings$control)
  result$info$bound <- bound_effect(prepared$target, result)
  check_usable(prepared, result)
  draws <- unclass(user_draws(result, prepared$target, prepared$design))
  names <- shared_coefficients(template$design)
  sds <- setdiff(colnames(draws), c(names, density_columns))
  list(
    mean = colMeans(draws[, names, drop = FALSE]),
    cov = lower_triangle(stats::cov(draws[, names, drop = FALSE])),
    sds = colMeans(draws[, sds, drop = FALSE]),
    random_sds = sqrt(colMeans(draws[, sds, drop = FALSE]^2)),
    draws = if (keep > 0) draws[evenly_spaced(nrow(draws), keep), names, drop = FALSE],
    diagnostics = margin_diagnostics(result, compression, prepared$target, template$draws)
  )
}

# Names of all coefficients, predictor by predictor
shared_coefficients <- function(design) {
  unlist(lapply(design$predictors, function(p) p$columns$name), use.names = FALSE)
}

margin_diagnostics <- function(result, compression, target, draws) {
  info <- result$info
  khat <- function(level) {
    at <- info$khat[level]
    if (is.null(at) || is.na(at)) NA_real_ else unname(at)
  }
  moved <- !is.null(info$moves) && has_forgotten(info$moves)
  trusted <- c(khat("smoothing"), if (!isTRUE(info$efficiency > nearly_equal)) khat("coefficients"))
  accuracy <- compression$accuracy
  inaccurate <- !is.null(accuracy) && !is_accurate(accuracy) ||
    isTRUE(compression$certificate > compression_limit)
  high <- !moved && any(trusted > khat_threshold(draws), na.rm = TRUE)
  status <- if (!isTRUE(info$converged)) {
    "not converged"
  } else if (inaccurate) {
    "cells too coarse"
  } else if (high) "khat" else "ok"
  list(
    status = status, khat_smoothing = khat("smoothing"), khat_coefficients = khat("coefficients"),
    log_evidence = info$log_evidence + target$log_jacobian,
    certificate = compression$certificate
  )
}

failed_margin <- function(design, e) {
  d <- length(shared_coefficients(design))
  list(
    mean = rep(NA_real_, d), cov = rep(NA_real_, triangle_size(d)),
    sds = rep(NA_real_, design$n_sds), random_sds = rep(NA_real_, design$n_sds), draws = NULL,
    diagnostics = list(
      status = paste0("failed: ", conditionMessage(e)),
      khat_smoothing = NA_real_, khat_coefficients = NA_real_, log_evidence = NA_real_,
      certificate = NA_real_
    )
  )
}

# The margins of all features, here or on a cluster: in both each feature has a seed of its own, so
# that the bits do not depend on who fits it.
fit_all_margins <- function(features, template, keep, cluster, progress) {
  seeds <- sample.int(.Machine$integer.max, length(features))
  if (is.null(cluster)) {
    on.exit(progress$close())
    return(lapply(seq_along(features), function(j) {
      progress$tick("fitting margins", (j - 1) / length(features))
      fit_margin(features[[j]], template, seeds[j], keep)
    }))
  }
  check_cluster(cluster)
  shards <- lapply(split_evenly(length(features), 8 * length(cluster)), function(at) {
    list(features = features[at], seeds = seeds[at])
  })
  parts <- run_shards(cluster, shards, list(template = template, keep = keep), "fit_margin_shard")
  unlist(parts, recursive = FALSE)
}

# What a worker does.
fit_margin_shard <- function(shard, work) {
  Map(fit_margin, shard$features, seed = shard$seeds, MoreArgs = work)
}

# The numbers 1 to n in about `parts` runs, in order
split_evenly <- function(n, parts) {
  parts <- max(1, min(n, parts))
  unname(split(seq_len(n), ceiling(seq_len(n) * parts / n)))
}
