# Adaptive importance sampling of the log smoothing sds under their surrogate posterior.
# A first multivariate t around the mode is followed by one with the moments it found; all points
# are weighed against the mixture of both (Owen and Zhou 2000), which bounds the weights.

sample_sds <- function(surrogate, target, draws, inner, proposal = NULL) {
  budget <- sds_budget(length(surrogate$b_p), draws)
  if (is.null(proposal)) {
    at <- surrogate_mode(surrogate, target, inner$t)
    first <- new_t_proposal(at$mode, cap_covariance(at$precision), df = 4)
    rounds <- list(list(first, min(budget, 200L + 100L * target$n_sds)))
    budget <- min(budget, 1000L)
  } else {
    rounds <- list(list(proposal$best, min(budget, 200L + 50L * target$n_sds)))
  }
  sample <- importance_round(surrogate, target, rounds)
  for (i in 1:3) {
    best <- new_t_proposal(sample$mean, sample$cov * 1.1, df = 5)
    rounds <- c(rounds, list(list(best, budget)))
    sample <- importance_round(surrogate, target, rounds, sample)
    if (sample$khat < 0.5) break
  }
  sample$best <- best
  sample
}

# Each point costs a Cholesky factor of the penalised coefficients: fewer points where that is dear.
sds_budget <- function(n, draws) {
  as.integer(max(200, min(draws, 2e10 / (n^3 / 3 + 1))))
}

# Adds the points of the newest round and weighs all of them.
importance_round <- function(surrogate, target, rounds, earlier = NULL) {
  newest <- rounds[[length(rounds)]]
  points <- rbind(earlier$points, draw_t_proposal(newest[[1]], newest[[2]]))
  fresh <- seq_len(nrow(points)) > NROW(earlier$points)
  log_p <- c(earlier$log_p, surrogate_log_density(surrogate, target, points[fresh, , drop = FALSE]))
  sizes <- vapply(rounds, function(r) as.double(r[[2]]), 0)
  each <- vapply(rounds, function(r) log_t_proposal(r[[1]], points), numeric(nrow(points)))
  top <- apply(each, 1, max)
  log_q <- top + log(as.vector(exp(each - top) %*% (sizes / sum(sizes))))
  w <- psis(log_p - log_q)
  mean <- colSums(points * w$weights)
  centred <- sweep(points, 2, mean)
  list(points = points, log_p = log_p, weights = w$weights, khat = w$khat, log_mean = w$log_mean,
    mean = mean, cov = crossprod(centred, centred * w$weights) + diag(1e-6, ncol(points)))
}

# Covariance from a precision that may be flat or indefinite: sds between 0.02 and 2.
cap_covariance <- function(precision) {
  e <- eigen(precision, symmetric = TRUE)
  variance <- pmin(pmax(1 / pmax(e$values, 1e-8), 4e-4), 4)
  e$vectors %*% (variance * t(e$vectors))
}

new_t_proposal <- function(mean, cov, df) list(mean = mean, root = chol(cov), df = df)

draw_t_proposal <- function(p, n) {
  z <- matched_noise(n, length(p$mean))
  stretch <- sqrt(p$df / stats::rchisq(n, p$df))
  sweep((z * stretch) %*% p$root, 2, p$mean, "+")
}

log_t_proposal <- function(p, points) {
  n <- length(p$mean)
  z <- backsolve(p$root, t(points) - p$mean, transpose = TRUE)
  lgamma((p$df + n) / 2) - lgamma(p$df / 2) - 0.5 * n * log(p$df * pi) - sum(log(diag(p$root))) -
    0.5 * (p$df + n) * log1p(colSums(z^2) / p$df)
}
