# The default prior of the unpenalised coefficients of a predictor, all together: a normal prior on
# the function they make at the rows, so that it does not depend on how its columns are coded
# (mathematics vignette, eq. 4a).
#
# u: m x p unpenalised columns of a predictor, standardised (design-build.R), at m design points
# (cells, or points that stand for the rows) of total weights w. The constant direction k (u k = 1),
# if the columns have one, is left to the prior of the intercept; the rest, u - 1 mean', gets
#   means               precision  U'WU / (n spread^2)         of the coefficients,
#   log sds, rhobits    precision  sum_i w_i h_i u_i u_i' / spread^2,   h_i the leverage of row i:
# a function with sd `slope_spread` over the rows in each direction, or of about that sd at every
# row.

# Precision of the coefficients of predictor p without the constant direction, in standardised
# units.
function_precision <- function(p, spread) {
  at <- p$moments
  (if (has_role(p, "mean")) at$gram else at$leverage) / spread^2 + at$hidden * hidden_precision
}

# The default prior of the coefficients `at` (places among the unpenalised ones of p), in
# standardised units: NULL if there are none, else list(at, location, precision, constant, and where
# the constant is a combination of columns with a prior that is not normal: weights, family, par;
# root: turns standard normal noise into draws, less the constant direction `along`).
joint_prior <- function(p, at, scales) {
  if (length(at) == 0) {
    return(NULL)
  }
  precision <- function_precision(p, function_sd(p, scales))
  moments <- p$moments
  n <- length(at)
  if (p$intercept || !holds_constant(p)) {
    return(normal_block(at, precision, p$intercept_at))
  }
  # The constant is there but no coefficient's own.
  prior <- constant_default(p, scales)
  sd <- prior_sd(prior)
  whole <- precision + tcrossprod(moments$mean) / sd^2
  if (prior$family == "normal" || n < ncol(precision)) {
    return(normal_block(at, whole, NULL))
  }
  out <- normal_block(at, whole, NULL)
  out$precision <- precision
  out$constant <- out$constant + 0.5 * log(2 * pi) + log(sd)
  c(out, list(
    weights = moments$mean, family = prior$code, par = prior$par, along = moments$constant,
    root = rest_root(out$cov - tcrossprod(moments$constant) * sd^2)
  ))
}

# Normal prior of some coefficients: their marginal of the block of all but `left_out`.
normal_block <- function(at, precision, left_out) {
  all <- setdiff(seq_len(ncol(precision)), left_out)
  cov <- chol2inv(cholesky(precision[all, all, drop = FALSE]))
  mine <- match(at, all)
  if (length(mine) < length(all)) {
    precision <- solve_spd(cov[mine, mine, drop = FALSE])
  } else {
    precision <- precision[at, at, drop = FALSE]
  }
  cov <- cov[mine, mine, drop = FALSE]
  list(
    at = at, location = numeric(length(at)), precision = precision, cov = cov,
    constant = sum(log(diag(cholesky(precision)))) - 0.5 * length(at) * log(2 * pi)
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
  noise %*% block$root + tcrossprod(draw_prior(block$family, block$par, n), block$along)
}
