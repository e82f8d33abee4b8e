# The fits of all pairs: sums in as few passes as memory allows, then one call of C for some hundred
# pairs at a time.

sums_most <- 4e7 # doubles of sums of pairs in memory (320 MB)
pairs_a_call <- 400L

# Limits of a pair's status: shift by a joint Newton step in posterior sds, sd of the log weights of
# draws (their effective share is then exp(-sd^2) = 0.78), effective share of the smoothing points
pair_limits <- c(shift = 0.5, weight_sd = 0.5, smoothing = 0.05)

# list(mean, cov, sds, diagnostics, counts (facts_of_pairs()), joint (new_joint_rule(), or NULL))
fit_all_pairs <- function(template, margins, source, chosen, joint, cluster, progress) {
  on.exit(progress$close())
  settings <- NULL
  size <- max(1, floor(sums_most / ((1 + joint) * pair_sum_count * bin_count(template))))
  parts <- lapply(split_evenly(ncol(chosen), ceiling(ncol(chosen) / size)), function(at) {
    progress$tick("summing pairs", (at[1] - 1) / ncol(chosen))
    of_pairs <- chosen[, at, drop = FALSE]
    sums <- sum_pairs(template, margins, source, of_pairs, joint)
    model <- pair_model(template, sums$bins)
    if (is.null(settings)) settings <<- pair_noise(model$core)
    fits <- fit_pair_sums(sums, model, margins, of_pairs, settings, cluster, progress)
    runs <- if (joint) held_out_runs(sums, model, margins, of_pairs, settings, cluster, progress)
    n <- matrix(sums$sums[1, , ], ncol = length(at))
    c(fits, list(bins = sums$bins, runs = runs, least = facts_of_pairs(
      n, sums$bins$data, template$design$covariates, !is.null(source$spec$weights)
    )))
  })
  bind <- function(name) do.call(cbind, lapply(parts, `[[`, name))
  out <- list(mean = bind("mean"), cov = bind("cov"), sds = bind("sds"))
  labels <- pair_labels(chosen, colnames(margins$mean))
  out$diagnostics <- pair_diagnostics(labels, bind("found"))
  attr(out$diagnostics, "bin_error") <- bin_error(template, parts[[1]]$bins, out)
  out$counts <- do.call(Map, c(list(pmin), lapply(parts, `[[`, "least")))
  if (joint) {
    out$joint <- new_joint_rule(bind_runs(lapply(parts, `[[`, "runs")), chosen)
  }
  out
}

# Noise that all pairs share: points of the smoothing level (smooths x points) with their log
# density, and draws of coefficients (coefficients x draws)
pair_noise <- function(core) {
  smooths <- core$size$smooths
  d <- core$size$coefficients
  df <- 4
  if (smooths == 0) {
    point <- matrix(0, 0, 1)
  } else if (smooths == 1) {
    # Strata of one t distribution
    point <- matrix(stats::qt((seq_len(25) - 0.5) / 25, df), smooths, 25)
  } else {
    count <- 100L * smooths
    radius <- sqrt(stats::qchisq(sample((seq_len(count) - 0.5) / count), df) / df)
    point <- t(matched_noise(count, smooths) / radius)
  }
  list(
    point = point, log_density = -0.5 * (df + smooths) * log1p(colSums(point^2) / df),
    noise = t(matched_noise(32, d))
  )
}

# list(mean, cov (on the scale of the data), sds, found (6 x pairs))
fit_pair_sums <- function(sums, model, margins, chosen, settings, cluster, progress) {
  fits <- call_pair_fits(sums, model, margins, chosen, settings, cluster, progress)
  user <- map_coefficients(fits$mean, fits$cov, model$map)
  c(user, list(sds = exp(fits$log_tau) / model$sds, found = fits$found))
}

# The same on the scale of the C core: list(mean, cov, log_tau, found). Log sds of margins without
# columns count as known.
call_pair_fits <- function(sums, model, margins, chosen, settings, cluster, progress) {
  spread <- places_of(margins$design, margin_key("sigma"))[seq_len(nrow(sums$spread))]
  of_margins <- list(
    spread = sums$spread, products = sums$products,
    cov = margins$cov[triangle_places(nrow(margins$mean), spread), , drop = FALSE]
  )
  shards <- lapply(split_evenly(ncol(chosen), ceiling(ncol(chosen) / pairs_a_call)), function(at) {
    list(pairs = chosen[, at, drop = FALSE], sums = as.vector(sums$sums[, , at]))
  })
  work <- list(core = model$core, margins = of_margins, settings = settings)
  parts <- if (is.null(cluster)) {
    lapply(seq_along(shards), function(i) {
      progress$tick("fitting pairs", (i - 1) / length(shards))
      fit_pair_shard(shards[[i]], work)
    })
  } else {
    check_cluster(cluster)
    run_shards(cluster, shards, work, "fit_pair_shard")
  }
  bind <- function(name) do.call(cbind, lapply(parts, `[[`, name))
  list(mean = bind("mean"), cov = bind("cov"), log_tau = bind("log_tau"), found = bind("found"))
}

# What a worker does.
fit_pair_shard <- function(shard, work) {
  .Call(C_pair_fits, work$core, work$margins, shard$pairs, shard$sums, work$settings)
}

# Means (p x pairs) and covariances (lower triangles) of coefficients by an affine map
# (coefficient_map())
map_coefficients <- function(mean, cov, map) {
  p <- nrow(mean)
  mapped <- vapply(seq_len(ncol(cov)), function(k) {
    lower_triangle(map$by %*% symmetric_matrix(cov[, k], p) %*% t(map$by))
  }, numeric(nrow(cov)))
  list(mean = map$at_zero + map$by %*% mean, cov = matrix(mapped, nrow(cov)))
}

pair_diagnostics <- function(labels, found) {
  row <- function(i) found[i, ]
  out <- unchecked_frame(list(
    pair = labels, n = row(1), status = rep("ok", length(labels)), converged = row(3) == 1,
    iterations = row(2), shift = row(4), weight_sd = row(5), smoothing_ess = row(6)
  ))
  over <- function(value, limit) !is.na(value) & value > limit
  out$status[over(out$shift, pair_limits[["shift"]])] <- "shift"
  out$status[over(out$weight_sd, pair_limits[["weight_sd"]])] <- "weights"
  out$status[over(-out$smoothing_ess, -pair_limits[["smoothing"]])] <- "smoothing"
  out$status[!out$converged] <- "not converged"
  out$status[is.na(out$iterations)] <- "failed"
  out
}

# How much a bin may hide: half the second derivative of eta along a continuous covariate times the
# variance of an even spread over the bin, in posterior sds, the largest over bins and 20 pairs.
bin_error <- function(template, bins, fits) {
  some <- evenly_spaced(ncol(fits$mean), 20)
  worst <- 0
  for (name in names(template$breaks)) {
    breaks <- template$breaks[[name]]
    x <- as.double(bins$data[[name]])
    within <- findInterval(x, breaks, all.inside = TRUE)
    width <- diff(breaks)[within]
    at <- lapply(c(-1, 0, 1), function(side) {
      data <- bins$data
      moved <- pmin(pmax(x + side * width, breaks[1]), breaks[length(breaks)])
      data[[name]] <- restore_column(moved, template$common$covariates[[name]])
      curve_columns(template$design, template$key, data)$x
    })
    curved <- (at[[1]] - 2 * at[[2]] + at[[3]]) %*% fits$mean[, some, drop = FALSE] / 24
    sd <- sqrt(curve_variances(list(x = at[[2]]), fits$cov[, some, drop = FALSE]))
    worst <- max(worst, abs(curved) / sd, na.rm = TRUE)
  }
  worst
}
