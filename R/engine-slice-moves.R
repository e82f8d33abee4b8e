# Draws that importance weights cannot correct, moved to the posterior by Markov chains: many short
# ones, from the best of the weighed draws on. A sweep is an elliptical slice move of the
# coefficients given the smoothing sds (src/ellipse.h), then a draw of the smoothing sds given the
# coefficients. Sweeps go on until the chains have forgotten where they began (numeric-chains.R).
# Tails that no chain has reached are looked for by chains that begin far out.

# `cubature`: where expectations are by cubature sds are more and chains forget more slowly, so
# there are half as many, which may take longer.
slice_settings <- list(
  chains = 400L,
  least = 40L, block = 20L, most = 240L, # sweeps: first, between looks, at most
  seconds = 10, # the most that all sweeps may take, about
  width = 2, # a Gaussian wider than the posterior makes longer moves
  far = list(chains = 100L, away = 4), # and how many times as far from the mean they begin
  cubature = list(chains = 200L, seconds = 20)
)

slice_settings_of <- function(model) {
  if (has_exact_expectations(model)) {
    return(slice_settings)
  }
  utils::modifyList(slice_settings, slice_settings$cubature)
}

# `sample`: weighed draws list(beta, log_tau), `w` their weights. list(beta, log_tau, lp, gap (log
# ratio of the likelihood and its surrogate); sweeps, chains, memory, error), `draws` rows each of
# the first four, or NULL where it would take too long.
move_draws <- function(model, surrogate, sample, w, draws, progress) {
  s <- slice_settings_of(model)
  seconds <- slice_cost(model, surrogate) * s$chains
  if (seconds * s$least > s$seconds) {
    return(NULL)
  }
  wide <- new_surrogate(
    model, numeric(model$dim),
    list(hessian = -surrogate$a / s$width, gradient = surrogate$b / s$width)
  )
  at <- resample(w$weights, s$chains)
  state <- list(
    beta = t(sample$beta[at, , drop = FALSE]), log_tau = sample$log_tau[at, , drop = FALSE]
  )
  wide$dense <- as.matrix(wide$a)
  state$gap <- .Call(C_gap, model$core, wide$dense, wide$b, state$beta)
  first <- chain_values(state)
  most <- min(s$most, s$seconds / seconds)
  done <- 0
  sweep_on <- function(sweeps) {
    for (i in seq_len(sweeps)) {
      state <<- slice_sweep(model, wide, state)
      progress$tick("moving draws", done / most)
      done <<- done + 1
    }
  }
  sweep_on(s$least)
  verdict <- chain_verdict(first, chain_values(state))
  while (!has_forgotten(verdict) && done + s$block <= most) {
    sweep_on(s$block)
    verdict <- chain_verdict(first, chain_values(state))
  }
  kept <- list()
  every <- max(1, round(done / 20))
  for (i in seq_len(ceiling(draws / s$chains))) {
    sweep_on(every)
    kept <- c(kept, list(state))
  }
  rows <- sample.int(length(kept) * s$chains, draws)
  beta <- t(do.call(cbind, lapply(kept, `[[`, "beta")))[rows, , drop = FALSE]
  log_tau <- do.call(rbind, lapply(kept, `[[`, "log_tau"))[rows, , drop = FALSE]
  lp <- log_joint_draws(model, beta, log_tau)
  gap <- as.vector(.Call(C_gap, model$core, as.matrix(surrogate$a), surrogate$b, t(beta)))
  moved <- list(beta = beta, log_tau = log_tau, lp = lp, gap = gap)
  if (has_forgotten(verdict)) verdict$far <- far_gap(model, wide, state, done, s$far)
  c(moved, list(sweeps = done, chains = s$chains), verdict)
}

# Chains that began far out, after as many sweeps: how far the mean of a quantity is from that of
# the others, at most, in posterior sds (chain_gap()). It stays large where a tail is wider than
# the chains that began near the mode have seen.
far_gap <- function(model, wide, state, sweeps, far) {
  some <- seq_len(far$chains)
  centre <- rowMeans(state$beta)
  out <- list(
    beta = centre + far$away * (state$beta[, some, drop = FALSE] - centre),
    log_tau = state$log_tau[some, , drop = FALSE]
  )
  out$gap <- .Call(C_gap, model$core, wide$dense, wide$b, out$beta)
  there <- which(is.finite(out$gap))
  if (length(there) < length(some) / 2) {
    return(0)
  }
  out <- list(
    beta = out$beta[, there, drop = FALSE], log_tau = out$log_tau[there, , drop = FALSE],
    gap = out$gap[there]
  )
  for (i in seq_len(sweeps)) out <- slice_sweep(model, wide, out)
  chain_gap(chain_values(out), chain_values(state))
}

# Seconds of one sweep of one chain, about: a factor of the penalised coefficients, predictors at
# three corners and densities at half a dozen points.
slice_cost <- function(model, surrogate) {
  m <- model$core$size$cells
  1e-9 * (1.5 * surrogate_cost(surrogate) + m * (3 * model$dim + 200) + 8 * model$dim^2) + 5e-6
}

# state: beta (d x chains), log_tau (chains x smooths), gap (chains).
slice_sweep <- function(model, wide, state) {
  chains <- ncol(state$beta)
  d <- nrow(state$beta)
  # The centre of the Gaussian given the sds is its draw without noise.
  noise <- matrix(0, 2 * chains, d)
  moved <- seq(1, 2 * chains, by = 2)
  noise[moved, ] <- stats::rnorm(chains * d)
  twice <- rep(seq_len(chains), each = 2)
  drawn <- surrogate_draws(wide, state$log_tau[twice, , drop = FALSE], noise)$beta
  uniform <- matrix(stats::runif(42 * chains), 42)
  new <- .Call(
    C_ellipse, model$core, wide$dense, wide$b, t(drawn[moved + 1, , drop = FALSE]),
    t(drawn[moved, , drop = FALSE]), uniform,
    state$beta, state$gap
  )
  list(beta = new$beta, gap = new$gap, log_tau = move_sds(model, new$beta, state$log_tau))
}

# Log smoothing sds given the coefficients (d x chains): for a flat prior of log tau, tau^2 is
# inverse gamma; its draws are accepted by the ratio of the priors (Metropolis and Hastings).
move_sds <- function(model, beta, log_tau, rounds = 2) {
  for (i in seq_len(rounds)) {
    for (g in seq_len(model$n_sds)) {
      on <- which(model$core$group == g)
      square <- colSums(beta[on, , drop = FALSE]^2)
      new <- log_tau
      new[, g] <- 0.5 *
        (log(square / 2) - log(stats::rgamma(nrow(log_tau), length(on) / 2)))
      ratio <- one_sd_prior(model, g, new[, g]) - one_sd_prior(model, g, log_tau[, g])
      accepted <- log(stats::runif(nrow(log_tau))) < ratio
      log_tau[accepted %in% TRUE, g] <- new[accepted %in% TRUE, g]
    }
  }
  log_tau
}

# chains x (d + smooths): coefficients and log smoothing sds.
chain_values <- function(state) cbind(t(state$beta), state$log_tau)
