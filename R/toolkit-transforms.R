# Transforms: maps from unconstrained numbers to the values a density is written in, with log
# Jacobians. `forward` and `log_jacobian` take matrices (a row a draw, `free` columns) and work on
# complex numbers too, so that complex steps pass through them.

#' Transforms of parameters
#'
#' Engines move on unconstrained numbers; a transform maps them to the values in which a density is
#' written, and its log Jacobian is added for you. `target_density(transforms = )` takes a list of
#' them by parameter name; the strings `"identity"`, `"log"` and `"logit"` stand for the first
#' three.
#'
#' * `transform_identity()`: any real number.
#' * `transform_log()`: positive numbers, `exp(u)`.
#' * `transform_logit()`: numbers between `lower` and `upper`.
#' * `transform_ordered()`: increasing numbers, `u[1]`, then steps of `exp(u[i])`.
#' * `transform_simplex()`: positive numbers with sum 1 by stick breaking; the density is one of the
#'   first `n - 1` of them.
#' * `transform_correlation()`: the strict lower triangle, by columns, of an n x n correlation
#'   matrix, through partial correlations `tanh(u)` (Lewandowski, Kurowicka and Joe 2009).
#'
#' @param n Number of values (for correlations: number of rows of the matrix).
#' @param lower,upper Bounds.
#' @return An object of class `covary_transform`.
#' @examples
#' target <- target_density(
#'   function(theta) dbeta(theta[["p"]], 1001, 2, log = TRUE),
#'   names = "p", transforms = list(p = "logit")
#' )
#' target
#' @name transforms
NULL

# A transform of `free` numbers u to `size` values x. maps: list of functions
#   forward(u)        x, S x size, from u, S x free
#   log_jacobian(u)   S numbers
#   inverse(x)        u, from the values of one parameter; an error outside their range
#   pullback(u, g)    gradient by u of f(x(u)) + log Jacobian from g, that of f by x; where it is
#                     left out, by complex steps
# labels: of the values, '[1]', ...; text: what print() calls it.
new_transform <- function(kind, free, size, maps, labels = NULL, text = kind) {
  out <- list(
    kind = kind, free = free, size = size, forward = maps$forward,
    log_jacobian = maps$log_jacobian, inverse = maps$inverse, labels = labels, text = text
  )
  out$pullback <- if (is.null(maps$pullback)) complex_pullback(maps) else maps$pullback
  structure(out, class = "covary_transform")
}

# pullback() of maps without one
complex_pullback <- function(maps) {
  h <- 1e-30
  function(u, g) {
    vapply(seq_along(u), function(j) {
      z <- matrix(as.complex(u), 1)
      z[j] <- z[j] + complex(imaginary = h)
      Im(sum(g * maps$forward(z)) + maps$log_jacobian(z)) / h
    }, 0)
  }
}

#' @rdname transforms
#' @export
transform_identity <- function(n = 1) {
  n <- check_count(n, "n")
  new_transform("identity", n, n, list(
    forward = identity, inverse = identity, log_jacobian = function(u) numeric(nrow(u)),
    pullback = function(u, g) g
  ))
}

#' @rdname transforms
#' @export
transform_log <- function(n = 1) {
  n <- check_count(n, "n")
  new_transform("log", n, n, list(
    forward = exp, log_jacobian = function(u) rowSums(u),
    inverse = function(x) log(check_inside(x, x > 0, "positive")),
    pullback = function(u, g) g * exp(u) + 1
  ))
}

#' @rdname transforms
#' @export
transform_logit <- function(lower = 0, upper = 1, n = 1) {
  check_number(lower, "lower", -Inf, Inf, open = TRUE)
  check_number(upper, "upper", lower, Inf, open = TRUE)
  n <- check_count(n, "n")
  width <- upper - lower
  log_slope <- function(u) log_sigmoid(u) + log_sigmoid(-u)
  maps <- list(
    forward = function(u) lower + width / (1 + exp(-u)),
    log_jacobian = function(u) rowSums(log_slope(u)) + ncol(u) * log(width),
    inverse = function(x) {
      check_inside(x, x > lower & x < upper, paste("strictly between", lower, "and", upper))
      log((x - lower) / (upper - x))
    },
    pullback = function(u, g) {
      p <- 1 / (1 + exp(-u))
      g * width * p * (1 - p) + 1 - 2 * p
    }
  )
  text <- paste0("logit(", format(lower), ", ", format(upper), ")")
  new_transform("logit", n, n, maps, text = text)
}

# log(1 / (1 + exp(-u))), real or complex, without loss of digits for large |u|
log_sigmoid <- function(u) {
  size <- u * sign(Re(u))
  (u - size) / 2 - log_1p(exp(-size))
}

#' @rdname transforms
#' @export
transform_ordered <- function(n) {
  n <- check_count(n, "n")
  forward <- function(u) {
    for (j in seq_len(n)[-1]) u[, j] <- u[, j - 1] + exp(u[, j])
    u
  }
  new_transform("ordered", n, n, list(
    forward = forward, log_jacobian = function(u) rowSums(u[, -1, drop = FALSE]),
    inverse = function(x) c(x[1], log(check_inside(diff(x), diff(x) > 0, "increasing")))
  ))
}

#' @rdname transforms
#' @export
transform_simplex <- function(n) {
  n <- check_count(n, "n", 2)
  shift <- log(n - seq_len(n - 1))
  forward <- function(u) {
    a <- sweep(u, 2, shift)
    rest <- a[, 1] * 0 + 1
    x <- matrix(rest, nrow(u), n)
    for (j in seq_len(n - 1)) {
      x[, j] <- rest / (1 + exp(-a[, j]))
      rest <- rest / (1 + exp(a[, j]))
    }
    x[, n] <- rest
    x
  }
  log_jacobian <- function(u) {
    a <- sweep(u, 2, shift)
    rowSums(log_sigmoid(a)) + rowSums(sweep(log_sigmoid(-a), 2, n - seq_len(n - 1), "*"))
  }
  inverse <- function(x) {
    check_inside(x, x > 0 & abs(sum(x) - 1) < 1e-8, "positive with sum 1")
    rest <- rev(cumsum(rev(x)))
    log(x[-n] / rest[-1]) + shift
  }
  maps <- list(forward = forward, log_jacobian = log_jacobian, inverse = inverse)
  new_transform("simplex", n - 1L, n, maps)
}

#' @rdname transforms
#' @export
transform_correlation <- function(n) {
  n <- check_count(n, "n", 2)
  free <- as.integer(n * (n - 1) / 2)
  pairs <- lower_pairs(n, diagonal = FALSE)
  row <- pairs[, 1]
  column <- pairs[, 2]
  at <- matrix(0L, n, n)
  at[cbind(row, column)] <- seq_len(free)
  forward <- function(u) {
    l <- correlation_factor(u, at)
    out <- u
    for (k in seq_len(free)) {
      j <- seq_len(column[k])
      out[, k] <- rowSums(l[[row[k]]][, j, drop = FALSE] * l[[column[k]]][, j, drop = FALSE])
    }
    out
  }
  log_jacobian <- function(u) {
    slope <- -2 * log_cosh(u)
    rowSums(sweep(slope, 2, 1 + (n - column - 1) / 2, "*"))
  }
  inverse <- function(x) {
    r <- diag(n)
    r[pairs] <- r[pairs[, 2:1, drop = FALSE]] <- x
    l <- attempt(t(cholesky(r)), check_inside(x, FALSE, "a positive definite correlation matrix"))
    u <- numeric(free)
    for (k in seq_len(free)) {
      before <- seq_len(column[k] - 1)
      u[k] <- atanh(l[row[k], column[k]] / sqrt(1 - sum(l[row[k], before]^2)))
    }
    u
  }
  maps <- list(forward = forward, log_jacobian = log_jacobian, inverse = inverse)
  new_transform("correlation", free, free, maps, labels = paste0("[", row, ",", column, "]"))
}

# Rows of the Cholesky factor of correlation matrices, a list of S x i matrices, from their partial
# correlations tanh(u). u: S x pairs; at[i, j]: the column of pair (i, j), j < i.
correlation_factor <- function(u, at) {
  n <- nrow(at)
  z <- tanh(u)
  l <- vector("list", n)
  zero <- z[, 1] * 0
  l[[1]] <- matrix(zero + 1, nrow(u), 1)
  for (i in seq_len(n)[-1]) {
    left <- zero + 1
    l[[i]] <- matrix(zero, nrow(u), i)
    for (j in seq_len(i - 1)) {
      l[[i]][, j] <- z[, at[i, j]] * sqrt(left)
      left <- left * (1 - z[, at[i, j]]^2)
    }
    l[[i]][, i] <- sqrt(left)
  }
  l
}

# Starting values x, where all are `ok`, in words `what`.
check_inside <- function(x, ok, what) {
  if (!all(ok)) {
    stop_covary(
      "start", "Starting values must be ", what, ", not ",
      paste(format(x), collapse = ", "), "."
    )
  }
  x
}

# A transform from what the user gave for the parameter `name`: one, or the name of one.
as_transform <- function(x, name) {
  if (inherits(x, "covary_transform")) {
    return(check_object(x, "covary_transform", "transforms"))
  }
  if (is.character(x) && length(x) == 1 && x %in% c("identity", "log", "logit")) {
    return(switch(x,
      identity = transform_identity(),
      log = transform_log(),
      logit = transform_logit()
    ))
  }
  stop_covary("transform", "The transform of '", name,
    "' must be \"identity\", \"log\", \"logit\" or come from transform_*(), not ",
    describe(x), ".",
    fields = list(arg = "transforms", parameter = name)
  )
}

#' @export
print.covary_transform <- function(x, ...) {
  check_dots(...)
  check_object(x, "covary_transform", "x")
  cat("Transform ", x$text, ": ", x$free, " free number", if (x$free != 1) "s", " to ", x$size,
    "\n",
    sep = ""
  )
  invisible(x)
}
