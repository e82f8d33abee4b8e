# Log smoothing sds under their surrogate posterior: by adaptive importance sampling, or by Gibbs
# sampling where they are too many for it (engine-gibbs.R).

# A sample of log tau (numeric-importance.R) with `best`, a proposal made from it. `before`: the
# sample of an earlier surrogate; the first is only good enough for the surrogate to move.
sample_sds <- function(surrogate, model, draws, inner, before = NULL) {
  is_first <- is.null(before)
  if (model$n_sds > importance_sds$most || !is.null(before$gibbs)) {
    start <- if (is_first) matrix(inner$log_tau, 1) else before$points
    return(gibbs_sds(surrogate, model, start, is_first))
  }
  sample <- weighed_sds(surrogate, model, draws, inner, before$best)
  limit <- if (is_first) khat_threshold() else importance_sds$khat
  if (has_exact_expectations(model) || isTRUE(sample$khat <= limit)) {
    return(sample)
  }
  start <- sample$points[resample(sample$weights, gibbs_settings$chains), , drop = FALSE]
  gibbs_sds(surrogate, model, start, is_first)
}

# By importance sampling. Without a proposal it starts from the mode.
weighed_sds <- function(surrogate, model, draws, inner, proposal) {
  log_density <- function(log_tau) surrogate_log_density(surrogate, model, log_tau)
  points <- sds_points(surrogate_cost(surrogate), draws)
  is_expensive <- points < 1000
  is_first <- is.null(proposal)
  df <- max(5, model$n_sds) # tails as heavy as in few dimensions would waste most draws in many
  n <- points
  if (is_first) {
    n <- min(points, 200L + 100L * model$n_sds)
    at <- surrogate_mode(surrogate, model, inner$log_tau)
    proposal <- new_t_proposal(at$mode, cap_covariance(at$precision), df = 4)
    if (!is_expensive) points <- min(points, 1000L)
  }
  sample <- importance_round(NULL, log_density, proposal, n)
  rounds <- if (is_expensive && is_first && sample$khat < khat_threshold()) 0 else 3
  for (i in seq_len(rounds)) {
    enough <- if (is_expensive || is_first) 250 else 0.5 * length(sample$weights)
    if (sample$khat < 0.5 && importance_ess(sample) > enough) break
    sample <- importance_round(sample, log_density, moment_proposal(sample, df), points)
  }
  sample$best <- moment_proposal(sample, df)
  sample
}

# Points a round. Each costs a Cholesky factor of the penalised coefficients, `cost`, and another
# where it is drawn: one for two draws, whose coefficients differ, and fewer where factors are
# expensive. 1000 for few draws too: the proposal learns its moments from them.
sds_points <- function(cost, draws) {
  as.integer(max(200, min(max(draws / 2, 1000), 3e9 / cost)))
}
