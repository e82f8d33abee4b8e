# The data of posterior predictive checks: statistics of the data and of replicates from the fit.

# The fit with the rows of new data in place of its own, each of weight 1; those that lack a
# covariate or all responses are left out, which is said.
with_new_rows <- function(fit, newdata) {
  newdata <- prepare_newdata(fit, newdata)
  y <- observed_responses(fit, newdata, fit$responses)
  known <- intersect(names(fit$design$covariates), names(newdata))
  complete <- rowSums(!is.na(y)) > 0 & rowSums(is.na(newdata[known])) == 0
  if (!all(complete)) {
    inform_covary("rows", sum(!complete), " of ", nrow(newdata), " rows of `newdata` lack a ",
      "covariate or all responses and are left out.",
      fields = list(left_out = which(!complete))
    )
  }
  if (sum(complete) < 2) {
    stop_covary("argument", "`newdata` must hold at least two rows with responses and covariates, ",
      "not ", sum(complete), ".",
      fields = list(arg = "newdata")
    )
  }
  fit$frame <- structure(class = c("covary_frame", "covary_rows"), list(
    y = y[complete, , drop = FALSE], n = sum(complete), rows = which(complete),
    covariates = lapply(newdata[known], take_rows, which(complete)),
    row_names = row_labels(fit, newdata)[complete]
  ))
  fit["cell"] <- list(NULL) # rows that are new data to the fit
  seal(fit)
}

# Replicated responses, draws x rows x K.
replicate_rows <- function(fit, rows, draws) {
  newdata <- if (length(rows) < fit$frame$n) training_data(fit)[rows, , drop = FALSE]
  y <- draw_responses(new_evaluation(fit, newdata, draws))
  array(
    unlist(y, use.names = FALSE), c(length(draws), length(rows), length(y)),
    list(NULL, NULL, fit$responses)
  )
}

pp_density_data <- function(fit, rows, replicates) {
  y <- fit$frame$y[rows, , drop = FALSE]
  parts <- lapply(fit$responses, function(resp) {
    range <- range(y[, resp]) + c(-0.1, 0.1) * diff(range(y[, resp]))
    # One bandwidth for all, so that curves differ by the data alone.
    width <- stats::bw.nrd0(y[, resp])
    curve <- function(v, draw) {
      d <- stats::density(v, bw = width, from = range[1], to = range[2], n = 256)
      data.frame(resp = resp, draw = draw, x = d$x, density = d$y)
    }
    do.call(
      rbind,
      c(
        list(curve(y[, resp], 0L)),
        lapply(seq_len(dim(replicates)[1]), function(s) curve(replicates[s, , resp], s))
      )
    )
  })
  do.call(rbind, parts)
}

# The same statistic of residuals, their sd or correlation (`role`), from the data and from every
# replicate, in bins along a covariate.
pp_bins_data <- function(fit, rows, replicates, covariate, bins, role, pairs = NULL) {
  v <- training_data(fit)[[covariate]][rows]
  known <- fit$design$covariates[[covariate]]
  id <- covariate_bins(v, known, bins)
  position <- if (is_number(v)) as.double(v) else as.integer(factor(v, levels = known$levels))
  mean <- central_parameters(fit, "mean")[rows, , drop = FALSE]
  # An sd is shown in the units of its response, a correlation has none.
  sd <- if (role == "correlation") {
    central_parameters(fit, "sd")[rows, , drop = FALSE]
  } else {
    1 + 0 * mean
  }
  # y: draws x rows
  residuals <- function(y, resp) {
    (y - rep(mean[, resp], each = nrow(y))) / rep(sd[, resp], each = nrow(y))
  }
  statistic <- if (role == "correlation") weighted_correlations else weighted_sds
  units <- if (role == "correlation") pairs else as.list(fit$responses)
  w <- row_weights(fit$frame)[rows]
  parts <- lapply(units, function(resp) {
    observed <- lapply(resp, function(r) residuals(t(fit$frame$y[rows, r]), r))
    replicated <- lapply(resp, function(r) {
      residuals(matrix(replicates[, , r], dim(replicates)[1]), r)
    })
    do.call(rbind, lapply(sort(unique(id)), function(b) {
      at <- which(id == b)
      if (length(at) < 10) {
        return(NULL)
      }
      q <- stats::quantile(statistic(replicated, at, w), c(0.5, 0.025, 0.975, 0.25, 0.75),
        names = FALSE
      )
      data.frame(
        covariate = covariate, bin = b, x = mean(position[at]), n = length(at),
        resp = unit_label(resp), observed = statistic(observed, at, w),
        estimate = q[1], lower = q[2], upper = q[3], lower50 = q[4], upper50 = q[5]
      )
    }))
  })
  do.call(rbind, parts)
}

# By draw, over the rows `at` of residuals z, a draws x rows matrix a response; w: weights of rows.
weighted_sds <- function(z, at, w) sqrt(weighted_products(z, 1, 1, at, w) / sum(w[at]))

weighted_correlations <- function(z, at, w) {
  weighted_products(z, 1, 2, at, w) /
    sqrt(weighted_products(z, 1, 1, at, w) * weighted_products(z, 2, 2, at, w))
}

weighted_products <- function(z, i, j, at, w) {
  as.vector((z[[i]][, at, drop = FALSE] * z[[j]][, at, drop = FALSE]) %*% w[at])
}

pp_distance_data <- function(fit, rows, replicates, most = 400) {
  k <- length(fit$responses)
  distance <- residuals_about_fit(fit, rows)$distance
  n <- length(rows)
  at <- sort(unique(c(evenly_spaced(n, most), max(1, n - 50):n)))
  p <- (at - 0.5) / n
  observed <- distance(fit$frame$y[rows, , drop = FALSE])
  row <- order(observed)[at]
  replicated <- vapply(
    seq_len(dim(replicates)[1]),
    function(s) sort(distance(matrix(replicates[s, , ], n)))[at], numeric(length(at))
  )
  limits <- apply(matrix(replicated, length(at)), 1, stats::quantile, c(0.025, 0.975),
    names = FALSE
  )
  data.frame(
    probability = p, theoretical = stats::qchisq(p, k), observed = observed[row],
    lower = limits[1, ], upper = limits[2, ], row = row_ids(fit)[rows[row]]
  )
}
