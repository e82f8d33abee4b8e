# Ready-made targets whose densities and gradients are in C.

#' Linear regression as a target
#'
#' `y = X b + e`, `e ~ N(0, sigma^2)`, with free numbers `b` and `log sigma`. Expectations under a
#' Gaussian are known in closed form, so [advi()] needs no random draws; rows can be minibatched.
#' Rows with equal predictors are summed up beforehand, which changes nothing but the time.
#'
#' @param formula,data As in [stats::lm()], offsets included: `y ~ x + offset(o)`. Rows with
#'   missing values are left out.
#' @param prior Prior of the coefficients ([normal()], [student_t()] or [logistic()]), or a list of
#'   priors by coefficient name; `NULL` is flat.
#' @param sigma Prior of sigma ([half_t()], [half_normal()], [exponential()], [inv_gamma()]); the
#'   default is half-Cauchy with scale 5. `NULL` is flat on (0, Inf).
#' @return An object of class `covary_density`.
#' @examples
#' target <- linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50))
#' summary(advi(target))
#' @export
linear_regression <- function(formula, data, prior = normal(0, 10), sigma = half_t(1, 0, 5)) {
  check_data(data)
  parts <- retype(regression_frame(formula, data), "variable", "The formula cannot be evaluated: ",
    fields = list(arg = "formula")
  )
  x <- parts$x
  # an offset is a part of the mean that is known
  y <- parts$y - parts$offset
  if (any(!is.finite(y)) || any(!is.finite(x))) {
    stop_covary(
      "infinite",
      "Responses, predictors and offsets must be finite."
    )
  }
  own <- regression_blueprint(parts$frame, x, parts$offset, data)
  if (nrow(x) < 2) stop_covary("data", "A regression needs at least two rows, not ", nrow(x), ".")
  colnames(x) <- clean_name(colnames(x))
  priors <- coefficient_priors(prior, colnames(x))
  sd_prior <- if (is.null(sigma)) exponential(1e-100) else sigma
  if (inherits(sd_prior, "covary_prior")) check_object(sd_prior, "covary_prior", "sigma")
  if (!inherits(sd_prior, "covary_prior") || !is_sd_prior(sd_prior)) {
    stop_covary("prior", "`sigma` must be a prior of a standard deviation such as half_t(), not ",
      describe(sigma), ".",
      fields = list(arg = "sigma")
    )
  }
  id <- combine_codes(lapply(seq_len(ncol(x)), function(j) x[, j]), nrow(x))
  m <- max(id)
  x_cells <- x[!duplicated(id), , drop = FALSE]
  d <- ncol(x) + 1L
  model <- list(
    size = list(responses = 1L, cells = m, coefficients = d, smooths = 0L),
    cells = .Call(C_cells, id, m, matrix(as.double(y)), rep(1, length(y))),
    offset = matrix(0, 2, m), x = list(t(unname(x_cells)), matrix(1, 1, m)), group = integer(d),
    family = c(vapply(priors, `[[`, 0L, "code"), sd_prior$code),
    prior = cbind(vapply(priors, `[[`, numeric(3), "par"), sd_prior$par), sd_family = integer(),
    sd_prior = matrix(0, 3, 0)
  )
  blocks <- c(lapply(colnames(x), function(n) transform_identity()), list(transform_log()))
  names(blocks) <- c(colnames(x), "sigma")
  fit <- stats::lm.fit(x, y)
  start <- c(
    ifelse(is.na(fit$coefficients), 0, fit$coefficients),
    log(max(stats::sd(fit$residuals), 1e-8 * stats::sd(y), 1e-300))
  )
  extra <- list(blueprint = c(own, list(size = ncol(x))), n = length(y))
  new_density("regression", model, blocks,
    rows = m, start = unname(start), expect = TRUE,
    label = paste("linear regression of", length(y), "rows"), extra = extra
  )
}

# list(frame, y, x, offset)
regression_frame <- function(formula, data) {
  if (!inherits(formula, "formula") || length(formula) != 3) {
    stop_covary("formula", "`formula` must look like `y ~ x`, not ", describe(formula), ".",
      fields = list(arg = "formula")
    )
  }
  frame <- stats::model.frame(formula, data, drop.unused.levels = TRUE)
  y <- stats::model.response(frame)
  if (!is.numeric(y) || !is.null(dim(y))) {
    stop_covary(
      "response",
      "The response must be one numeric column, not ", describe(y), "."
    )
  }
  dropped <- nrow(data) - nrow(frame)
  if (dropped > 0) {
    inform_covary(
      "dropped_rows", dropped, " of ", nrow(data),
      " rows have missing values and are left out."
    )
  }
  list(
    frame = frame, y = y, x = stats::model.matrix(attr(frame, "terms"), frame),
    offset = regression_offset(frame, nrow(frame))
  )
}

coefficient_priors <- function(prior, names) {
  flat <- list(code = 0L, par = c(0, 1, 0))
  one <- function(p) {
    if (is.null(p)) {
      return(flat)
    }
    if (inherits(p, "covary_prior")) check_object(p, "covary_prior", "prior")
    if (!inherits(p, "covary_prior") || is_sd_prior(p)) {
      stop_covary("prior",
        "`prior` must be normal(), student_t() or logistic(), or a list of those, not ",
        describe(p), ".",
        fields = list(arg = "prior")
      )
    }
    p
  }
  if (is.null(prior) || inherits(prior, "covary_prior")) {
    return(rep(list(one(prior)), length(names)))
  }
  unknown <- setdiff(names(prior), names)
  if (!is.list(prior) || is.null(names(prior)) || length(unknown) || anyDuplicated(names(prior))) {
    stop_covary("prior", "A list of priors must be named by coefficients, each at most once: ",
      enumerate(names), ".",
      fields = list(arg = "prior")
    )
  }
  lapply(names, function(n) one(prior[[n]]))
}

#' Robust comparison of two groups as a target
#'
#' Kruschke's (2013) model: Student-t observations with a mean and scale for each group and shared
#' degrees of freedom. Draws also hold the difference of means (first level minus second), of
#' standard deviations, and the effect size: the difference of means over the root mean square of
#' the two scales.
#'
#' @param y Observations.
#' @param group Two groups, a value for each observation; the first level is group 1.
#' @param mean_prior A [normal()] prior of the group means; default: at the overall mean, with
#'   twice the overall sd.
#' @param scale_range Range of the uniform prior of the scales.
#' @param nu_mean Mean of the exponential prior of `nu - 1`.
#' @return An object of class `covary_density`.
#' @references Kruschke (2013) <doi:10.1037/a0029146>.
#' @examples
#' target <- t_groups(c(sleep$extra), sleep$group)
#' summary(advi(target))
#' @export
t_groups <- function(y, group, mean_prior = NULL, scale_range = NULL, nu_mean = 29) {
  if (!is.numeric(y) || length(y) < 4 || any(!is.finite(y))) {
    stop_covary("argument", "`y` must hold at least four finite numbers.", fields = list(arg = "y"))
  }
  if (!is.atomic(group) || length(group) != length(y) || anyNA(group)) {
    stop_covary("argument",
      "`group` must have a value for each observation.",
      fields = list(arg = "group")
    )
  }
  group <- droplevels(as.factor(group))
  if (nlevels(group) != 2) {
    stop_covary("argument", "`group` must have two levels, not ",
      nlevels(group), ".",
      fields = list(arg = "group")
    )
  }
  spread <- stats::sd(y)
  if (spread == 0) {
    stop_covary("constant_response", "All observations are equal.",
      fields = list(arg = "y")
    )
  }
  if (is.null(mean_prior)) mean_prior <- normal(mean(y), 2 * spread)
  if (inherits(mean_prior, "covary_prior")) check_object(mean_prior, "covary_prior", "mean_prior")
  if (!inherits(mean_prior, "covary_prior") || mean_prior$family != "normal") {
    stop_covary("prior", "`mean_prior` must be normal().", fields = list(arg = "mean_prior"))
  }
  if (is.null(scale_range)) scale_range <- spread * c(0.001, 10)
  if (!is.numeric(scale_range) || length(scale_range) != 2) {
    stop_covary("argument", "`scale_range` must be two numbers.",
      fields = list(arg = "scale_range")
    )
  }
  check_number(scale_range[1], "scale_range", 0, Inf)
  check_number(scale_range[2], "scale_range", scale_range[1], Inf, open = TRUE)
  positive(nu_mean, "nu_mean")
  names <- make.names(levels(group))
  logit <- function() transform_logit(scale_range[1], scale_range[2])
  shifted <- transform_log()
  shifted$forward <- function(u) 1 + exp(u)
  shifted$inverse <- function(x) log(check_inside(x, x > 1, "greater than 1") - 1)
  blocks <- list(transform_identity(), transform_identity(), logit(), logit(), shifted)
  names(blocks) <- c(paste0("mean_", names), paste0("scale_", names), "nu")
  data <- list(
    n = length(y), y = as.double(y), group = as.integer(group) - 1L,
    prior = c(mean_prior$par[1:2], scale_range, nu_mean)
  )
  out <- new_density("t_groups", data, blocks,
    rows = length(y),
    label = paste("two groups of Student-t observations,", length(y), "rows"),
    extra = list(derived = t_groups_derived)
  )
  inside <- function(s) {
    min(
      max(s, scale_range[1] + 0.01 * diff(scale_range)),
      scale_range[2] - 0.01 * diff(scale_range)
    )
  }
  sds <- tapply(y, group, stats::sd)
  sds[is.na(sds)] <- spread
  out$start <- c(
    tapply(y, group, mean),
    vapply(1:2, function(j) blocks[[2 + j]]$inverse(inside(sds[[j]])), 0), log(10)
  )
  out$start <- unname(out$start)
  out
}

# Standard deviation of a t distribution is scale * sqrt(nu / (nu - 2)) and may not exist; scales
# always do.
t_groups_derived <- function(x) {
  difference <- x[, 1] - x[, 2]
  cbind(
    difference_of_means = difference, difference_of_scales = x[, 3] - x[, 4],
    effect_size = difference / sqrt((x[, 3]^2 + x[, 4]^2) / 2)
  )
}

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
    x <- c(list(k = k, n = 0L, y = numeric(), prior = c(0, 1, 1, 1)), known)
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
  blocks <- c(
    if (is.null(weights) && k > 1) list(weight = transform_simplex(k)),
    if (is.null(means)) list(mean = transform_ordered(k)),
    if (is.null(sds)) list(sd = transform_log(k))
  )
  if (is.null(weights) && k == 1) known$weight <- 1
  x <- c(list(
    k = k, n = length(data), y = as.double(data),
    prior = c(mean_prior$par[1:2], sd_scale, concentration)
  ), known)
  out <- new_density("mixture", x, blocks,
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
