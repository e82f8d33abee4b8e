# Curves of many features or pairs at new data: the columns of a shared design, once for all, and
# Gaussians of coefficients.

# A predictor at new data: list(x (N x p, NA where a covariate is missing), offset (N), extrapolated
# (N)). Levels that the data did not have are an error, of random effects too.
curve_columns <- function(design, key, newdata) {
  p <- design$predictors[[key]]
  names <- p$columns$name
  # predictor_at() hands on the draws of a fit; of columns alone one is enough.
  fit <- list(design = design, draws = matrix(0, 1, length(names), dimnames = list(NULL, names)))
  newdata <- as_fitted_types(newdata, design, key)
  check_seen_levels(p, newdata)
  at <- predictor_at(fit, key, newdata)
  list(
    x = at$x[at$index, , drop = FALSE], offset = at$offset[at$index],
    extrapolated = extrapolates(newdata, design, key)
  )
}

# The levels of random effects are those of the data.
check_seen_levels <- function(p, newdata) {
  for (s in p$smooths) {
    if (!s$is_re) next
    for (term in intersect(names(s$levels), names(newdata))) {
      new <- setdiff(as.character(newdata[[term]]), c(s$levels[[term]], NA))
      if (length(new)) stop_new_level(term, new, s$levels[[term]])
    }
  }
}

# `newdata` as a data frame that the predictors `keys` of the design can use
prepare_curve_data <- function(design, newdata, keys) {
  prepare_newdata(list(design = design), newdata, keys)
}

# Posterior means of a predictor, N x features: columns at, coefficients mean (p x features)
curve_means <- function(at, mean) at$x %*% mean + at$offset

# Posterior variances of a predictor, N x features; cov: p (p + 1) / 2 x features, lower triangles
curve_variances <- function(at, cov) {
  p <- ncol(at$x)
  pair <- lower_pairs(p)
  products <- at$x[, pair[, 1], drop = FALSE] * at$x[, pair[, 2], drop = FALSE]
  twice <- ifelse(pair[, 1] == pair[, 2], 1, 2)
  pmax(products %*% (cov * twice), 0)
}

# The mean and sd of f(eta) for eta ~ N(mean, variance), by Gauss-Hermite quadrature; arrays of one
# shape.
normal_moments <- function(f, mean, variance) {
  rule <- hermite_rule
  first <- second <- 0 * mean
  for (i in seq_along(rule$node)) {
    v <- f(mean + sqrt(variance) * rule$node[i])
    first <- first + rule$weight[i] * v
    second <- second + rule$weight[i] * v^2
  }
  list(mean = first, sd = sqrt(pmax(second - first^2, 0)))
}

# Nodes and weights of E f(z), z standard normal, exact for polynomials of degree 19
hermite_rule <- local({
  n <- 10
  jacobi <- matrix(0, n, n)
  jacobi[cbind(2:n, 1:(n - 1))] <- jacobi[cbind(1:(n - 1), 2:n)] <- sqrt(seq_len(n - 1))
  e <- eigen(jacobi, symmetric = TRUE)
  list(node = e$values, weight = e$vectors[1, ]^2)
})

# Summaries of f(eta), increasing in eta ~ N(mean, variance): list(estimate, sd, lower, upper)
normal_summary <- function(f, mean, variance, interval) {
  moments <- normal_moments(f, mean, variance)
  away <- stats::qnorm(0.5 + interval / 2) * sqrt(variance)
  list(
    estimate = moments$mean, sd = moments$sd, lower = f(mean - away), upper = f(mean + away)
  )
}

# Places in the lower triangle of all d coefficients of those `at`
triangle_places <- function(d, at) {
  lower_triangle(lower_places(d)[at, at, drop = FALSE])
}

# Places of the coefficients of predictor `key` among all
places_of <- function(design, key) {
  count <- vapply(design$predictors, function(p) length(p$columns$name), 0L)
  from <- cumsum(c(0L, count))[match(key, names(design$predictors))]
  from + seq_len(count[[key]])
}
