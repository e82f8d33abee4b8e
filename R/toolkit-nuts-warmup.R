# Warm-up of NUTS: windows, and the metric learned in them.

# list(dense, known: is the metric that of an approximation, value: covariance (dim x dim) or, where
# not dense, variances (dim)).
first_metric <- function(target, start, control) {
  dense <- control$metric == "dense" || (control$metric == "auto" && target$dim <= 100)
  known <- inherits(start, "covary_approximation")
  cov <- if (known) covariance_at_start(start) else diag(1, target$dim)
  list(dense = dense, known = known, value = if (dense) cov else diag(cov))
}

# The covariance of an approximation. That of few different draws may have no extent in some
# direction, and no inverse: it is then shrunk as that of a short window.
covariance_at_start <- function(start) {
  cov <- free_covariance(start)
  if (is.null(chol_or_null(cov))) cov <- shrink_covariance(cov, nrow(unique(start$draws)))
  cov
}

# Towards a small multiple of the identity, the more the fewer the n draws behind it, as in Stan, so
# that a metric from few draws is a valid one. cov: a covariance, or variances.
shrink_covariance <- function(cov, n) {
  keep <- n / (n + 5)
  least <- 1e-3 * (1 - keep)
  keep * cov + if (is.matrix(cov)) diag(least, nrow(cov)) else least
}

# Windows of warm-up, list(n: transitions, metric: is it learned from their draws) each. The lengths
# are those of Stan: 75, then 25, 50, 100, ..., the last as long as it takes, then 50. With a known
# metric: a short search for the step size, one window, and a final step size.
warmup_windows <- function(warmup, known = FALSE) {
  window <- function(n, metric) list(n = n, metric = metric)
  if (warmup == 0) {
    return(list())
  }
  if (warmup < 20) {
    return(list(window(warmup, FALSE)))
  }
  first <- if (warmup >= 150) 75 else floor(0.15 * warmup)
  last <- if (warmup >= 150) 50 else floor(0.1 * warmup)
  left <- warmup - first - last
  out <- list(window(first, FALSE))
  if (known) {
    return(c(out, list(window(left, left >= 100), window(last, FALSE))))
  }
  size <- 25
  while (left > 0) {
    n <- if (left - size < 2 * size) left else size
    out <- c(out, list(window(n, TRUE)))
    left <- left - n
    size <- 2 * size
  }
  c(out, list(window(last, FALSE)))
}

# Settings with the metric of the draws (dim x n) of a window.
learn_metric <- function(settings, draws) {
  cov <- if (settings$dense) stats::cov(t(draws)) else apply(draws, 1, stats::var)
  settings$metric <- shrink_covariance(cov, ncol(draws))
  if (settings$dense) settings$chol_metric <- t(chol(settings$metric))
  settings
}
