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

# What residuals of a check are about: list(mean, sd) of S x rows matrices by response. Rows that
# were fitted have drawn the posterior means to themselves, so their residuals are about each draw,
# as those of its replicate are; other rows are compared at the posterior means.
centres_of_check <- function(fit, rows, draws, fitted) {
  newdata <- if (length(rows) < fit$frame$n) training_data(fit)[rows, , drop = FALSE]
  lapply(c(mean = "mean", sd = "sd"), function(role) {
    m <- new_marginals(fit, role_keys(fit, role), newdata, draws)
    if (!fitted) m <- average_draws(m)
    all <- rep_len(seq_len(m$s), length(draws))
    values <- lapply(marginal_values(m), function(v) v[all, m$index, drop = FALSE])
    stats::setNames(values, fit$responses)
  })
}

# The same statistic of residuals, their sd or correlation (`role`), from the data and from every
# replicate, in bins along a covariate; that of the data is the mean over draws. centres: see
# centres_of_check().
pp_bins_data <- function(fit, rows, replicates, centres, covariate, bins, pairs = NULL) {
  role <- if (is.null(pairs)) "sd" else "correlation"
  v <- training_data(fit)[[covariate]][rows]
  known <- fit$design$covariates[[covariate]]
  id <- covariate_bins(v, known, bins)
  position <- if (is_number(v)) as.double(v) else as.integer(factor(v, levels = known$levels))
  # y: draws x rows. An sd is shown in the units of its response, a correlation has none.
  residuals <- function(y, resp) {
    (y - centres$mean[[resp]]) / (if (role == "correlation") centres$sd[[resp]] else 1)
  }
  s <- dim(replicates)[1]
  statistic <- if (role == "correlation") weighted_correlations else weighted_sds
  units <- if (role == "correlation") pairs else as.list(fit$responses)
  w <- row_weights(fit$frame)[rows]
  parts <- lapply(units, function(resp) {
    observed <- lapply(resp, function(r) residuals(rep(fit$frame$y[rows, r], each = s), r))
    replicated <- lapply(resp, function(r) residuals(matrix(replicates[, , r], s), r))
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
        resp = unit_label(resp), observed = mean(statistic(observed, at, w)),
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

# Squared distances of complete rows y (N x K) from the fit at the draw numbered s among `draws`, or
# from posterior means where rows were not fitted; see centres_of_check().
distance_of_check <- function(fit, rows, draws, fitted) {
  if (!fitted) {
    about <- residuals_about_fit(fit, rows)
    return(function(y, s) about$distance(y))
  }
  newdata <- if (length(rows) < fit$frame$n) training_data(fit)[rows, , drop = FALSE]
  e <- new_evaluation(fit, newdata, draws)
  function(y, s) {
    margins <- margins_of_block(e$margins, s)
    latent <- lapply(seq_len(ncol(y)), function(j) {
      through_margin(margins[[j]], matrix(y[, j], 1), to_latent)
    })
    w <- e$likelihood$whiten(latent, evaluation_block(e, s))
    as.vector(Reduce(`+`, lapply(w, function(w) w^2)))
  }
}

# distance: see distance_of_check(); that of the data is averaged over draws.
pp_distance_data <- function(fit, rows, replicates, distance, most = 400) {
  k <- length(fit$responses)
  n <- length(rows)
  at <- sort(unique(c(evenly_spaced(n, most), max(1, n - 50):n)))
  p <- (at - 0.5) / n
  y <- fit$frame$y[rows, , drop = FALSE]
  draws <- seq_len(dim(replicates)[1])
  total <- observed <- 0
  replicated <- matrix(0, length(at), length(draws))
  for (s in draws) {
    d <- distance(y, s)
    total <- total + d
    observed <- observed + sort(d)[at] / length(draws)
    replicated[, s] <- sort(distance(matrix(replicates[s, , ], n), s))[at]
  }
  limits <- apply(replicated, 1, stats::quantile, c(0.025, 0.975), names = FALSE)
  data.frame(
    probability = p, theoretical = stats::qchisq(p, k), observed = observed,
    lower = limits[1, ], upper = limits[2, ], row = row_ids(fit)[rows[order(total)[at]]]
  )
}
