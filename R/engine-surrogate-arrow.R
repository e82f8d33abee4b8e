# The smoothing level where the coefficients have the shape of an arrow (src/surrogate_arrow.h):
# each level is eliminated on its own, the unpenalised coefficients stay in the head.

# a: arrow; b, group: d
new_arrow_surrogate <- function(a, b, group) {
  structure(class = c("covary_arrow_surrogate", "covary_surrogate"), list(
    a = a, b = b, group = group,
    # what the integral over the unpenalised coefficients has besides the determinant
    constant = 0.5 * sum(group == 0) * log(2 * pi)
  ))
}

#' @export
surrogate_marginals.covary_arrow_surrogate <- function(s, log_tau, order) {
  .Call(C_arrow_marginal, s$a, s$b, s$group, log_tau, order, 2L)
}

# By polynomials (src/surrogate_levels.h) the head costs some twenty of its squares to fill, and
# then a factor; levels cost theirs alone.
#' @export
surrogate_cost.covary_arrow_surrogate <- function(s) {
  head <- length(s$a$shape$head)
  20 * head^2 + head^3 / 3 + length(s$a$shape$level) * nrow(s$a$shape$level)^2 / 3
}

#' @export
surrogate_draws.covary_arrow_surrogate <- function(s, log_tau, z) {
  .Call(C_arrow_draws, s$a, s$b, s$group, t(log_tau), z, 2L)
}

# Effects of all levels together are the constant, those of two factors both: directions without
# curvature get as much as is beneath all rounding, for every prior of theirs has more.
#' @export
concave_part.covary_arrow <- function(h, means) {
  for (more in c(0, 1e-10 * max(abs(diagonal(h))))) {
    precision <- add_diagonal(h, more)
    if (is_well_conditioned(chol_or_null(precision))) {
      return(precision)
    }
  }
  robust_factor(without_cross_blocks(h, means), least = hidden_precision)$precision
}

# All the way to the mode, which is cheap here.
#' @export
scoring_step.covary_arrow_surrogate <- function(s, model, log_tau) {
  surrogate_mode(s, model, log_tau)$mode - log_tau
}

# Gibbs sampling (engine-gibbs.R) moves sds with the other coefficients integrated out, which makes
# levels meet.
#' @export
as_dense_surrogate.covary_arrow_surrogate <- function(s) {
  new_dense_surrogate(as.matrix(s$a), s$b, s$group)
}
