# Log smoothing sds under their surrogate posterior by Gibbs sampling, where they are too many for
# importance sampling, or its weights too uneven: coefficients given the sds by one Cholesky factor,
# then each sd given its coefficients, and again with its coefficients in proportion to it (Yu and
# Meng 2011), without which sds near zero hardly move. No pass over the data, nothing to tune.

# Importance sampling serves so many sds, and where expectations are by cubature, with a khat up to
# this.
importance_sds <- list(most = 20L, khat = 0.5)

# chains; sweeps left out at the start, and kept at least, of each; points that are kept of all, as
# many as `flops` allow between the least and the most, and as many again while they have not mixed,
# up to `rounds` times; proposals of the bridge to the normalising constant. Coefficients are drawn
# at as many of the points as are kept in one round.
gibbs_settings <- list(
  chains = 16L, warmup = 20L, least = 960L, most = 4000L, flops = 6e10, first = 0.25,
  rounds = 3L, bridge = 256L
)

# A sample as numeric-importance.R has it, with equal weights and no khat, and `gibbs`:
# list(chains, sweeps, rhat). start: n x smooths, where chains begin. The first sample, from which
# the surrogate moves, may be smaller.
gibbs_sds <- function(surrogate, model, start, is_first) {
  s <- gibbs_settings
  surrogate <- as_dense_surrogate(surrogate)
  n <- length(surrogate$b_p)
  points <- min(max(s$flops / (n^3 / 3 + 1), s$least), s$most) * if (is_first) s$first else 1
  sweeps <- ceiling(points / s$chains)
  log_tau <- start[rep_len(seq_len(nrow(start)), s$chains), , drop = FALSE]
  log_tau <- gibbs_sweeps(surrogate, model, log_tau, s$warmup)$last
  kept <- NULL
  for (i in seq_len(s$rounds)) {
    run <- gibbs_sweeps(surrogate, model, log_tau, sweeps)
    log_tau <- run$last
    kept <- Map(rbind, kept, run[c("points", "log_p")])
    if (length(kept) == 0) kept <- run[c("points", "log_p")]
    rhat <- largest_rhat(kept$points, s$chains)
    if (is_first || rhat <= gibbs_rhat) break
  }
  out <- list(
    points = kept$points, log_p = as.vector(kept$log_p),
    weights = rep(1 / nrow(kept$points), nrow(kept$points)), khat = NA_real_,
    gibbs = list(chains = s$chains, sweeps = nrow(kept$points) / s$chains, rhat = rhat)
  )
  out$log_mean <- if (is_first) NA_real_ else gibbs_constant(surrogate, model, out)
  thin_sample(out, points)
}

# Evenly spaced points of a sample with equal weights, at most so many.
thin_sample <- function(sample, most) {
  at <- evenly_spaced(length(sample$weights), most)
  sample$points <- sample$points[at, , drop = FALSE]
  sample$log_p <- sample$log_p[at]
  sample$weights <- rep(1 / length(at), length(at))
  sample
}

# list(points (a row a chain and sweep, chains fastest), log_p (a column: their log density), last)
gibbs_sweeps <- function(surrogate, model, log_tau, sweeps) {
  chains <- nrow(log_tau)
  points <- vector("list", sweeps)
  log_p <- points
  for (i in seq_len(sweeps)) {
    noise <- matrix(stats::rnorm(chains * model$dim), chains)
    drawn <- surrogate_draws(surrogate, log_tau, noise)
    points[[i]] <- log_tau
    log_p[[i]] <- cbind(log_surrogate_joint(surrogate, model, drawn$beta, log_tau) -
      drawn$log_density)
    log_tau <- move_sds(model, t(drawn$beta), log_tau)
    log_tau <- rescale_sds(surrogate, model, t(drawn$beta[, surrogate$p, drop = FALSE]), log_tau)
  }
  list(points = do.call(rbind, points), log_p = do.call(rbind, log_p), last = log_tau)
}

# Log smoothing sds (chains x smooths) moved together with their coefficients b (penalised x
# chains), the unpenalised integrated out: b_g <- f b_g, log tau_g <- log tau_g + log f, whose
# density along log f is that of a parabola in f and of the prior of the sd. Steps of three sizes,
# each accepted by its ratio (Metropolis).
rescale_sds <- function(surrogate, model, b, log_tau) {
  chains <- ncol(b)
  slope <- surrogate$b_p - surrogate$a_p %*% b
  for (g in seq_len(model$n_sds)) {
    on <- which(surrogate$group == g)
    own <- b[on, , drop = FALSE]
    square <- colSums(own * (surrogate$a_p[on, on, drop = FALSE] %*% own))
    linear <- colSums(own * slope[on, , drop = FALSE]) + square
    density <- function(log_f) {
      exp(log_f) * linear - exp(2 * log_f) * square / 2 +
        one_sd_prior(model, g, log_tau[, g] + log_f)
    }
    at <- numeric(chains)
    now <- density(at)
    for (size in rescale_sizes) {
      to <- at + size * stats::rnorm(chains)
      new <- density(to)
      accepted <- log(stats::runif(chains)) < new - now
      at[accepted %in% TRUE] <- to[accepted %in% TRUE]
      now[accepted %in% TRUE] <- new[accepted %in% TRUE]
    }
    log_tau[, g] <- log_tau[, g] + at
    moved <- own * rep(expm1(at), each = length(on))
    b[on, ] <- own + moved
    slope <- slope - surrogate$a_p[, on, drop = FALSE] %*% moved
  }
  log_tau
}

rescale_sizes <- c(2, 0.7, 0.25)

# Log density of coefficients and smoothing sds together under the surrogate, a number a draw.
log_surrogate_joint <- function(surrogate, model, beta, log_tau) {
  as.vector(beta %*% surrogate$b) - 0.5 * rowSums((beta %*% surrogate$a) * beta) +
    log_smooth_prior(model, beta, log_tau) + log_sd_prior(model, log_tau)
}

# The log of the constant by which log_p is too large, by a bridge from the Gaussian with the
# moments of the points.
gibbs_constant <- function(surrogate, model, sample) {
  at <- moments(sample$points, sample$weights)
  proposal <- new_t_proposal(at$mean, at$cov + diag(1e-8, length(at$mean)), df = Inf)
  points <- draw_t_proposal(proposal, gibbs_settings$bridge)
  bridge_constant(
    surrogate_log_density(surrogate, model, points) - log_t_proposal(proposal, points),
    sample$log_p - log_t_proposal(proposal, sample$points)
  )
}
