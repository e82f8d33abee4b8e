# Mixtures of normals as targets in C.

#' Mixture of normals as a target
#'
#' Without `data`: the density of `x` itself, for known weights, means and sds: a small target with
#' several modes. With `data`: the likelihood of whatever is left out. Means are ordered; weights
#' have a Dirichlet prior, means a normal one and sds a half-normal one.
#'
#' @param weights,means,sds Known values, or `NULL`: unknown (only with `data`).
#' @param data Observations.
#' @param k Number of components, if nothing given tells it.
#' @param mean_prior [normal()] prior of the means; default: at the mean of the data with twice
#'   their sd.
#' @param sd_scale Scale of the half-normal prior of the sds; default: the sd of the data.
#' @param concentration Concentration of the Dirichlet prior, for each weight.
#' @return An object of class `covary_density`.
#' @examples
#' target <- normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1))
#' fit <- svgd(target, iterations = 300)
#' mean(fit)
#' @export
normal_mixture <- function(
  weights = NULL, means = NULL, sds = NULL, data = NULL, k = NULL,
  mean_prior = NULL, sd_scale = NULL,
  concentration = 1
) {
  given <- list(weights = weights, means = means, sds = sds)
  k <- unique(c(lengths(given[!vapply(given, is.null, TRUE)]), k))
  if (length(k) != 1 || !is.numeric(k) || k < 1 || k > 16) {
    stop_covary("argument",
      "`weights`, `means`, `sds` and `k` must agree on one number of components, 1 to 16.",
      fields = list(arg = "k")
    )
  }
  k <- as.integer(k)
  for (n in names(given)) {
    v <- given[[n]]
    bad <- !is.null(v) && (!is.numeric(v) || any(!is.finite(v)) || (n != "means" && any(v <= 0)) ||
      (n == "weights" && abs(sum(v) - 1) > 1e-8))
    if (bad) {
      stop_covary("argument", "`", n, "` must be finite", if (n != "means") " and positive",
        if (n == "weights") " with sum 1", ".",
        fields = list(arg = n)
      )
    }
  }
  known <- list(weight = if (!is.null(weights)) as.double(weights), mean = if (!is.null(means)) {
    as.double(means)
  }, sd = if (!is.null(sds)) as.double(sds))
  if (is.null(data)) {
    if (any(vapply(known, is.null, TRUE))) {
      stop_covary("argument", "Without `data`, `weights`, `means` and `sds` must all be given.",
        fields = list(arg = "data")
      )
    }
    x <- c(list(k = k, n = 0L, y = numeric(), prior = mixture_prior(0, 1, 1, 1)), known)
    return(new_density("mixture", x, list(x = transform_identity()),
      label = paste("density of a mixture of", k, "normals")
    ))
  }
  if (!is.numeric(data) || length(data) < 2 || any(!is.finite(data))) {
    stop_covary("argument", "`data` must hold at least two finite numbers.",
      fields = list(arg = "data")
    )
  }
  if (!any(vapply(known, is.null, TRUE))) {
    stop_covary("argument",
      "With `data`, at least one of `weights`, `means` and `sds` must be left out.",
      fields = list(arg = "data")
    )
  }
  spread <- stats::sd(data)
  if (is.null(mean_prior)) mean_prior <- normal(mean(data), 2 * spread)
  if (inherits(mean_prior, "covary_prior")) check_object(mean_prior, "covary_prior", "mean_prior")
  if (!inherits(mean_prior, "covary_prior") || mean_prior$family != "normal") {
    stop_covary("prior", "`mean_prior` must be normal().", fields = list(arg = "mean_prior"))
  }
  sd_scale <- positive(if (is.null(sd_scale)) spread else sd_scale, "sd_scale")
  positive(concentration, "concentration")
  transforms <- c(
    if (is.null(weights) && k > 1) list(weight = transform_simplex(k)),
    if (is.null(means)) list(mean = transform_ordered(k)),
    if (is.null(sds)) list(sd = transform_log(k))
  )
  if (is.null(weights) && k == 1) known$weight <- 1
  x <- c(list(
    k = k, n = length(data), y = as.double(data),
    prior = mixture_prior(mean_prior$par[1], mean_prior$par[2], sd_scale, concentration)
  ), known)
  out <- new_density("mixture", x, transforms,
    rows = length(data),
    label = paste("mixture of", k, "normals,", length(data), "rows")
  )
  quantiles <- stats::quantile(data, (seq_len(k) - 0.5) / k, names = FALSE)
  out$start <- read_start(c(
    if (is.null(weights) && k > 1) list(weight = rep(1 / k, k)),
    if (is.null(means)) list(mean = quantiles + spread * 1e-3 * seq_len(k)), if (is.null(sds)) {
      list(sd = rep(spread / k, k))
    }
  ), out)
  out
}

# Of what is unknown: normal means, half-normal sds, Dirichlet weights (target_mixture.c).
mixture_prior <- function(mean_location, mean_scale, sd_scale, concentration) {
  list(
    mean_location = mean_location, mean_scale = mean_scale, sd_scale = sd_scale,
    concentration = concentration
  )
}
