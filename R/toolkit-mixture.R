# Mixtures of normals as targets in C.

#' Mixture of normals as a target
#'
#' Without `data`: the density of `x` itself, for known weights, means and sds: a small target with
#' several modes. With `data`: the likelihood of whatever is left out. Means are ordered; weights
#' have a Dirichlet prior, means a normal one and sds a half-normal one.
#'
#' @param weights,means,sds Known values, or `NULL`: unknown (only with `data`).
#' @param data Observations.
#' @param k Number of components, 1 to 16, if nothing given tells it.
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
  k <- mixture_size(given, k)
  for (name in names(given)) check_mixture_values(given[[name]], name)
  known <- lapply(given, function(v) if (!is.null(v)) as.double(v))
  names(known) <- c("weight", "mean", "sd")
  if (is.null(data)) {
    return(mixture_density(k, known))
  }
  if (!is.numeric(data) || length(data) < 2 || any(!is.finite(data))) {
    stop_covary("argument", "`data` must hold at least two finite numbers.",
      fields = list(arg = "data")
    )
  }
  if (stats::sd(data) == 0) {
    stop_covary("constant_response", "All observations are equal.", fields = list(arg = "data"))
  }
  if (!any(vapply(known, is.null, TRUE))) {
    stop_covary("argument",
      "With `data`, at least one of `weights`, `means` and `sds` must be left out.",
      fields = list(arg = "data")
    )
  }
  mean_prior <- check_mean_prior(mean_prior, data)
  sd_scale <- positive(if (is.null(sd_scale)) stats::sd(data) else sd_scale, "sd_scale")
  positive(concentration, "concentration")
  prior <- mixture_prior(mean_prior$par[1], mean_prior$par[2], sd_scale, concentration)
  mixture_posterior(k, known, data, prior)
}

# The one number of components that all that is given agrees on.
mixture_size <- function(given, k) {
  k <- unique(c(lengths(given[!vapply(given, is.null, TRUE)]), k))
  if (!is_whole_number(k, 1, 16)) {
    stop_covary("argument",
      "`weights`, `means`, `sds` and `k` must agree on one number of components, 1 to 16.",
      fields = list(arg = "k")
    )
  }
  as.integer(k)
}

# v: NULL, or the values of the argument "weights", "means" or "sds".
check_mixture_values <- function(v, name) {
  bad <- !is.null(v) && (!is.numeric(v) || any(!is.finite(v)) || (name != "means" && any(v <= 0)) ||
    (name == "weights" && abs(sum(v) - 1) > 1e-8))
  if (bad) {
    stop_covary("argument", "`", name, "` must be finite", if (name != "means") " and positive",
      if (name == "weights") " with sum 1", ".",
      fields = list(arg = name)
    )
  }
}

# The density of x itself. known: list(weight, mean, sd), k numbers each or NULL where unknown.
mixture_density <- function(k, known) {
  if (any(vapply(known, is.null, TRUE))) {
    stop_covary("argument", "Without `data`, `weights`, `means` and `sds` must all be given.",
      fields = list(arg = "data")
    )
  }
  values <- c(list(k = k, n = 0L, y = numeric(), prior = mixture_prior(0, 1, 1, 1)), known)
  new_density("mixture", values, list(x = transform_identity()),
    label = paste("density of a mixture of", k, "normals")
  )
}

# The posterior of what is unknown; prior: from mixture_prior().
mixture_posterior <- function(k, known, data, prior) {
  unknown <- vapply(known, is.null, TRUE)
  if (unknown[["weight"]] && k == 1) {
    known$weight <- 1
    unknown[["weight"]] <- FALSE
  }
  transforms <- list(
    weight = if (unknown[["weight"]]) transform_simplex(k), mean = transform_ordered(k),
    sd = transform_log(k)
  )
  values <- c(list(k = k, n = length(data), y = as.double(data), prior = prior), known)
  out <- new_density("mixture", values, transforms[unknown],
    rows = length(data),
    label = paste("mixture of", k, "normals,", length(data), "rows")
  )
  spread <- stats::sd(data)
  quantiles <- stats::quantile(data, (seq_len(k) - 0.5) / k, names = FALSE)
  start <- list(
    weight = rep(1 / k, k), mean = quantiles + spread * 1e-3 * seq_len(k), sd = rep(spread / k, k)
  )
  out$start <- read_start(start[unknown], out)
  out
}

# Of what is unknown: normal means, half-normal sds, Dirichlet weights (target_mixture.c).
mixture_prior <- function(mean_location, mean_scale, sd_scale, concentration) {
  list(
    mean_location = mean_location, mean_scale = mean_scale, sd_scale = sd_scale,
    concentration = concentration
  )
}
