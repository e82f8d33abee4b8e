# Pareto smoothed importance sampling (Vehtari, Simpson, Gelman, Yao and Gabry 2024).

# list(weights: smoothed and normalised, khat, log_mean: log of the mean ratio)
psis <- function(log_ratios) {
  n <- length(log_ratios)
  log_ratios[is.na(log_ratios)] <- -Inf
  top <- max(log_ratios)
  if (!is.finite(top)) {
    return(list(weights = rep(1 / n, n), khat = Inf, log_mean = NA_real_))
  }
  log_mean <- top + log(mean(exp(log_ratios - top)))
  lw <- log_ratios - top
  khat <- if (diff(range(lw)) < 1e-8) -Inf else NA_real_
  tail_length <- psis_tail_length(n)
  if (is.na(khat) && tail_length >= 5) {
    o <- order(lw)
    at <- o[seq(n - tail_length + 1, n)]
    cutoff <- lw[o[n - tail_length]]
    if (lw[at[1]] > cutoff || diff(range(lw[at])) > .Machine$double.eps * 100) {
      fit <- fit_pareto(exp(lw[at]) - exp(cutoff))
      khat <- fit$k
      if (is.finite(khat)) {
        p <- (seq_len(tail_length) - 0.5) / tail_length
        lw[at] <- pmin(log(quantile_pareto(p, fit) + exp(cutoff)), 0)
      }
    }
  }
  w <- exp(lw - max(lw))
  list(weights = w / sum(w), khat = if (is.na(khat)) Inf else khat, log_mean = log_mean)
}

psis_tail_length <- function(n) ceiling(min(0.2 * n, 3 * sqrt(n)))

# Generalised Pareto by the quasi-Bayesian profile method of Zhang and Stephens (2009), k
# shrunk towards 0.5 with the weight of ten observations. x: sorted exceedances.
fit_pareto <- function(x) {
  n <- length(x)
  grid <- 30 + floor(sqrt(n))
  theta <- 1 / x[n] + (1 - sqrt(grid / (seq_len(grid) - 0.5))) / (3 * x[floor(n / 4 + 0.5)])
  k <- vapply(theta, function(b) mean(log1p(-b * x)), 0)
  profile <- n * (log(-theta / k) - k - 1)
  weight <- 1 / vapply(profile, function(l) sum(exp(profile - l)), 0)
  best <- sum(theta * weight)
  k <- mean(log1p(-best * x))
  sigma <- -k / best
  list(k = (k * n + 0.5 * 10) / (n + 10), sigma = sigma)
}

quantile_pareto <- function(p, fit) {
  if (abs(fit$k) < 1e-12) {
    return(-fit$sigma * log1p(-p))
  }
  fit$sigma * expm1(-fit$k * log1p(-p)) / fit$k
}

# Above this khat the weights, and what rests on them, are not to be trusted: 0.7, and less for
# fewer than 2200 draws, which tell less of the tail. The one place where that number stands.
khat_threshold <- function(draws = Inf) min(0.7, 1 - 1 / log10(draws))

# Standard error of khat, of the shape of a generalised Pareto that is estimated from the M largest
# of so many ratios: (1 + k) / sqrt(M) (Smith 1987), less by what fit_pareto() shrinks.
khat_error <- function(khat, draws) {
  tail <- psis_tail_length(draws)
  (1 + pmax(khat, 0)) / sqrt(tail) * tail / (tail + 10)
}

# Is khat so near its threshold that another seed may be on the other side?
is_khat_near <- function(khat, draws) {
  abs(khat - khat_threshold(draws)) < 1.5 * khat_error(khat, draws)
}

# Where khat is near its threshold: what chance does to it.
khat_chance_text <- function(khat, draws) {
  if (isTRUE(is_khat_near(khat, draws))) {
    paste0(
      "with another seed it may differ by ", format(khat_error(khat, draws), digits = 2),
      " and be ", if (khat > khat_threshold(draws)) "below" else "above"
    )
  }
}

importance_ess <- function(w) 1 / sum(w$weights^2)

# Weights whose effective number is this share of all need no correction; their tail index says
# nothing then.
nearly_equal <- 0.98

# Are weights w (as psis() gives them) too uneven for so many draws?
are_uneven <- function(w, draws) {
  ess <- importance_ess(w)
  ess < 0.5 * draws || (w$khat > 0.5 && ess < nearly_equal * length(w$weights))
}

# Row numbers: systematic resampling, which adds least noise (Kitagawa 1996).
resample <- function(weights, n) {
  u <- (seq_len(n) - stats::runif(1)) / n
  edges <- cumsum(weights)
  pmin(findInterval(u, edges / edges[length(edges)]) + 1L, length(weights))
}
