# What the default prior has to know of the unpenalised columns of a predictor: their mean, the
# combination of them that is one at every row, and three p x p precisions (prior-joint.R).

# What the prior has to know of the columns; `constant` among the first of them. list(mean (p),
# constant (k, or NULL), gram, leverage, hidden: p x p precisions of the three kinds).
unpenalised_moments <- function(u, weights, constant = NULL) {
  n <- sum(weights)
  p <- ncol(u)
  if (p == 0) {
    return(NULL)
  }
  mean <- colSums(u * weights) / n
  if (!is.null(constant)) {
    constant <- c(constant, numeric(p - length(constant))) # smooths do not hold it
    u <- sweep(u, 2, mean)
  }
  scaled <- qr(u * sqrt(weights / n), LAPACK = TRUE)
  axes <- svd(qr.R(scaled)[, order(scaled$pivot), drop = FALSE], nu = 0, nv = p)
  size <- c(axes$d, numeric(p - length(axes$d)))
  seen <- size > 1e-9 * max(1, size[1])
  to_axes <- t(axes$v[, seen, drop = FALSE]) * size[seen]
  # Rows along the axes: their scatter is n times the identity.
  at_axes <- sweep(u %*% axes$v[, seen, drop = FALSE], 2, size[seen], "/")
  leverage <- crossprod(at_axes * (weights * rowSums(at_axes^2) / n), at_axes)
  list(
    mean = mean, constant = constant, gram = crossprod(to_axes),
    leverage = crossprod(to_axes, leverage %*% to_axes),
    hidden = hidden_directions(axes$v[, !seen, drop = FALSE], constant)
  )
}

# Coefficients k of a combination of the columns that is one at every row; NULL if there is none.
constant_combination <- function(u, weights) {
  if (ncol(u) == 0) {
    return(NULL)
  }
  solve_for <- function(columns) {
    k <- numeric(ncol(u))
    at <- stats::lm.wfit(u[, columns, drop = FALSE], rep(1, nrow(u)), weights,
      tol = 1e-9
    )$coefficients
    k[columns] <- ifelse(is.na(at), 0, at)
    k
  }
  k <- solve_for(seq_len(ncol(u)))
  # Once more with the columns that matter: collinear others would leave rounding in their place.
  k <- solve_for(which(abs(k) > 1e-8 * max(abs(k))))
  if (max(abs(u %*% k - 1)) < 1e-7) k
}

# Projection on the directions v that the rows do not show, the constant apart.
hidden_directions <- function(v, constant) {
  if (!is.null(constant)) {
    along <- as.vector(crossprod(v, constant))
    v <- v %*% qr.Q(qr(along), complete = TRUE)[, -1, drop = FALSE]
  }
  tcrossprod(v)
}

# Is the constant, written as an intercept or not, among the columns of a predictor?
holds_constant <- function(p) !is.null(p$moments$constant)

# By standardised coefficient, the combination of columns that is one at every row; zeros without
# one.
standard_constant <- function(p) {
  out <- numeric(length(p$columns$name))
  if (holds_constant(p)) out[p$columns$class != "smooth"] <- p$moments$constant
  out
}
