# Fits of one-dimensional densities by quadrature: no randomness, for teaching what a divergence
# does.

#' Fit a one-dimensional density by quadrature
#'
#' Finds the normal (or truncated normal) closest to a density, by Kullback-Leibler divergence or by
#' a weighted squared difference of densities. Integrals are sums over a fine grid, so results are
#' exact to about six digits.
#'
#' @param log_density Log density of x, vectorised, up to a constant.
#' @param measure `"kl"`: KL(q || p), what variational inference minimises; `"kl_inclusive"`:
#'   KL(p || q); `"weighted_mse"`: the integral of `weight(x) (p(x) - q(x))^2`.
#' @param lower,upper Range of x; outside, the density counts as zero.
#' @param truncated Fit a normal truncated to `lower`, `upper`.
#' @param weight Weights of the squared difference; by default the density p itself.
#' @param start Starting mean and sd; default: those of the density.
#' @param n Number of grid points.
#' @return A list of class `covary_quadrature`: mean, sd (the parameters of the normal),
#'   `divergence`, and a data frame `grid` with x, p and q; `plot()` draws both.
#' @examples
#' fit <- quadrature_kl(function(x) dt(x, 3, log = TRUE), lower = -30, upper = 30)
#' fit
#' quadrature_kl(function(x) dt(x, 3, log = TRUE), "weighted_mse", -30, 30)
#' @export
quadrature_kl <- function(
  log_density, measure = c("kl", "kl_inclusive", "weighted_mse"),
  lower = -10, upper = 10, truncated = FALSE,
  weight = NULL, start = NULL, n = 20001
) {
  check_function(log_density, "log_density")
  measure <- check_choice(measure, c("kl", "kl_inclusive", "weighted_mse"), "measure")
  check_number(lower, "lower", -Inf, Inf, open = TRUE)
  check_number(upper, "upper", lower, Inf, open = TRUE)
  check_flag(truncated, "truncated")
  n <- check_count(n, "n", 101)
  if (!is.null(weight)) check_function(weight, "weight")
  grid <- quadrature_grid(log_density, lower, upper, n)
  if (is.null(start)) {
    mean <- sum(grid$x * grid$p) * grid$width
    start <- c(mean, sqrt(sum((grid$x - mean)^2 * grid$p) * grid$width))
  }
  if (!is.numeric(start) || length(start) != 2 || any(!is.finite(start)) || start[2] <= 0) {
    stop_covary("start", "`start` must be a mean and a positive sd.", fields = list(arg = "start"))
  }
  w <- if (is.null(weight)) grid$p else weight(grid$x)
  distance <- quadrature_distance(grid, measure, truncated, w)
  scale <- c(start[2], 1)
  search <- function(par) {
    stats::optim(par, distance, control = list(reltol = 1e-13, maxit = 2000, parscale = scale))
  }
  first <- search(c(start[1], log(start[2])))
  fit <- search(first$par)
  # a simplex that starts anew and stays where it was has converged
  converged <- max(abs(fit$par - first$par) / scale) < 1e-3 && fit$value < 1e9
  if (!converged) warn_covary("not_converged", "The quadrature fit did not converge.")
  q <- exp(log_normal_on_grid(fit$par, grid, truncated))
  structure(list(
    mean = fit$par[1], sd = exp(fit$par[2]), divergence = fit$value, measure = measure,
    truncated = truncated, converged = converged, grid = data.frame(x = grid$x, p = grid$p, q = q)
  ), class = "covary_quadrature")
}

# list(x (n), width, lp, p (n): log density and density at x, with integral one). Midpoints, so that
# densities infinite or zero at the ends do no harm.
quadrature_grid <- function(log_density, lower, upper, n) {
  width <- (upper - lower) / n
  x <- lower + (seq_len(n) - 0.5) * width
  lp <- log_density(x)
  if (!is.numeric(lp) || length(lp) != n || anyNA(lp) || all(lp == -Inf)) {
    stop_covary("target",
      "`log_density` must return a number for each x, finite somewhere between `lower` and ",
      "`upper`.",
      fields = list(arg = "log_density")
    )
  }
  top <- max(lp)
  lp <- lp - top - log(sum(exp(lp - top)) * width)
  list(x = x, width = width, lp = lp, p = exp(lp))
}

# par: mean and log sd.
log_normal_on_grid <- function(par, grid, truncated) {
  lq <- stats::dnorm(grid$x, par[1], exp(par[2]), log = TRUE)
  if (truncated) lq - log(sum(exp(lq)) * grid$width) else lq
}

# The measure as a function of mean and log sd; w: weights of squared differences.
quadrature_distance <- function(grid, measure, truncated, w) {
  function(par) {
    lq <- log_normal_on_grid(par, grid, truncated)
    q <- exp(lq)
    out <- switch(measure,
      kl = sum(ifelse(q > 0, q * (lq - pmax(grid$lp, -1e4)), 0)) * grid$width,
      kl_inclusive = sum(ifelse(grid$p > 0, grid$p * (grid$lp - pmax(lq, -1e4)), 0)) * grid$width,
      weighted_mse = sum(w * (grid$p - q)^2) * grid$width
    )
    # mass of q beyond the range has density zero under p
    if (measure == "kl" && !truncated) out <- out + 1e4 * max(1 - sum(q) * grid$width, 0)
    if (is.finite(out)) out else 1e10
  }
}

#' @export
print.covary_quadrature <- function(x, ...) {
  check_dots(...)
  check_object(x, "covary_quadrature", "x")
  cat(if (x$truncated) "Truncated normal" else "Normal", " fitted by ", x$measure, ": mean ",
    format(x$mean, digits = 5), ", sd ", format(x$sd, digits = 5),
    ", divergence ", format(x$divergence, digits = 4), "\n",
    sep = ""
  )
  invisible(x)
}
