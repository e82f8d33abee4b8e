# Two groups of Student-t observations as a target in C.

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
#' @references Kruschke (2013) \doi{10.1037/a0029146}.
#' @examples
#' target <- t_groups(c(sleep$extra), sleep$group)
#' summary(advi(target))
#' @export
t_groups <- function(y, group, mean_prior = NULL, scale_range = NULL, nu_mean = 29) {
  group <- check_groups_data(y, group)
  mean_prior <- check_mean_prior(mean_prior, y)
  if (is.null(scale_range)) scale_range <- stats::sd(y) * c(0.001, 10)
  if (!is.numeric(scale_range) || length(scale_range) != 2) {
    stop_covary("argument", "`scale_range` must be two numbers.",
      fields = list(arg = "scale_range")
    )
  }
  check_number(scale_range[1], "scale_range", 0, Inf)
  check_number(scale_range[2], "scale_range", scale_range[1], Inf, open = TRUE)
  positive(nu_mean, "nu_mean")
  transforms <- t_groups_transforms(make.unique(make.names(levels(group))), scale_range)
  data <- list(
    n = length(y), y = as.double(y), group = as.integer(group) - 1L,
    prior = list(
      mean = mean_prior$par[1], sd = mean_prior$par[2], low = scale_range[1],
      high = scale_range[2], nu_mean = nu_mean
    )
  )
  out <- new_density("t_groups", data, transforms,
    rows = length(y),
    label = paste("two groups of Student-t observations,", length(y), "rows"),
    derived = t_groups_derived
  )
  out$start <- t_groups_start(y, group, transforms, scale_range)
  out
}

# The groups as a factor of two levels.
check_groups_data <- function(y, group) {
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
  if (stats::sd(y) == 0) {
    stop_covary("constant_response", "All observations are equal.",
      fields = list(arg = "y")
    )
  }
  group
}

# Means, scales within their range, and nu > 1, by the names of the groups.
t_groups_transforms <- function(names, scale_range) {
  logit <- function() transform_logit(scale_range[1], scale_range[2])
  shifted <- transform_log()
  shifted$forward <- function(u) 1 + exp(u)
  shifted$inverse <- function(x) log(check_inside(x, x > 1, "greater than 1") - 1)
  out <- list(transform_identity(), transform_identity(), logit(), logit(), shifted)
  names(out) <- c(paste0("mean_", names), paste0("scale_", names), "nu")
  out
}

# Free numbers (5) to start from: means and sds of the groups, the latter well inside their range.
t_groups_start <- function(y, group, transforms, scale_range) {
  sds <- tapply(y, group, stats::sd)
  sds[is.na(sds)] <- stats::sd(y)
  margin <- 0.01 * diff(scale_range)
  inside <- pmin(pmax(sds, scale_range[1] + margin), scale_range[2] - margin)
  scales <- vapply(1:2, function(j) transforms[[2 + j]]$inverse(inside[[j]]), 0)
  unname(c(tapply(y, group, mean), scales, log(10)))
}

# Differences and effect size (S x 3) from parameters x (S x 5). They are those of scales, which
# always exist; the sd of a t distribution, scale * sqrt(nu / (nu - 2)), may not.
t_groups_derived <- function(x) {
  difference <- x[, 1] - x[, 2]
  cbind(
    difference_of_means = difference, difference_of_scales = x[, 3] - x[, 4],
    effect_size = difference / sqrt((x[, 3]^2 + x[, 4]^2) / 2)
  )
}
