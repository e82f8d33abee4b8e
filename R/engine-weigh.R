# Draws weighed against the exact posterior and resampled.
#
# First as many draws of the approximation as are wanted. Where their weights are uneven (few rows,
# tails heavier than Gaussian) draws with heavier tails are added, and all are weighed against the
# mixture.
#
# Where expectations are by cubature coefficients may be many. Weights are taken then only where
# they leave half of the draws; else the draws stay as they are, and fresh ones say whether the
# Gaussian is right (engine-fresh-draws.R).

# Rows a coefficient below which draws around the pilot join those of the Gaussian.
defensive_rows <- 50

# Where the weights of a first round leave less than this share of the draws, no further round
# helps.
hopeless <- 0.1

# Without smooths: one Gaussian, then a t that adapts; more draws than wanted where they are cheap.
weigh_gaussian <- function(model, inner, draws, info, control, progress) {
  proposal <- new_t_proposal(inner$mean, inner$cov, df = Inf)
  first <- affordable_draws(model, draws, seconds = 0.2, most = 4)
  beta <- draw_t_proposal(proposal, first)
  lq <- log_t_proposal(proposal, beta)
  some <- seq_len(draws)
  none <- matrix(0, draws, 0)
  progress$keep(list(beta = beta[some, , drop = FALSE], log_tau = none))
  note <- skip_weights(model, beta, function(rows) 0, lq, control, progress)
  if (!is.null(note)) {
    beta <- draw_t_proposal(proposal, draws)
    lp <- log_t_proposal(proposal, beta) + known_gap(note)
    return(unweighted(beta, none, lp, info, note))
  }
  log_density <- function(beta) loglik_and_priors_draws(model, beta, progress)
  sample <- importance_round(NULL, log_density, proposal, first, points = beta)
  as_they_are <- function() {
    beta <- draw_t_proposal(proposal, draws)
    without_weights(list(beta = beta, log_tau = none, lp = log_density(beta)), sample, info)
  }
  is_hopeless <- importance_ess(sample) < hopeless * draws
  if (is_hopeless && is_right_without_weights(sample, draws, info, control)) {
    return(as_they_are())
  }
  sample <- add_proposals(sample, model, inner, draws, log_density)
  if (has_useless_weights(sample, draws, info, control)) {
    return(as_they_are())
  }
  resample_matched(sample, draws, info, log_density)
}

# Further rounds of heavier tails, while the weights are uneven.
add_proposals <- function(sample, model, inner, draws, log_density) {
  if (!is.null(model$pilot) && model$scales$n < defensive_rows * model$dim) {
    # A row of high leverage makes two modes, with it on the mean or not; one Gaussian knows of one.
    wide <- new_t_proposal(model$pilot$mean, model$pilot$cov * 4, df = 4)
    sample <- importance_round(sample, log_density, wide, max(draws, 4000L))
  }
  for (i in 1:4) {
    if (!are_uneven(sample, draws)) break
    best <- if (i == 1) {
      new_t_proposal(inner$mean, inner$cov * 1.2, df = 5)
    } else {
      moment_proposal(sample)
    }
    n <- affordable_draws(model, draws, seconds = 0.1, most = 10)
    sample <- importance_round(sample, log_density, best, n)
  }
  sample
}

# Draws by their weights, moved to the weighted means and sds where that is possible.
resample_matched <- function(sample, draws, info, log_density) {
  all <- list(
    beta = sample$points, log_tau = matrix(0, nrow(sample$points), 0), lp = sample$log_p,
    lq = sample$log_q
  )
  out <- resample_draws(all, sample, draws, info)
  moved <- match_moments(out$beta, sample)
  if (!is.null(moved)) {
    out$beta <- sample$points <- moved
    out$lp <- log_density(moved)
    out$lq <- log_mixture(sample)
  }
  out
}

# `all`: list(beta, log_tau, lp, lq); w: their weights, as psis() gives them.
resample_draws <- function(all, w, draws, info) {
  rows <- group_repeats(resample(w$weights, draws))
  new_engine_result(
    all$beta[rows, , drop = FALSE], all$log_tau[rows, , drop = FALSE], all$lp[rows], all$lq[rows],
    c(add_khat(info, w), list(log_evidence = w$log_mean), weight_info(w))
  )
}

# In random order, but repeats stand together: so the autocorrelation of draws tells their effective
# number to everything that estimates it, such as posterior::summarise_draws().
group_repeats <- function(rows) {
  distinct <- unique(rows)
  distinct <- distinct[sample.int(length(distinct))]
  distinct[sort(match(rows, distinct))]
}

add_khat <- function(info, w) replace(info, "khat", list(c(info$khat, coefficients = w$khat)))

weight_info <- function(w) {
  ess <- importance_ess(w)
  list(importance_ess = ess, efficiency = ess / length(w$weights), resampled = TRUE)
}

# From the log density of the draws to that of the posterior and the data, on average, where a probe
# told it.
known_gap <- function(note) if (is.null(note$elbo)) 0 else note$elbo

# Draws that are not weighed; `note`: list(text, khat, log_evidence, ...). No weights are to be
# applied later either, which is what equal `lp` and `lq` say.
unweighted <- function(beta, log_tau, lp, info, note) {
  info$khat <- c(info$khat, coefficients = note$khat)
  info$note <- note$text
  info$log_evidence <- note$log_evidence
  if (is.null(info$elbo)) info <- c(info, note[intersect(c("elbo", "elbo_mcse"), names(note))])
  new_engine_result(beta, log_tau, lp, lp, info)
}

# Do the weights w leave less than half of so many draws, or fail, of a Gaussian that was judged
# (`info$fresh`)?
has_useless_weights <- function(w, draws, info, control) {
  if (is.null(info$fresh) || control$importance == "always") {
    return(FALSE)
  }
  importance_ess(w) < 0.5 * draws || w$khat > khat_threshold(draws)
}

is_right_without_weights <- function(w, draws, info, control) {
  has_useless_weights(w, draws, info, control) && is_right_gaussian(info$fresh)
}

# Draws that tell whether the others need to be weighed.
weight_probe <- 500L

# Weights of some of the draws where they show that those of all would be of no use, list(log_ratio,
# weights), so that the others are spared the likelihood; NULL where all are to be weighed.
# log_ratio_of: a function of the numbers of the draws; is_costly: are all left aside where the
# Gaussian was judged right (has_costly_weights())?
useless_probe <- function(log_ratio_of, draws, info, control, is_costly = FALSE) {
  all_wanted <- control$importance == "always" || draws < 2 * weight_probe
  if (all_wanted || !is_right_gaussian(info$fresh)) {
    return(NULL)
  }
  log_ratio <- log_ratio_of(evenly_spaced(draws, weight_probe))
  weights <- psis(log_ratio)
  if (is_costly || has_useless_weights(weights, weight_probe, info, control)) {
    list(log_ratio = log_ratio, weights = weights)
  }
}

# Draws of a Gaussian, list(beta, log_tau, lp), whose weights w are of no use, or too costly: then
# those of the probe may do for the evidence.
without_weights <- function(sample, w, info, is_costly = FALSE) {
  ess <- importance_ess(w)
  known <- is_costly && ess >= 100 && w$khat <= khat_threshold(length(w$weights))
  note <- list(
    text = paste0(
      "weights would leave ", round(ess), " of ", length(w$weights), " draws and are not applied",
      if (!known) "; log evidence is not known: compare models by loo()"
    ),
    khat = w$khat, log_evidence = if (known) w$log_mean else NA_real_
  )
  unweighted(sample$beta, sample$log_tau, sample$lp, info, note)
}

# Mean log ratio and its standard error; NA where rare draws make up the mean, for then it is far
# off and need not be a bound.
monte_carlo_elbo <- function(log_ratio) {
  mcse <- stats::sd(log_ratio) / sqrt(length(log_ratio))
  if (isTRUE(mcse < 1)) {
    list(elbo = mean(log_ratio), elbo_mcse = mcse)
  } else {
    list(elbo = NA_real_, elbo_mcse = NA_real_)
  }
}

# As many draws as take about so long, between those wanted and a multiple of them; even.
affordable_draws <- function(model, draws, seconds, most) {
  as.integer(2 * ceiling(min(max(seconds / seconds_per_draw(model), draws), most * draws) / 2))
}

# Cells or rows from which on it is worth while to ask whether weights would matter.
probe_from <- 20000L

# The likelihood is Gaussian in the coefficients up to O(N^-1/2); where a probe of 200 draws shows
# that weights would not matter, the passes over many cells are spared. prior: a function of the
# rows of beta. NULL (weigh), or list(text, elbo, elbo_mcse, log_evidence).
skip_weights <- function(model, beta, prior, lq, control, progress) {
  if (control$importance == "never") {
    return(list(text = "importance weights switched off", khat = NA_real_))
  }
  if (control$importance == "always" || max(model$core$size$cells, model$rows) < probe_from) {
    return(NULL)
  }
  some <- seq_len(min(200, nrow(beta)))
  ratio <- loglik_and_priors_draws(model, beta[some, , drop = FALSE], progress) +
    prior(some) - lq[some]
  spread <- stats::sd(ratio)
  if (!is.finite(spread) || spread >= negligible_spread(model)) {
    return(NULL)
  }
  list(
    text = sprintf("log weights of %d draws have sd %.3f; not needed", length(some), spread),
    khat = NA_real_,
    elbo = mean(ratio), elbo_mcse = spread / sqrt(length(some)), log_evidence = psis(ratio)$log_mean
  )
}
