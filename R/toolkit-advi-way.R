# The way of a full-rank or low-rank fit to where its natural-gradient steps begin.

step_climb_full <- function(target, setup, state) {
  state$climb <- climb(target, state$climb)
  state$loss <- climb_loss(state)
  if (state$climb$ended) leave_climb_full(target, setup, state) else state
}

# From the top with the curvature there, or, where the ELBO is lower than at the start, by the
# mean-field family from the start.
leave_climb_full <- function(target, setup, state) {
  noise <- stratified_pairs(few_pairs, target$dim)
  start <- list(mean = state$mean, sd = state$sd)
  top <- if (state$climb$reached) {
    laplace_at(target, state$climb$theta, climb_sds(target, state$climb))
  }
  if (is_better_top(target, top, start, noise)) {
    state$mean <- top$mean
    state$cov <- crossprod(top$chol_cov)
    return(start_newton(target, setup, state))
  }
  start$noise <- noise
  state$few <- enter_diagonal(shrink_diagonal(target, start), "few")
  state$phase <- "few"
  state
}

# The curvature at theta from differences of gradients that reach a tenth of an sd: list(mean,
# chol_cov), or NULL where it is not finite
laplace_at <- function(target, theta, sd) {
  d <- length(theta)
  step <- 0.1 * sd
  g <- gradient_at(target, theta + cbind(diag(step, d), diag(-step, d)))
  h <- (g[, d + seq_len(d), drop = FALSE] - g[, seq_len(d), drop = FALSE]) /
    rep(2 * step, each = d)
  if (!all(is.finite(h))) {
    return(NULL)
  }
  # in units of the sds, in which few eigenvalues are small
  h <- (h + t(h)) / 2 * outer(sd, sd)
  list(mean = theta, chol_cov = chol(chol2inv(robust_chol(h, least = 1e-4)) * outer(sd, sd)))
}

step_few <- function(target, setup, state) {
  state$few <- step_pairs(target, state$few, 1e-4)
  state$loss <- state$few$loss
  if (!state$few$left) {
    return(state)
  }
  state$mean <- state$few$mean
  state$cov <- diag(state$few$sd^2, target$dim)
  # where the mode is no place to start from, curvature changes much over the posterior
  state$hard <- TRUE
  start_newton(target, setup, state)
}
