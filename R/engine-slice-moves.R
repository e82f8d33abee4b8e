# Draws that importance weights cannot correct, moved to the posterior by Markov chains: many short
# ones, from the best of the weighed draws on. A sweep is an elliptical slice move of the
# coefficients given the smoothing sds (src/ellipse.h), then the smoothing sds given the
# coefficients. It goes on until the chains have forgotten where they began, which is the verdict.

slice_chains <- 400L
slice_sweeps <- c(least = 40L, block = 20L, most = 240L)
slice_seconds <- 10 # the most it may take, about

# Correlation with the start, over coefficients and their squares, that counts as forgotten: what is
# left of an error at the start. How far the chains have come times that is an estimate of the error
# now, in posterior sds.
slice_memory <- 0.15
slice_error <- 0.05

# A Gaussian wider than the posterior makes longer moves.
slice_width <- 2

# `sample`: weighed draws list(beta, t), `w` their weights. list(beta, t, lp, gap, sweeps, memory,
# error), `draws` rows each, or NULL where it would take too long.
move_draws <- function(target, surrogate, sample, w, draws, progress) {
  if (slice_cost(target, surrogate) * slice_chains * slice_sweeps[["least"]] > slice_seconds) {
    return(NULL)
  }
  wide <- new_surrogate(
    target, numeric(target$dim),
    list(hessian = -surrogate$a / slice_width, gradient = surrogate$b / slice_width)
  )
  at <- resample(w$weights, slice_chains)
  state <- list(beta = t(sample$beta[at, , drop = FALSE]), t = sample$t[at, , drop = FALSE])
  state$gap <- .Call(C_gap, target$model, wide$a, wide$b, state$beta)
  first <- chain_values(state)
  most <- min(
    slice_sweeps[["most"]],
    slice_seconds / (slice_cost(target, surrogate) * slice_chains)
  )
  done <- 0
  forget <- function(sweeps) {
    for (i in seq_len(sweeps)) {
      state <<- slice_sweep(target, wide, state)
      progress$tick("moving draws", done / most)
      done <<- done + 1
    }
  }
  forget(slice_sweeps[["least"]])
  verdict <- chain_verdict(first, chain_values(state))
  while (!has_forgotten(verdict) && done + slice_sweeps[["block"]] <= most) {
    forget(slice_sweeps[["block"]])
    verdict <- chain_verdict(first, chain_values(state))
  }
  kept <- list()
  every <- max(1, round(done / 20))
  for (i in seq_len(ceiling(draws / slice_chains))) {
    forget(every)
    kept <- c(kept, list(state))
  }
  rows <- sample.int(length(kept) * slice_chains, draws)
  beta <- t(do.call(cbind, lapply(kept, `[[`, "beta")))[rows, , drop = FALSE]
  t <- do.call(rbind, lapply(kept, `[[`, "t"))[rows, , drop = FALSE]
  lp <- target_base_draws(target, beta) + log_smooth_prior(target, beta, t) +
    log_sd_prior(target, t)
  gap <- as.vector(.Call(C_gap, target$model, surrogate$a, surrogate$b, t(beta)))
  c(list(beta = beta, t = t, lp = lp, gap = gap, sweeps = done), verdict)
}

# Seconds of one sweep of one chain, about: a factor of the penalised coefficients, predictors at
# three corners and densities at half a dozen points.
slice_cost <- function(target, surrogate) {
  m <- target$model$size$cells
  1e-9 * (length(surrogate$b_p)^3 / 2 + m * (3 * target$dim + 200) + 8 * target$dim^2) + 5e-6
}

slice_sweep <- function(target, wide, state) {
  chains <- ncol(state$beta)
  d <- nrow(state$beta)
  # The centre of the Gaussian given the sds is its draw without noise.
  noise <- matrix(0, 2 * chains, d)
  moved <- seq(1, 2 * chains, by = 2)
  noise[moved, ] <- stats::rnorm(chains * d)
  drawn <- surrogate_draws(
    wide, state$t[rep(seq_len(chains), each = 2), , drop = FALSE],
    noise
  )$beta
  uniform <- matrix(stats::runif(42 * chains), 42)
  new <- .Call(
    C_ellipse, target$model, wide$a, wide$b, t(drawn[moved + 1, , drop = FALSE]),
    t(drawn[moved, , drop = FALSE]), uniform,
    state$beta, state$gap
  )
  list(beta = new$beta, gap = new$gap, t = move_sds(target, new$beta, state$t))
}

# Log smoothing sds given the coefficients (d x chains): for a flat prior of log tau, tau^2 is
# inverse gamma; its draws are accepted by the ratio of the priors (Metropolis and Hastings).
move_sds <- function(target, beta, t, rounds = 2) {
  for (i in seq_len(rounds)) {
    for (g in seq_len(target$n_sds)) {
      on <- which(target$model$group == g)
      square <- colSums(beta[on, , drop = FALSE]^2)
      new <- t
      new[, g] <- 0.5 * (log(square / 2) - log(stats::rgamma(nrow(t), length(on) / 2)))
      ratio <- one_sd_prior(target, g, new[, g]) - one_sd_prior(target, g, t[, g])
      accepted <- log(stats::runif(nrow(t))) < ratio
      t[accepted %in% TRUE, g] <- new[accepted %in% TRUE, g]
    }
  }
  t
}

# list(memory, error (posterior sds))
chain_verdict <- function(before, now) {
  memory <- chain_memory(before, now)
  sd <- column_sds(now) + 1e-300
  moved <- ((colMeans(now) - colMeans(before)) / sd)^2 - 2 / nrow(now)
  list(memory = memory, error = sqrt(max(mean(moved), 0)) * memory)
}

has_forgotten <- function(verdict) {
  isTRUE(verdict$memory <= slice_memory && verdict$error <= slice_error)
}

# Coefficients and log smoothing sds, a row a chain
chain_values <- function(state) cbind(t(state$beta), state$t)

# Root mean square correlation, over the chains, of where they were and where they are, and of the
# squares of both around their means, less what chance makes of it.
chain_memory <- function(before, now) {
  standard <- function(x) {
    x <- sweep(x, 2, colMeans(x))
    sweep(x, 2, sqrt(colMeans(x^2)) + 1e-300, "/")
  }
  correlation <- function(a, b) colMeans(standard(a) * standard(b))
  r <- c(correlation(before, now), correlation(standard(before)^2, standard(now)^2))
  sqrt(max(mean(r^2) - 1 / nrow(before), 0))
}

# log of the ratio of two normalising constants by bridge sampling (Meng and Wong 1996), from log
# ratios of the densities at draws of both.
bridge_constant <- function(at_proposal, at_posterior) {
  shift <- stats::median(at_posterior)
  one <- at_proposal - shift
  two <- at_posterior - shift
  share <- length(two) / (length(one) + length(two))
  log_ratio <- 0
  for (i in 1:200) {
    top <- 1 / (share + (1 - share) * exp(log_ratio - one))
    bottom <- exp(-two) / (share + (1 - share) * exp(log_ratio - two))
    new <- log(mean(top[!is.na(top)])) - log(mean(bottom))
    if (!is.finite(new)) {
      return(NA_real_)
    }
    if (abs(new - log_ratio) < 1e-8) break
    log_ratio <- new
  }
  new + shift
}
