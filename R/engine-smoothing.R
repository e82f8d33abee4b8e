# Log smoothing sds under their surrogate posterior, by adaptive importance sampling.

# Without a proposal a rough sample from around the mode, good enough to make one from.
sample_sds <- function(surrogate, target, draws, inner, proposal = NULL) {
  log_density <- function(t) surrogate_log_density(surrogate, target, t)
  budget <- sds_budget(length(surrogate$b_p), draws)
  first <- min(budget, 200L + 100L * target$n_sds)
  dear <- budget < 1000
  rounds <- 3
  df <- max(5, target$n_sds) # tails as heavy as in few dimensions would waste most draws in many
  rough <- is.null(proposal)
  if (rough) {
    at <- surrogate_mode(surrogate, target, inner$t)
    proposal <- new_t_proposal(at$mode, cap_covariance(at$precision), df = 4)
    if (!dear) budget <- min(budget, 1000L)
  } else {
    proposal <- proposal$best
    first <- budget
  }
  sample <- importance_round(NULL, log_density, proposal, first)
  if (dear && rough && sample$khat < 0.7) rounds <- 0
  for (i in seq_len(rounds)) {
    if (sample$khat < 0.5 &&
      importance_ess(sample) > (if (dear) 250 else 0.5 * length(sample$weights))) {
      break
    }
    sample <- importance_round(sample, log_density, moment_proposal(sample, df), budget)
  }
  sample$best <- moment_proposal(sample, df)
  sample
}

# Each point costs a Cholesky factor of the penalised coefficients, and another where it is drawn:
# one for two draws, whose coefficients differ, and fewer where that is dear. 1000 for few draws
# too: the proposal learns its moments from them.
sds_budget <- function(n, draws) {
  as.integer(max(200, min(max(draws / 2, 1000), 3e9 / (n^3 / 3 + 1))))
}

# Covariance from a precision that may be flat or indefinite: sds between 0.02 and 2.
cap_covariance <- function(precision) {
  e <- eigen(precision, symmetric = TRUE)
  variance <- pmin(pmax(1 / pmax(e$values, 1e-8), 4e-4), 4)
  e$vectors %*% (variance * t(e$vectors))
}
