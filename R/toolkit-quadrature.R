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
#' @param weight With `"weighted_mse"`: function of x, vectorised or constant, whose values from 0
#'   weigh the squared difference; by default the density p itself.
#' @param start Starting mean and sd, in this order or by name (`c(mean = 0, sd = 1)`); default:
#'   those of the density.
#' @param n Number of grid points.
#' @return A list of class `covary_quadrature`: mean, sd (the parameters of the normal),
#'   `divergence`, `converged`, and a data frame `grid` with x, p and q; `plot()` draws both. A
#'   normal narrower than the distance of two grid points has not converged, which a warning says.
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
  check_callable(log_density, "log_density", "x")
  measure <- check_choice(measure, c("kl", "kl_inclusive", "weighted_mse"), "measure")
  check_number(lower, "lower", -Inf, Inf, open = TRUE)
  check_number(upper, "upper", lower, Inf, open = TRUE)
  check_flag(truncated, "truncated")
  n <- check_count(n, "n", 101)
  grid <- quadrature_grid(log_density, lower, upper, n)
  weights <- quadrature_weights(weight, measure, grid)
  start <- quadrature_start(start, grid)
  distance <- quadrature_distance(grid, measure, truncated, weights)
  fit <- search_normal(distance, start)
  converged <- fit$converged && exp(fit$par[2]) >= grid$width
  if (!converged) {
    warn_covary(
      "not_converged", "The quadrature fit did not converge",
      if (exp(fit$par[2]) < grid$width) {
        ": the normal is narrower than the distance of grid points. Narrow `lower` and `upper`"
      }, "."
    )
  }
  q <- exp(log_normal_on_grid(fit$par, grid, truncated))
  if (!any(q > 0)) {
    stop_covary("start", "The search left the range of x for good; give another `start`.",
      fields = list(arg = "start")
    )
  }
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
  lp <- guard_target(log_density(x))
  if (!is.numeric(lp) || length(lp) != n || anyNA(lp) || all(lp == -Inf) || any(lp == Inf)) {
    stop_covary("target",
      "`log_density` must return a number for each x, never Inf, and finite somewhere between ",
      "`lower` and `upper`.",
      fields = list(arg = "log_density")
    )
  }
  top <- max(lp)
  lp <- as.double(lp - top - log(sum(exp(lp - top)) * width))
  list(x = x, width = width, lp = lp, p = exp(lp))
}

# Weights (n) of squared differences, by default the density itself.
quadrature_weights <- function(weight, measure, grid) {
  if (is.null(weight)) {
    return(grid$p)
  }
  check_callable(weight, "weight", "x")
  if (measure != "weighted_mse") {
    stop_covary("argument", "`weight` is used only by `measure = \"weighted_mse\"`.",
      fields = list(arg = "weight")
    )
  }
  out <- with_typed_errors(weight(grid$x), "argument", "`weight` failed: ",
    fields = list(arg = "weight")
  )
  fine <- is.numeric(out) && length(out) %in% c(1, length(grid$x)) && all(is.finite(out))
  if (!fine || any(out < 0) || !any(out > 0)) {
    stop_covary("argument",
      "`weight` must return a finite number from 0 for each x, not all of them 0.",
      fields = list(arg = "weight")
    )
  }
  rep_len(as.double(out), length(grid$x))
}

# Mean and sd to start from, by default those of the density.
quadrature_start <- function(start, grid) {
  if (is.null(start)) {
    mean <- sum(grid$x * grid$p) * grid$width
    sd <- sqrt(sum((grid$x - mean)^2 * grid$p) * grid$width)
    # less than a step from point to point: the density lies between them
    return(c(mean, max(sd, grid$width)))
  }
  if (!is.numeric(start) || length(start) != 2 || any(!is.finite(start))) {
    stop_covary("start", "`start` must be a mean and a positive sd, not ", describe(start), ".",
      fields = list(arg = "start")
    )
  }
  start <- by_name(start, c("mean", "sd"), "`start`", "start", "start")
  if (start[[2]] <= 0) {
    stop_covary("start", "The sd in `start` must be positive, not ", start[[2]], ".",
      fields = list(arg = "start")
    )
  }
  unname(start)
}

# The normal of least distance, list(par: mean and log sd, value, converged), by simplex. One that
# starts anew and stays where it was has converged.
search_normal <- function(distance, start) {
  scale <- c(start[2], 1)
  search <- function(par) {
    stats::optim(par, distance, control = list(reltol = 1e-13, maxit = 2000, parscale = scale))
  }
  first <- search(c(start[1], log(start[2])))
  fit <- search(first$par)
  moved <- max(abs(fit$par - first$par) / scale)
  list(par = fit$par, value = fit$value, converged = moved < 1e-3 && fit$value < 1e9)
}

# Log density (n) at the grid points of the normal with par, mean and log sd.
log_normal_on_grid <- function(par, grid, truncated) {
  lq <- stats::dnorm(grid$x, par[1], exp(par[2]), log = TRUE)
  if (truncated) lq - log(sum(exp(lq)) * grid$width) else lq
}

# The measure as a function of mean and log sd; weights (n): of squared differences.
quadrature_distance <- function(grid, measure, truncated, weights) {
  function(par) {
    lq <- log_normal_on_grid(par, grid, truncated)
    q <- exp(lq)
    out <- switch(measure,
      kl = sum(ifelse(q > 0, q * (lq - pmax(grid$lp, -1e4)), 0)) * grid$width,
      kl_inclusive = sum(ifelse(grid$p > 0, grid$p * (grid$lp - pmax(lq, -1e4)), 0)) * grid$width,
      weighted_mse = sum(weights * (grid$p - q)^2) * grid$width
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
