# The draws of the nested engine, weighed against the exact posterior and resampled.
#
# First as many Gaussian draws as are wanted. Where their weights are uneven (few rows, tails
# heavier than Gaussian) Student-t draws are added and all are weighed against the mixture.

# Without smooths: one Gaussian, then a t that adapts; more draws than wanted where they are cheap.
weigh_gaussian <- function(target, inner, draws, info, control, progress) {
  proposal <- new_t_proposal(inner$mean, inner$cov, df = Inf)
  first <- affordable_draws(target, draws, seconds = 0.2, most = 4)
  beta <- draw_t_proposal(proposal, first)
  lq <- log_t_proposal(proposal, beta)
  some <- seq_len(draws)
  none <- matrix(0, draws, 0)
  progress$keep(list(beta = beta[some, , drop = FALSE], t = none))
  note <- skip_weights(target, beta, function(rows) 0, lq, control, progress)
  if (!is.null(note)) {
    beta <- draw_t_proposal(proposal, draws)
    return(unweighted(beta, none, log_t_proposal(proposal, beta), info, note))
  }
  log_density <- function(beta) target_base_draws(target, beta, progress)
  sample <- importance_round(NULL, log_density, proposal, first, points = beta)
  if (!is.null(target$pilot) && target$scales$n < defensive_rows * target$dim) {
    # A row of high leverage makes two modes, with it on the mean or not; one Gaussian knows of one.
    wide <- new_t_proposal(target$pilot$mean, target$pilot$cov * 4, df = 4)
    sample <- importance_round(sample, log_density, wide, max(draws, 4000L))
  }
  for (i in 1:4) {
    if (!uneven(sample, draws)) break
    best <- if (i == 1) {
      new_t_proposal(inner$mean, inner$cov * 1.2, df = 5)
    } else {
      moment_proposal(sample)
    }
    sample <- importance_round(
      sample, log_density, best,
      affordable_draws(target, draws, seconds = 0.1, most = 10)
    )
  }
  out <- resample_draws(
    sample$points, matrix(0, nrow(sample$points), 0), sample$log_p,
    sample$log_q, sample, draws, info
  )
  match_moments(out, sample, log_density)
}

# Rows a coefficient below which draws around the pilot join those of the Gaussian.
defensive_rows <- 50

# Resampling adds noise to moments that the weighted sample knows better; an affine map of the
# resampled draws takes it away (Paananen, Piironen, Buerkner and Vehtari 2021). The map is close to
# the identity.
match_moments <- function(out, sample, log_density) {
  n <- nrow(out$beta)
  d <- ncol(out$beta)
  if (n <= 4 * d + 10) {
    return(out)
  }
  goal <- moments(sample$points, sample$weights / (1 - sum(sample$weights^2)))
  have <- moments(out$beta, rep(1 / (n - 1), n))
  roots <- attempt(list(goal = chol(goal$cov), have = chol(have$cov)))
  if (is.null(roots)) {
    return(out)
  }
  z <- backsolve(roots$have, t(out$beta) - have$mean, transpose = TRUE)
  out$beta <- t(crossprod(roots$goal, z) + goal$mean)
  out$lp <- log_density(out$beta)
  sample$points <- out$beta
  out$lq <- log_mixture(sample)
  out
}

# With smooths: the Gaussian of the coefficients changes with t; its tails are made heavier by the
# radius of the noise (defensive importance sampling, Hesterberg 1995).
weigh_nested <- function(target, surrogate, sds, draws, info, control, progress) {
  propose <- nested_proposal(surrogate, sds)
  noise <- matched_noise(draws, target$dim)
  sample <- propose(noise)
  progress$keep(sample[c("beta", "t")])
  prior <- function(rows) {
    t <- sample$t[rows, , drop = FALSE]
    log_smooth_prior(target, sample$beta[rows, , drop = FALSE], t) + log_sd_prior(target, t)
  }
  note <- skip_weights(target, sample$beta, prior, sample$lq, control, progress)
  if (!is.null(note)) {
    return(unweighted(sample$beta, sample$t, sample$lq, info, note))
  }
  sample$lp <- target_base_draws(target, sample$beta, progress) + prior(TRUE)
  gap <- sample$lp - sample$lq
  info[c("elbo", "elbo_mcse")] <- monte_carlo_elbo(gap)
  w <- psis(gap)
  if (uneven(w, draws)) {
    sample$square <- rowSums(noise^2)
    sample <- add_stretched(
      sample, target, propose,
      affordable_draws(target, draws, seconds = 0.1, most = 10), progress
    )
    w <- psis(sample$lp - sample$lq)
  }
  if (max(w$khat, sds$khat) > khat_threshold(draws) && control$importance != "never") {
    moved <- move_draws(target, surrogate, sample, w, draws, progress)
    if (!is.null(moved)) {
      return(moved_draws(moved, gap, sds$log_mean, w, info))
    }
  }
  resample_draws(sample$beta, sample$t, sample$lp, sample$lq, w, draws, info)
}

# The result of draws that were moved by Markov chains (engine-slice-moves.R). gap: log ratios at
# the draws they come from.
moved_draws <- function(moved, gap, log_mean, w, info) {
  info$khat <- c(info$khat, coefficients = w$khat)
  info$log_evidence <- bridge_constant(gap, moved$gap + log_mean)
  info$importance_ess <- importance_ess(w)
  info$efficiency <- info$importance_ess / length(w$weights)
  info$resampled <- TRUE
  info$moves <- list(
    sweeps = moved$sweeps, chains = slice_chains, memory = moved$memory,
    error = moved$error
  )
  list(
    beta = moved$beta, t = moved$t, lp = moved$lp, lq = moved$lp - moved$gap - log_mean,
    info = info
  )
}

resample_draws <- function(beta, t, lp, lq, w, draws, info) {
  info$khat <- c(info$khat, coefficients = w$khat)
  info$log_evidence <- w$log_mean
  info$importance_ess <- importance_ess(w)
  info$efficiency <- info$importance_ess / length(w$weights)
  info$resampled <- TRUE
  rows <- sample(resample(w$weights, draws))
  list(
    beta = beta[rows, , drop = FALSE], t = t[rows, , drop = FALSE], lp = lp[rows], lq = lq[rows],
    info = info
  )
}

unweighted <- function(beta, t, lq, info, note) {
  info$khat <- c(info$khat, coefficients = NA_real_)
  info$note <- as.vector(note)
  info$log_evidence <- attr(note, "log_evidence")
  if (is.null(info$elbo)) info[c("elbo", "elbo_mcse")] <- attributes(note)[c("elbo", "elbo_mcse")]
  list(beta = beta, t = t, lp = lq, lq = lq, info = info)
}

# Mean log ratio and its standard error; NA where rare draws make up the mean, for then it is far
# off and need not be a bound.
monte_carlo_elbo <- function(gap) {
  mcse <- stats::sd(gap) / sqrt(length(gap))
  if (isTRUE(mcse < 1)) {
    list(elbo = mean(gap), elbo_mcse = mcse)
  } else {
    list(elbo = NA_real_, elbo_mcse = NA_real_)
  }
}

importance_ess <- function(w) 1 / sum(w$weights^2)

uneven <- function(w, draws) {
  ess <- importance_ess(w)
  ess < 0.5 * draws || (w$khat > 0.5 && ess < nearly_equal * length(w$weights))
}

# Weights this even need no correction; their tail index says nothing then.
nearly_equal <- 0.98

add_stretched <- function(sample, target, propose, n, progress) {
  law <- list(df = max(4, target$dim / 4), scale = 1.1, d = target$dim)
  z <- matched_noise(n, law$d) * sqrt(law$df / stats::rchisq(n, law$df)) * law$scale
  more <- propose(z)
  more$square <- rowSums(z^2)
  more$lp <- target_base_draws(target, more$beta, progress) +
    log_smooth_prior(target, more$beta, more$t) +
    log_sd_prior(target, more$t)
  out <- Map(function(a, b) if (is.matrix(a)) rbind(a, b) else c(a, b), sample, more[names(sample)])
  # lq is that of Gaussian noise; the mixture multiplies it by share + (1 - share) * ratio.
  ratio <- radial_log_ratio(law, out$square)
  share <- nrow(sample$beta) / nrow(out$beta)
  top <- pmax(ratio, 0)
  out$lq <- out$lq + top + log(share * exp(-top) + (1 - share) * exp(ratio - top))
  out
}

# Log density of the t relative to the standard normal, by the squared length of the noise.
radial_log_ratio <- function(law, square) {
  df <- law$df
  d <- law$d
  lgamma((df + d) / 2) - lgamma(df / 2) - 0.5 * d * log(df / 2) - d * log(law$scale) -
    0.5 * (df + d) * log1p(square / (df * law$scale^2)) + 0.5 * square
}

# As many draws as take about so long, between those wanted and a multiple of them; even.
affordable_draws <- function(target, draws, seconds, most) {
  as.integer(2 * ceiling(min(max(seconds / draw_seconds(target), draws), most * draws) / 2))
}

# The likelihood is Gaussian in the coefficients up to O(N^-1/2); where a probe of 200 draws shows
# that weights would not matter, the passes over many cells are spared. prior: a function of the
# rows of beta.
skip_weights <- function(target, beta, prior, lq, control, progress) {
  if (control$importance == "never") {
    return("importance weights switched off")
  }
  if (control$importance == "always" || max(target$model$size$cells, target$rows) < 20000L) {
    return(NULL)
  }
  some <- seq_len(min(200, nrow(beta)))
  ratio <- target_base_draws(target, beta[some, , drop = FALSE], progress) + prior(some) - lq[some]
  spread <- stats::sd(ratio)
  # Passes over rows are dear and sd 0.5 leaves four fifths of the draws.
  if (!is.finite(spread) || spread >= (if (is.null(target$rows_engine) && is.null(target$blocks)) {
    0.1
  } else {
    0.5
  })) {
    return(NULL)
  }
  structure(sprintf("log weights of %d draws have sd %.3f; not needed", length(some), spread),
    elbo = mean(ratio),
    elbo_mcse = spread / sqrt(length(some)), log_evidence = psis(ratio)$log_mean
  )
}
