# The verdict on a Gaussian of the coefficients that does not rest on importance weights, which fail
# where coefficients are many: what would a Newton step over fresh draws change
# (numeric-newton-check.R)? Asked at several smoothing sds of the draws, of the predictors at some
# of the cells.

# sds: points of the smoothing sds; pairs: of draws at each, in a round; rounds: the second where
# the first leaves Monte Carlo errors above `mcse`, further ones where the verdict is against the
# Gaussian, for what comes then is more expensive; cells: at which predictors are compared.
fresh_settings <- list(sds = 8L, pairs = 4L, rounds = 8L, cells = 25L, mcse = c(0.02, 0.01))

# list(shift: root mean square over predictors and cells, in posterior sds, without what chance
# adds; sd_ratio: the least and the largest of the predictors; mcse: Monte Carlo errors of both;
# predictors: data frame, a row a predictor, with the same by key; draws: how many it took).
# points: Gaussians of the coefficients given the smoothing sds, list(mean, chol_precision, ridge)
# each.
judge_gaussian <- function(model, points) {
  contrasts <- predictor_contrasts(model)
  changes <- lapply(contrasts, function(contrast) list(shift = NULL, log_sd = NULL))
  pairs <- fresh_settings$pairs * fresh_settings$sds / length(points)
  for (i in seq_len(fresh_settings$rounds)) {
    for (point in points) changes <- add_fresh_pairs(model, point, contrasts, changes, pairs)
    out <- fresh_verdict(changes)
    precise <- isTRUE(all(out$mcse <= fresh_settings$mcse)) # NaN where draws overflow
    if (precise || i == 2 && is_right_gaussian(out)) break
  }
  out$draws <- as.integer(2 * i * pairs * length(points))
  out
}

fresh_verdict <- function(changes) {
  by_key <- lapply(changes, summarise_changes)
  whole <- summarise_changes(list(
    shift = do.call(rbind, lapply(changes, `[[`, "shift")),
    log_sd = do.call(rbind, lapply(changes, `[[`, "log_sd"))
  ))
  predictors <- data.frame(
    key = names(changes), do.call(rbind, lapply(by_key, as.data.frame)), row.names = NULL
  )
  ratio_mcse <- if (nrow(predictors)) max(predictors$sd_ratio_mcse) else 0
  list(
    shift = whole$shift, sd_ratio = range(1, predictors$sd_ratio),
    mcse = c(whole$shift_mcse, ratio_mcse), predictors = predictors
  )
}

# By predictor with coefficients: list(mine (which coefficients), x (their columns at some cells)).
predictor_contrasts <- function(model) {
  keys <- intersect(model$keys, model$coefficients$key)
  names(keys) <- keys
  lapply(keys, function(key) {
    x <- model$core$x[[match(key, model$keys)]]
    # Models that are not cells keep one cell without rows: coefficients themselves stand there.
    some <- as.matrix(columns_of_cells(x, evenly_spaced(ncol(x), fresh_settings$cells)))
    x <- if (inherits(x, "covary_level_columns") || any(x != 0)) some
    mine <- which(model$coefficients$key == key)
    list(mine = mine, x = if (is.null(x)) diag(length(mine)) else x)
  })
}

# The Gaussians at some of the draws of the smoothing sds, log_tau (draws x smooths), of a
# surrogate.
surrogate_points <- function(model, surrogate, log_tau) {
  some_points(model, log_tau, function(log_tau, ridge) {
    chol_precision <- robust_chol(add_diagonal(surrogate$a, ridge))
    list(mean = solve_chol(chol_precision, surrogate$b), chol_precision = chol_precision)
  })
}

# The same of one Gaussian N(mean, cov) of coefficients and log smoothing sds together.
joint_points <- function(model, mean, cov, log_tau) {
  b <- seq_len(model$dim)
  precision <- solve_spd(cov)
  chol_precision <- cholesky(precision[b, b, drop = FALSE])
  cross <- precision[b, -b, drop = FALSE]
  some_points(model, log_tau, function(log_tau, ridge) {
    step <- solve_chol(chol_precision, as.vector(cross %*% (log_tau - mean[-b])))
    list(mean = mean[b] - step, chol_precision = chol_precision)
  })
}

some_points <- function(model, log_tau, gaussian_at) {
  rows <- if (model$n_sds) evenly_spaced(nrow(log_tau), fresh_settings$sds) else 1
  lapply(rows, function(i) {
    ridge <- penalty(model, log_tau[i, ])
    c(gaussian_at(log_tau[i, ], ridge), list(ridge = ridge))
  })
}

add_fresh_pairs <- function(model, point, contrasts, changes, pairs) {
  gradient <- function(beta) loglik_and_priors(model, beta, 1L)$gradient - point$ridge * beta
  fresh <- fresh_pairs(gradient, point$mean, point$chol_precision, pairs)
  cov <- covariance_of(point$chol_precision)
  Map(function(change, contrast) {
    of <- function(m) crossprod(contrast$x, m[contrast$mine, , drop = FALSE])
    sd <- sqrt(columns_variance(contrast$x, as.matrix(part_of_covariance(cov, contrast$mine))))
    new <- pair_changes(fresh, of, pmax(sd, .Machine$double.xmin))
    Map(cbind, change, new)
  }, changes, contrasts)
}

# The verdict where expectations are by cubature: by exact ones the Gaussian is what it should be.
judge_cubature <- function(model, points) {
  if (!has_exact_expectations(model)) judge_gaussian(model, points)
}

# The same, and where levels are so many that weighing all draws costs more than the fit.
judge_before_weights <- function(model, points, draws) {
  if (!has_exact_expectations(model) || has_costly_weights(model, draws)) {
    judge_gaussian(model, points)
  }
}

# Of effects by level, coefficients grow with the levels and log weights spread with them, though
# each coefficient is as good as ever: weights of all draws say less and cost more.
has_costly_weights <- function(model, draws) {
  !is.null(model$core$shape) && draws * seconds_per_draw(model) > costly_seconds
}

costly_seconds <- 1.5
