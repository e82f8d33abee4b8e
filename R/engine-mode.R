# The mode of the coefficients at fixed smoothing sds.

# Of log p(y | beta) + log p(unpenalised beta) - sum(penalty * beta^2) / 2. list(mean,
# chol_precision: upper Cholesky factor of the precision; base: value, gradient and Hessian
# without the penalty at the mode, value: with it, converged, iterations)
newton_mode <- function(
  target, penalty, start = target$start, tolerance = 1e-10, max_iterations = 200L
) {
  evaluate <- function(beta) {
    base <- loglik_and_priors(target, beta)
    hessian <- base$hessian
    diag(hessian) <- diag(hessian) - penalty
    list(
      value = base$value - 0.5 * sum(penalty * beta^2), gradient = base$gradient - penalty * beta,
      hessian = hessian, base = base
    )
  }
  mode <- newton_maximum(
    evaluate, start, function(h) ascent_chol(h, target$means), tolerance, max_iterations
  )
  list(
    mean = mode$x, chol_precision = mode$chol_precision, base = mode$at$base,
    value = mode$at$value, converged = mode$converged, iterations = mode$iterations
  )
}
