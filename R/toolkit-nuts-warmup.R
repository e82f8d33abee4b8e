# Warm-up of NUTS: windows, and the metric learned in them.

first_metric <- function(target, start, control) {
  dense <- control$metric == "dense" || (control$metric == "auto" && target$dim <= 100)
  cov <- if (inherits(start, "covary_approximation")) {
    free_covariance(start)
  } else {
    diag(1, target$dim)
  }
  known <- inherits(start, "covary_approximation")
  list(dense = dense, known = known, value = if (dense) cov else diag(cov))
}

# The lengths that Stan uses: 75, then 25, 50, 100, ..., the last as long as it takes, then 50. With
# a known metric: a short search for the step size, one window, and a final step size.
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

# Shrunk as in Stan, so that short windows give valid metrics.
learn_metric <- function(settings, draws) {
  n <- ncol(draws)
  keep <- n / (n + 5)
  if (settings$dense) {
    settings$metric <- keep * stats::cov(t(draws)) + diag(1e-3 * (1 - keep), nrow(draws))
    settings$chol_metric <- t(chol(settings$metric))
  } else {
    settings$metric <- keep * apply(draws, 1, stats::var) + 1e-3 * (1 - keep)
  }
  settings
}
