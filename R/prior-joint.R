# The default prior of the unpenalised coefficients of a predictor, all together: a normal prior on
# the function they make at the rows, so that it does not depend on how its columns are coded
# (mathematics vignette, eq. 4a to 4c).
#
# u: m x p unpenalised columns of a predictor, standardised (design-build.R), at m design points
# (cells, or points that stand for the rows) of total weights w. The constant direction k (u k = 1),
# if the columns have one, is left to the prior of the intercept; the rest, u - 1 mean', gets
#   means               precision  U'WU / (n spread^2)         of the coefficients,
#   log sds, rhobits    precision  sum_i w_i h_i u_i u_i' / spread^2,   h_i the leverage of row i:
# a function with sd `prior_spread` over the rows in each direction, or of about that sd at every
# row.

prior_spread <- 2.5

# Of directions that no row shows (collinear columns), which have to be proper all the same.
hidden_precision <- 1 / prior_spread^2

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

# Precision of the coefficients of predictor p without the constant direction, in standardised
# units.
function_precision <- function(p, spread) {
  at <- p$moments
  (if (p$dpar == "mu") at$gram else at$leverage) / spread^2 + at$hidden * hidden_precision
}

# A mean without a constant is a function around zero: its size is that of the response, not of its
# variation. In units of the response's sd.
spread_of <- function(p, scales) {
  if (p$dpar != "mu" || !is.null(p$moments$constant)) {
    return(prior_spread)
  }
  prior_spread * scales$size[[p$resp]] / scales$sd[[p$resp]]
}

# The default prior of the coefficients `at` (places among the unpenalised ones of p), in
# standardised units: NULL if there are none, else list(at, location, precision, constant, and where
# the constant is a combination of columns with a prior that is not normal: weights, family, par;
# root: turns standard normal noise into draws, less the constant direction `along`).
joint_prior <- function(p, at, scales) {
  if (length(at) == 0) {
    return(NULL)
  }
  precision <- function_precision(p, spread_of(p, scales))
  moments <- p$moments
  n <- length(at)
  if (p$intercept || is.null(moments$constant)) {
    return(normal_block(at, precision, p$intercept_at))
  }
  # The constant is there but no coefficient's own.
  sd <- if (p$dpar == "rho") pi / sqrt(3) else prior_spread
  whole <- precision + tcrossprod(moments$mean) / sd^2
  if (p$dpar != "rho" || n < ncol(precision)) {
    return(normal_block(at, whole, NULL))
  }
  out <- normal_block(at, whole, NULL)
  out$precision <- precision
  out$constant <- out$constant + 0.5 * log(2 * pi) + log(sd)
  c(out, list(
    weights = moments$mean, family = 3L, par = c(0, 1, 0), along = moments$constant,
    root = rest_root(out$cov - tcrossprod(moments$constant) * sd^2)
  ))
}

# Normal prior of some coefficients: their marginal of the block of all but `left_out`.
normal_block <- function(at, precision, left_out) {
  all <- setdiff(seq_len(ncol(precision)), left_out)
  cov <- spd_inverse(spd_root(precision[all, all, drop = FALSE]))
  mine <- match(at, all)
  if (length(mine) < length(all)) {
    precision <- solve_spd(cov[mine, mine, drop = FALSE])
  } else {
    precision <- precision[at, at, drop = FALSE]
  }
  cov <- cov[mine, mine, drop = FALSE]
  list(
    at = at, location = numeric(length(at)), precision = precision, cov = cov,
    constant = sum(log(diag(spd_root(precision)))) - 0.5 * length(at) * log(2 * pi)
  )
}

# A root of a covariance that is singular along the constant.
rest_root <- function(cov) {
  e <- eigen(cov, symmetric = TRUE)
  t(e$vectors * rep(sqrt(pmax(e$values, 0)), each = nrow(cov)))
}

# Draws of the coefficients of a block, n x length(block$at).
draw_joint_prior <- function(block, n) {
  size <- length(block$at)
  noise <- matrix(stats::rnorm(n * size), n)
  if (is.null(block$weights)) {
    return(noise %*% chol(block$cov))
  }
  noise %*% block$root + tcrossprod(stats::rlogis(n), block$along)
}
