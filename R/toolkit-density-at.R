# Evaluation of any target, in C or in R, and how much of it there was.

# list(value (n), gradient (dim x n, if asked for)) at the rows of theta (n x dim). The likelihood
# is that of `rows` (NULL: all), multiplied by `scale`.
density_at <- function(target, theta, gradient = FALSE, rows = NULL, scale = 1) {
  count_reads(target, nrow(theta) * (1 + gradient), rows)
  guard_target(.Call(C_target, target, t(theta), rows, scale, gradient))
}

# Does a gradient come without the density? Only where the user gave a function for it.
has_own_gradient <- function(target) target$kind == "r" && identical(target$derivative, "given")

# list(value: n densities, gradient: dim x n) at the columns of theta (dim x n); `values = FALSE`:
# without the densities, where that halves the work.
look_at <- function(target, theta, values) {
  if (values || !has_own_gradient(target)) {
    return(density_at(target, t(theta), gradient = TRUE))
  }
  list(value = NULL, gradient = gradient_at(target, theta))
}

# Gradients alone, dim x n, at the columns of theta (dim x n): half of the work where the user gave
# a function for them.
gradient_at <- function(target, theta, rows = NULL, scale = 1) {
  if (!has_own_gradient(target)) {
    return(density_at(target, t(theta), TRUE, rows, scale)$gradient)
  }
  count_reads(target, ncol(theta), rows)
  out <- guard_target(vapply(seq_len(ncol(theta)), function(j) {
    target$evaluate(theta[, j], 2L, rows, scale)
  }, numeric(target$dim)))
  matrix(out, target$dim)
}

# While a fit runs, its copy of the target has a `meter`, an environment with the numbers of
# evaluations (density and gradient each) and of the rows that they read.
count_reads <- function(target, evaluations, rows) {
  meter <- target$meter
  if (is.null(meter)) {
    return(invisible())
  }
  all <- if (is.null(target$reads)) target$rows else target$reads
  each <- if (is.null(rows)) all else length(rows)
  meter$evaluations <- meter$evaluations + evaluations
  meter$rows <- meter$rows + evaluations * each
}

with_meter <- function(target) {
  target$meter <- list2env(list(evaluations = 0, rows = 0), parent = emptyenv())
  target
}

# The value of expr, in which a user's functions are called; an error in them becomes a typed one.
guard_target <- function(expr) {
  withCallingHandlers(expr, error = function(e) {
    # Limits of time and memory are no faults of the density.
    if (inherits(e, "covary_error") || is_limit(e)) {
      return()
    }
    stop_covary("target", "The log density failed: ", conditionMessage(e), ".",
      fields = list(parent = e)
    )
  })
}
