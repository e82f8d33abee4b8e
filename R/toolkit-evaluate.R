# Evaluation of densities written in R: value and gradient by the free numbers.

# evaluate(theta, order, rows, scale), as r_target_r.c calls it; of order 2: the gradient alone.
new_evaluate <- function(user, target, how) {
  value <- composite(user, target)
  checked <- function(theta, rows, scale) check_value(value(theta, rows, scale), target, theta)
  derivative <- switch(how,
    given = given_gradient(user, target),
    complex = complex_gradient(value),
    central = central_gradient(value)
  )
  function(theta, order, rows = NULL, scale = 1) {
    if (order == 2L) {
      return(derivative(theta, rows, scale))
    }
    f <- checked(theta, rows, scale)
    if (order == 0L) {
      return(f)
    }
    c(f, derivative(theta, rows, scale))
  }
}

# Log density with Jacobian as a function of the free numbers, real or complex.
composite <- function(user, target) {
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
      return(f + user$density(x))
    }
    if (!is.null(user$prior)) f <- f + user$prior(x)
    f + scale * user$density(x, if (is.null(rows)) all_rows else rows)
  }
}

check_value <- function(f, target, theta) {
  if (is.numeric(f) && length(f) == 1) {
    return(as.double(f))
  }
  x <- constrain(target, matrix(theta, 1))
  stop_covary(
    "target", "The log density must be one number, not ", describe(f), ", at ",
    paste0(target$parameters, " = ", format(x, digits = 4), collapse = ", "), "."
  )
}

given_gradient <- function(user, target) {
  all_rows <- seq_len(user$rows)
  plain <- is_plain(target)
  function(theta, rows = NULL, scale = 1) {
    x <- if (plain) theta else constrain(target, matrix(theta, 1))[1, ]
    names(x) <- target$parameters
    g <- if (user$rows == 0) {
      user$gradient(x)
    } else {
      scale * user$gradient(x, if (is.null(rows)) all_rows else rows)
    }
    if (!is.null(user$prior_gradient)) g <- g + user$prior_gradient(x)
    if (!is.numeric(g) || length(g) != length(x)) {
      stop_covary(
        "target", "The gradient must hold ", length(x), " numbers, not ", describe(g),
        "."
      )
    }
    if (plain) as.double(g) else pullback(target, theta, as.double(g))
  }
}

pullback <- function(target, theta, g) {
  free <- 0
  size <- 0
  out <- numeric(target$dim)
  for (b in target$transforms) {
    at <- free + seq_len(b$free)
    out[at] <- b$pullback(theta[at], g[size + seq_len(b$size)])
    free <- free + b$free
    size <- size + b$size
  }
  out
}

complex_gradient <- function(value) {
  h <- 1e-30
  function(theta, rows = NULL, scale = 1) {
    vapply(seq_along(theta), function(j) {
      z <- as.complex(theta)
      z[j] <- z[j] + complex(imaginary = h)
      Im(value(z, rows, scale)) / h
    }, 0)
  }
}

central_gradient <- function(value) {
  function(theta, rows = NULL, scale = 1) {
    vapply(seq_along(theta), function(j) {
      h <- 6e-6 * max(abs(theta[j]), 1)
      up <- down <- theta
      up[j] <- up[j] + h
      down[j] <- down[j] - h
      above <- value(up, rows, scale)
      below <- value(down, rows, scale)
      if (is.finite(above) == is.finite(below)) {
        return((above - below) / (up[j] - down[j]))
      }
      # at the edge of the support one side is all there is
      here <- value(theta, rows, scale)
      if (is.finite(above)) {
        (above - here) / (up[j] - theta[j])
      } else {
        (here - below) / (theta[j] - down[j])
      }
    }, 0)
  }
}

# Complex steps are exact where they work, but abs(), pmax() or comparisons can make them silently
# wrong, so they are only used when they agree with central differences at two points.
choose_derivative <- function(user, target) {
  value <- composite(user, target)
  rows <- if (user$rows > 0) seq_len(min(user$rows, 50L))
  points <- list(
    target$start + 0.11 * cos(seq_len(target$dim)),
    target$start - 0.07 * sin(seq_len(target$dim) + 1)
  )
  agrees <- vapply(points, function(u) {
    f <- tryCatch(value(u, rows), error = function(e) e)
    if (inherits(f, "error") && is_limit(f)) stop(f)
    if (inherits(f, "error")) {
      stop_covary("target", "The log density failed: ", conditionMessage(f),
        ".",
        fields = list(parent = f)
      )
    }
    check_value(f, target, u)
    a <- attempt(suppressWarnings(complex_gradient(value)(u, rows)))
    b <- central_gradient(value)(u, rows)
    !is.null(a) && all(is.finite(a)) && isTRUE(max(abs(a - b)) <= 1e-5 * (1 + max(abs(b))))
  }, TRUE)
  how <- if (all(agrees)) "complex" else "central"
  inform_covary(
    "gradient", "No gradient was given: using ",
    if (how == "complex") {
      "complex steps (exact)"
    } else {
      "central differences (about 1e-9 relative error)"
    }, ", ",
    if (how == "complex") target$dim else 2 * target$dim, " evaluations of the log density each."
  )
  how
}
