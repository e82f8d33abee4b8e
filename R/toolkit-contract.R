# What algorithms may ask of a target beyond its log density and gradient. The defaults are those of
# densities in R and of the teaching targets; regressions (toolkit-regression-target.R) know more,
# and models of covary() (covary-target.R) more again. Below, theta are dim free numbers, and mean
# (dim) and cov (dim x dim) those of a Gaussian of free numbers.

# Are expectations under Gaussians known in closed form?
has_expectations <- function(target) UseMethod("has_expectations")

#' @export
has_expectations.default <- function(target) FALSE

# Those expectations under N(mean, cov): list(value, gradient (dim), hessian (dim x dim)), of the
# log density and of its derivatives.
density_expect <- function(target, mean, cov) UseMethod("density_expect")

# Is there a part, the prior of smooths given their log sds, that is far from quadratic?
has_smooths <- function(target) UseMethod("has_smooths")

#' @export
has_smooths.default <- function(target) FALSE

# The expectations of that part alone, as density_expect() has them.
smooths_expect <- function(target, mean, cov) UseMethod("smooths_expect")

# The target of some rows alone (their numbers), whose log likelihood is multiplied by `scale`.
subsample_density <- function(target, rows, scale) UseMethod("subsample_density")

#' @export
subsample_density.default <- function(target, rows, scale) {
  evaluate <- function(theta, order, ...) {
    if (order == 2L) {
      return(target$evaluate(theta, order, rows, scale))
    }
    out <- .Call(C_target, target, theta, rows, scale, order > 0)
    c(out$value, out$gradient)
  }
  out <- target
  out$kind <- "r"
  out$evaluate <- evaluate
  out$rows <- 0L
  out$reads <- length(rows)
  out
}

# A snapshot, the control variate of minibatches: the log likelihood of every row at theta with its
# gradient (as large as the data), or NULL. Minibatches only estimate the difference from it.
take_snapshot <- function(target, theta) UseMethod("take_snapshot")

#' @export
take_snapshot.default <- function(target, theta) NULL

# The target as minibatches use it: with the snapshot, and without the prior of smooths, whose
# expectations smooths_expect() has.
with_snapshot <- function(target, snapshot) UseMethod("with_snapshot")

#' @export
with_snapshot.default <- function(target, snapshot) target

# Can minibatches of this target have snapshots?
has_snapshots <- function(target) UseMethod("has_snapshots")

#' @export
has_snapshots.default <- function(target) FALSE

# A Gaussian near the posterior to start from, list(mean, cov), or NULL where none is known.
gaussian_start <- function(target, progress) UseMethod("gaussian_start")

#' @export
gaussian_start.default <- function(target, progress) NULL

# The form of the target in which chains of NUTS move: list(target, start (as in nuts()), back:
# draws of that form (S x dim) to draws of the target, log_jacobian: of `back` at such draws (S)).
sampling_form <- function(target, start, progress) UseMethod("sampling_form")

#' @export
sampling_form.default <- function(target, start, progress) {
  list(target = target, start = start, back = identity, log_jacobian = function(theta) 0)
}
