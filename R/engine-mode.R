# The mode of the coefficients at fixed smoothing sds.

# The maximum of log p(y | beta) + log p(unpenalised beta) - sum(penalty * beta^2) / 2. list(mean,
# chol_precision: upper Cholesky factor of the precision; value at the mode; without_penalty: value,
# gradient and Hessian there without the penalty; converged, iterations)
newton_mode <- function(
  target, penalty, start = target$start, tolerance = 1e-10, max_iterations = 200L
) {
  evaluate <- function(beta) {
    part <- loglik_and_priors(target, beta)
    hessian <- add_diagonal(part$hessian, -penalty)
    list(
      value = part$value - 0.5 * sum(penalty * beta^2), gradient = part$gradient - penalty * beta,
      hessian = hessian, without_penalty = part
    )
  }
  mode <- newton_maximum(
    evaluate, start, function(h) ascent_chol(h, target$means), tolerance, max_iterations
  )
  list(
    mean = mode$x, chol_precision = mode$chol_precision,
    without_penalty = mode$at$without_penalty,
    value = mode$at$value, converged = mode$converged, iterations = mode$iterations
  )
}
