# The default engine: smoothing sds outside, coefficients inside, importance sampling at both
# levels.

engine_nested <- function(model, draws, control, progress) {
  # Noise, draws, and these on the user's scale; others on the way
  reserve_memory(8 * 5 * draws * model$dim)
  inner <- fit_inner(model, progress)
  if (model$n_sds == 0) {
    info <- c(fit_info(inner), list(elbo = inner$elbo, elbo_mcse = 0))
    surrogate <- new_surrogate(model, inner$mean, inner$at)
    info$fresh <- judge_cubature(model, surrogate_points(model, surrogate, matrix(0, 1, 0)))
    return(weigh_gaussian(model, inner, draws, info, control, progress))
  }
  surrogate <- new_surrogate(model, inner$mean, inner$at)
  sds <- sample_sds(surrogate, model, draws, inner)
  # The surrogate is best where the posterior of the sds has its mass: build it there.
  inner <- fit_inner(model, progress, log_tau = colSums(sds$points * sds$weights), start = inner)
  surrogate <- new_surrogate(model, inner$mean, inner$at)
  sds <- sample_sds(surrogate, model, draws, inner, before = sds)
  info <- c(fit_info(inner), list(khat = sds_khat(sds), gibbs = sds$gibbs))
  info$converged <- info$converged && (is.null(sds$gibbs) || sds$gibbs$rhat < gibbs_rhat)
  weigh_nested(model, list(surrogate = surrogate, sds = sds), draws, info, control, progress)
}

sds_khat <- function(sds) if (is.null(sds$gibbs)) c(smoothing = sds$khat) else numeric()

fit_info <- function(inner) inner[c("converged", "iterations", "trace")]

# Turns noise z (n x d) into list(beta, log_tau, lq): log_tau from the weighed sample `sds`, beta
# given log_tau from the surrogate.
nested_proposal <- function(surrogate, sds) {
  function(z) {
    at <- resample(sds$weights, nrow(z))
    log_tau <- sds$points[at, , drop = FALSE]
    given <- surrogate_draws(surrogate, log_tau, z)
    list(
      beta = given$beta, log_tau = log_tau,
      lq = sds$log_p[at] - sds$log_mean + given$log_density
    )
  }
}

# Draws of both levels (`level`: list(surrogate, sds)) weighed against the posterior; where weights
# fail, or are of no use to a Gaussian that is not right, moved by Markov chains.
weigh_nested <- function(model, level, draws, info, control, progress) {
  propose <- nested_proposal(level$surrogate, level$sds)
  noise <- matched_noise(draws, model$dim, model$core$shape$head)
  sample <- propose(noise)
  progress$keep(sample[c("beta", "log_tau")])
  points <- surrogate_points(model, level$surrogate, sample$log_tau)
  info$fresh <- judge_before_weights(model, points, draws)
  prior <- function(rows) {
    log_tau <- sample$log_tau[rows, , drop = FALSE]
    log_smooth_prior(model, sample$beta[rows, , drop = FALSE], log_tau) +
      log_sd_prior(model, log_tau)
  }
  note <- skip_weights(model, sample$beta, prior, sample$lq, control, progress)
  if (!is.null(note)) {
    return(unweighted(sample$beta, sample$log_tau, sample$lq + known_gap(note), info, note))
  }
  log_ratio_of <- function(rows) {
    loglik_and_priors_draws(model, sample$beta[rows, , drop = FALSE], progress) + prior(rows) -
      sample$lq[rows]
  }
  is_costly <- has_costly_weights(model, draws)
  probe <- useless_probe(log_ratio_of, draws, info, control, is_costly)
  if (!is.null(probe)) {
    info[c("elbo", "elbo_mcse")] <- monte_carlo_elbo(probe$log_ratio)
    sample$lp <- sample$lq + mean(probe$log_ratio)
    return(without_weights(sample, probe$weights, info, is_costly))
  }
  log_ratio <- log_ratio_of(seq_len(draws))
  sample$lp <- log_ratio + sample$lq
  info[c("elbo", "elbo_mcse")] <- monte_carlo_elbo(log_ratio)
  w <- psis(log_ratio)
  as_they_are <- sample
  if (is_right_without_weights(w, draws, info, control)) {
    return(without_weights(as_they_are, w, info))
  }
  if (are_uneven(w, draws)) {
    n <- affordable_draws(model, draws, seconds = 0.1, most = 10)
    sample <- add_defensive(c(sample, list(square = rowSums(noise^2))), model, propose, n, progress)
    w <- psis(sample$lp - sample$lq)
  }
  fail <- max(w$khat, sds_khat(level$sds)) > khat_threshold(draws) ||
    has_useless_weights(w, draws, info, control) && !is_right_gaussian(info$fresh)
  if (fail && control$importance != "never") {
    moved <- move_draws(model, level$surrogate, sample, w, draws, progress)
    if (!is.null(moved)) {
      return(moved_result(moved, log_ratio, level$sds$log_mean, w, info))
    }
  }
  if (has_useless_weights(w, draws, info, control)) {
    return(without_weights(as_they_are, w, info))
  }
  resample_draws(sample, w, draws, info)
}

# The result of draws that were moved by Markov chains (engine-slice-moves.R). log_ratio: at the
# draws they come from; log_mean: log constant of the surrogate.
moved_result <- function(moved, log_ratio, log_mean, w, info) {
  evidence <- bridge_constant(log_ratio, moved$gap + log_mean)
  info <- c(add_khat(info, w), list(log_evidence = evidence), weight_info(w))
  info$moves <- moved[intersect(c("sweeps", "chains", "memory", "error", "far"), names(moved))]
  lq <- moved$lp - moved$gap - log_mean
  new_engine_result(moved$beta, moved$log_tau, moved$lp, lq, info)
}

# The sample and n draws more whose noise has heavier tails; lq becomes that of the mixture. The
# Gaussian of the coefficients changes with log tau, so tails are made heavier by the radius of the
# noise.
add_defensive <- function(sample, model, propose, n, progress) {
  law <- new_radial_t(model$dim)
  z <- draw_radial_t(law, n)
  more <- propose(z)
  more$square <- rowSums(z^2)
  more$lp <- log_joint_draws(model, more$beta, more$log_tau, progress)
  out <- Map(function(a, b) if (is.matrix(a)) rbind(a, b) else c(a, b), sample, more[names(sample)])
  # The proposals' own lq is that of standard normal noise.
  share <- nrow(sample$beta) / nrow(out$beta)
  out$lq <- out$lq + radial_mixture_log_ratio(law, out$square, share)
  out
}
