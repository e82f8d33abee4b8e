# The pilot of a fit: the sub-model with constant standard deviations and correlation, and
# approximate log sds by the log sds' own columns given its residuals. It bounds the likelihood
# (model-bound.R) and is where the full model starts: from there no spike is near.

# Smoothing sds of the log sds of the pilot
pilot_log_tau <- -1.5

# Rounds of means given log sds and log sds given means, until no log sd moves by more than
# `pilot_change`: where sds span decades, the first round's means are those of the rows with large
# sds.
pilot_rounds <- 6
pilot_change <- 0.5

# list(mean (d: start for all coefficients), cov (without smooths alone), log_sd (k x m, by cell,
# standardised), cor, log_tau (of the means))
fit_pilot <- function(target) {
  k <- length(target$standard$scale)
  sub <- constant_spread(target)
  log_sd <- NULL
  for (i in seq_len(pilot_rounds)) {
    fit <- pilot_means(sub)
    squares <- expected_squares(sub, fit)
    regressions <- lapply(seq_len(k), function(j) {
      mine <- which(target$coefficients$key == sd_keys(target)[j])
      log_variance_regression(target, k + j, mine, squares$second[j, ], squares$n[j, ])
    })
    before <- log_sd
    log_sd <- do.call(rbind, lapply(regressions, `[[`, "log_sd"))
    if (max(abs(log_sd - if (is.null(before)) rowMeans(log_sd) else before)) < pilot_change) break
    sub$core$offset[k + seq_len(k), ] <- log_sd
    sub$start <- c(fit$mean[sub$means], 0 * fit$mean[!sub$means])
  }
  start <- target$start
  start[target$means] <- fit$mean[sub$means]
  for (j in seq_len(k)) {
    start[target$coefficients$key == sd_keys(target)[j]] <-
      regressions[[j]]$coefficients
  }
  pairs <- target$keys[target$roles == "correlation"]
  for (i in which(sub$coefficients$key %in% pairs)) {
    own <- target$coefficients$class == "Intercept" &
      target$coefficients$key == sub$coefficients$key[i]
    start[own] <- fit$mean[i]
  }
  list(
    mean = start, cov = if (target$n_sds == 0) pilot_covariance(target, sub, fit), log_sd = log_sd,
    cor = pilot_correlation(sub, fit, pairs), log_tau = fit$log_tau
  )
}

# k x k; known predictors count as zero.
pilot_correlation <- function(sub, fit, pairs) {
  constants <- function(keys) {
    at <- match(keys, sub$coefficients$key)
    ifelse(is.na(at), 0, fit$mean[at])
  }
  predicted_correlations(
    model_likelihood(sub), sum(sub$roles == "mean"), constants(pairs),
    constants(sub$keys[sub$roles == "sd"])
  )
}

# What the pilot knows of all coefficients: means as in the sub-model, the others by their expected
# information.
pilot_covariance <- function(target, sub, fit) {
  n <- pmax(cell_weights(target$core$cells, target$core$likelihood$responses), 0)
  observed <- target$core$observed
  seen <- if (!is.null(observed)) is_observed(observed, sum(target$roles == "mean"))
  out <- matrix(0, target$dim, target$dim)
  out[target$means, target$means] <- fit$cov[sub$means, sub$means]
  for (j in which(target$roles != "mean")) {
    mine <- which(target$coefficients$key == target$keys[j])
    if (length(mine) == 0) next
    x <- target$core$x[[j]]
    rows <- if (is.null(seen)) n else n * (colSums(!seen[target$units[[j]], , drop = FALSE]) == 0)
    precision <- pilot_precision(target, mine) +
      columns_gram(x, target$information[j] * rows)
    out[mine, mine] <- chol2inv(robust_chol(precision))
  }
  out
}

# Gaussian of the means given the spread. Many rows need no more than the mode at moderate smoothing
# sds.
pilot_means <- function(sub) {
  if (has_few_rows(sub) || sub$n_sds == 0) {
    return(fit_inner(sub, quiet_progress))
  }
  log_tau <- rep(-1, sub$n_sds)
  mode <- newton_mode(sub, penalty(sub, log_tau), tolerance = start_tolerance)
  list(mean = mode$mean, cov = covariance_of(mode$chol_precision), log_tau = log_tau)
}

quiet_progress <- list(tick = function(...) NULL, keep = function(...) NULL)

# The target with one constant in place of the columns of each log sd and rhobit that is not known.
constant_spread <- function(target) {
  model <- target$core
  k <- model$likelihood$responses
  q <- length(model$x)
  spread <- seq_len(q)[-seq_len(k)]
  free <- spread[vapply(model$x[spread], nrow, 0L) > 0]
  model$x[free] <- list(matrix(1, 1, model$size$cells))
  means <- which(target$means)
  d <- length(means) + length(free)
  sds <- max(0L, target$coefficients$sd[means])
  priors <- target$constant_priors[free]
  model$size[c("coefficients", "smooths")] <- list(d, sds)
  model$group <- c(model$group[means], integer(length(free)))
  model$family <- c(model$family[means], vapply(priors, `[[`, 0L, "code"))
  model$prior <- cbind(
    model$prior[, means, drop = FALSE],
    vapply(priors, `[[`, numeric(3), "par")
  )
  model$joint <- Filter(function(block) all(block$at <= length(means)), model$joint)
  model$sd_family <- model$sd_family[seq_len(sds)]
  model$sd_prior <- model$sd_prior[, seq_len(sds), drop = FALSE]
  start <- c(target$start[means], numeric(length(free)))
  pairs <- target$roles[free] == "correlation"
  start[length(means) + which(pairs)] <- target$constant_start[free[pairs]]
  new_model(
    model, list(key = c(target$coefficients$key[means], target$keys[free])),
    target$sds[seq_len(sds), ],
    start = start, means = seq_len(d) <= length(means), scales = target$scales,
    predictors = target[
      c("keys", "units", "roles", "information", "constant_priors", "likelihood")
    ]
  )
}

# list(n, second), k x m: counts of rows, and expected squares of the residuals, summed over
# the rows of each cell. The variance of the mean counts too, so that a row which the mean runs
# through does not look like one without spread.
expected_squares <- function(target, fit) {
  k <- target$core$likelihood$responses
  moments <- standard_moments(target$core$cells, k, target$core$observed)
  from <- 0
  for (j in seq_len(k)) {
    at <- from + seq_len(nrow(target$core$x[[j]]))
    from <- from + length(at)
    x <- target$core$x[[j]]
    mean <- target$core$offset[j, ] + columns_times(x, fit$mean[at])
    variance <- columns_variance(x, part_of_covariance(fit$cov, at))
    moments$second[j, ] <- moments$second[j, ] - 2 * mean * moments$first[j, ] +
      moments$n[j, ] * (mean^2 + variance)
  }
  moments[c("n", "second")]
}

# Log sds of predictor j given squares of residuals (m, summed over the n (m) rows of each cell), by
# Fisher scoring over its coefficients, whose places among all are `mine`, of
#   sum(-n s - squares exp(-2 s) / 2) - penalty,
# whose log sds are smooth however few the rows. list(coefficients, log_sd (m))
log_variance_regression <- function(target, j, mine, squares, n) {
  x <- target$core$x[[j]]
  offset <- target$core$offset[j, ]
  if (length(mine) == 0) {
    return(list(coefficients = numeric(), log_sd = offset))
  }
  level <- 0.5 * log(max(sum(squares * exp(-2 * offset)), 1e-300) / sum(n))
  centre <- level * target$constant[mine]
  b <- centre
  information <- columns_gram(x, 2 * n)
  ridge <- as_shaped(pilot_precision(target, mine), information)
  chol_precision <- robust_chol(ridge + information)
  value <- function(b) {
    s <- offset + columns_times(x, b)
    away <- b - centre
    sum(-n * s - 0.5 * squares * exp(-2 * s)) - 0.5 * sum(away * symmetric_times(ridge, away))
  }
  now <- value(b)
  for (i in 1:15) {
    s <- offset + columns_times(x, b)
    slope <- columns_sum(x, squares * exp(-2 * s) - n) - symmetric_times(ridge, b - centre)
    step <- solve_chol(chol_precision, slope)
    size <- 1
    while (size > 1e-3 && !isTRUE(value(b + size * step) > now)) size <- size / 2
    if (size <= 1e-3) break
    b <- b + size * step
    before <- now
    now <- value(b)
    if (now - before < 1e-3) break
  }
  list(coefficients = b, log_sd = offset + columns_times(x, b))
}

# Precision of the penalty of the coefficients at the places `mine` of all: that of the default
# priors, whatever the coding, and of fixed smoothing sds.
pilot_precision <- function(target, mine) {
  penalised <- target$core$group[mine] > 0
  out <- diag(ifelse(penalised, exp(-2 * pilot_log_tau), 1 / prior_spread^2), length(mine))
  for (block in target$core$joint) {
    at <- match(block$at, mine)
    if (!anyNA(at)) out[at, at] <- block$precision
  }
  out
}
