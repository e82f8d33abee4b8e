# Evaluation of log densities written in R: value and gradient by the free numbers. In this file and
# in toolkit-differences.R
#   user    what target_density() was given: list(density, gradient, prior, prior_gradient, rows)
#   theta   dim free numbers
#   rows    numbers of the rows that count, NULL for all
#   scale   what the log likelihood of these rows is multiplied by

# The field `evaluate` of a target, function(theta, order, rows, scale), as r_target_r.c calls it.
# It returns the log density with log Jacobian (order 0), that and the gradient (order 1: 1 + dim
# numbers), or the gradient alone (order 2). `derivative`: "given", "complex" or "central".
new_evaluate <- function(user, target, derivative) {
  value <- log_joint(user, target)
  checked <- function(theta, rows, scale) check_real(value(theta, rows, scale), target, theta)
  gradient <- switch(derivative,
    given = given_gradient(user, target),
    complex = complex_gradient(value),
    central = central_gradient(value)
  )
  function(theta, order, rows = NULL, scale = 1) {
    if (order == 2L) {
      return(gradient(theta, rows, scale))
    }
    f <- checked(theta, rows, scale)
    if (order == 0L) {
      return(f)
    }
    c(f, gradient(theta, rows, scale, f))
  }
}

# Log density with log Jacobian and, where there are rows, log prior: function(theta, rows, scale),
# theta real or complex.
log_joint <- function(user, target) {
  all_rows <- seq_len(user$rows)
  plain <- is_plain(target)
  names <- target$parameters
  function(theta, rows = NULL, scale = 1) {
    if (plain) {
      x <- theta
      names(x) <- names
      f <- 0
    } else {
      u <- matrix(theta, 1)
      x <- constrain(target, u)[1, ]
      names(x) <- names
      f <- log_jacobian(target, u)
    }
    if (user$rows == 0) {
      return(f + one_number(user$density(x), "The log density", x))
    }
    if (!is.null(user$prior)) f <- f + one_number(user$prior(x), "The log prior", x)
    likelihood <- user$density(x, if (is.null(rows)) all_rows else rows)
    f + scale * one_number(likelihood, "The log density", x)
  }
}

# The result f of a user's function at the parameters x. NA may stand for a number.
one_number <- function(f, what, x) {
  if ((is.numeric(f) || is.complex(f) || (is.logical(f) && is.na(f[1]))) && length(f) == 1) {
    return(f)
  }
  stop_covary(
    "target", what, " must be one number, not ", describe(f), ", at ",
    paste0(names(x), " = ", format(Re(x), digits = 4), collapse = ", "), "."
  )
}

# At real parameters a density is real.
check_real <- function(f, target, theta) {
  if (is.complex(f)) {
    x <- constrain(target, matrix(theta, 1))[1, ]
    stop_covary(
      "target", "The log density must be one real number, not ", describe(f), ", at ",
      paste0(target$parameters, " = ", format(x, digits = 4), collapse = ", "), "."
    )
  }
  as.double(f)
}

# The gradient by the free numbers, from the user's by the parameters. The last argument of all
# gradients, the log density at theta, is not needed here.
given_gradient <- function(user, target) {
  all_rows <- seq_len(user$rows)
  plain <- is_plain(target)
  size <- length(target$parameters)
  function(theta, rows = NULL, scale = 1, here = NULL) {
    x <- if (plain) theta else constrain(target, matrix(theta, 1))[1, ]
    names(x) <- target$parameters
    g <- if (user$rows == 0) {
      check_slopes(user$gradient(x), "The gradient", size)
    } else {
      of_rows <- user$gradient(x, if (is.null(rows)) all_rows else rows)
      scale * check_slopes(of_rows, "The gradient", size)
    }
    if (!is.null(user$prior_gradient)) {
      g <- g + check_slopes(user$prior_gradient(x), "The gradient of the prior", size)
    }
    if (plain) g else pullback(target, theta, g)
  }
}

# The result of a user's gradient: `size` numbers, NA among them, without names or dimensions.
check_slopes <- function(g, what, size) {
  if (!(is.numeric(g) || (is.logical(g) && all(is.na(g))))) {
    stop_covary("target", what, " must hold numbers, not ", describe(g), ".")
  }
  if (length(g) != size) {
    stop_covary(
      "target", what, " must hold a number for each parameter, ", size, ", not ",
      length(g), "."
    )
  }
  as.double(g)
}

# The gradient by the free numbers (dim) of f + log Jacobian, from the gradient g of f by all
# parameters (as many as the target has).
pullback <- function(target, theta, g) {
  free <- 0
  size <- 0
  out <- numeric(target$dim)
  for (transform in target$transforms) {
    at <- free + seq_len(transform$free)
    out[at] <- transform$pullback(theta[at], g[size + seq_len(transform$size)])
    free <- free + transform$free
    size <- size + transform$size
  }
  out
}
