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
  # midpoints, so that densities infinite or zero at the ends do no harm
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
  p <- exp(lp)
  w <- if (is.null(weight)) p else weight(x)
  log_q <- function(par) {
    lq <- stats::dnorm(x, par[1], exp(par[2]), log = TRUE)
    if (truncated) lq - log(sum(exp(lq)) * width) else lq
  }
  distance <- function(par) {
    lq <- log_q(par)
    q <- exp(lq)
    out <- switch(measure,
      kl = sum(ifelse(q > 0, q * (lq - pmax(lp, -1e4)), 0)) * width,
      kl_inclusive = sum(ifelse(p > 0, p * (lp - pmax(lq, -1e4)), 0)) * width,
      weighted_mse = sum(w * (p - q)^2) * width
    )
    # mass of q beyond the range has density zero under p
    if (measure == "kl" && !truncated) out <- out + 1e4 * max(1 - sum(q) * width, 0)
    if (is.finite(out)) out else 1e10
  }
  if (is.null(start)) {
    m <- sum(x * p) * width
    start <- c(m, sqrt(sum((x - m)^2 * p) * width))
  }
  if (!is.numeric(start) || length(start) != 2 || any(!is.finite(start)) || start[2] <= 0) {
    stop_covary("start", "`start` must be a mean and a positive sd.", fields = list(arg = "start"))
  }
  scale <- c(start[2], 1)
  search <- function(par) {
    stats::optim(par, distance, control = list(reltol = 1e-13, maxit = 2000, parscale = scale))
  }
  first <- search(c(start[1], log(start[2])))
  fit <- search(first$par)
  # a simplex that starts anew and stays where it was has converged
  converged <- max(abs(fit$par - first$par) / scale) < 1e-3 && fit$value < 1e9
  if (!converged) warn_covary("not_converged", "The quadrature fit did not converge.")
  structure(list(
    mean = fit$par[1], sd = exp(fit$par[2]), divergence = fit$value, measure = measure,
    truncated = truncated, converged = converged,
    grid = data.frame(x = x, p = p, q = exp(log_q(fit$par)))
  ), class = "covary_quadrature")
}

#' @export
print.covary_quadrature <- function(x, ...) {
  check_object(x, "covary_quadrature", "x")
  cat(if (x$truncated) "Truncated normal" else "Normal", " fitted by ", x$measure, ": mean ",
    format(x$mean, digits = 5), ", sd ", format(x$sd, digits = 5),
    ", divergence ", format(x$divergence, digits = 4), "\n",
    sep = ""
  )
  invisible(x)
}
