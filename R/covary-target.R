# The regression model of covary() as a target of the toolkit, with what the toolkit may ask of it
# (toolkit-contract.R). Its free numbers are the standardised coefficients and the log standard
# deviations of smooths.

# `model` is kept in the field `regression`; with a design, parameters are on the scale of the data.
regression_density <- function(model, design = NULL) {
  names <- c(model$coefficients$name, model$sds$name)
  transforms <- rep(list(transform_identity()), length(names))
  names(transforms) <- names
  for (i in model$dim + seq_len(model$n_sds)) transforms[[i]] <- transform_log()
  new_regression_target(model$core, transforms,
    start = c(model$start, rep(-1, model$n_sds)), regression = model, design = design,
    constrain = if (!is.null(design)) constrain_regression, constant = model$log_jacobian,
    label = paste("regression model,", model$core$size$cells, "cells"),
    class = "covary_model_target"
  )
}

constrain_regression <- function(target, theta) {
  unknown <- rep(NA_real_, nrow(theta))
  draws <- split_draws(target$regression, theta)
  result <- new_engine_result(draws$beta, draws$log_tau, unknown, unknown, list())
  out <- unclass(user_draws(result, target$regression, target$design))
  out <- out[, setdiff(colnames(out), density_columns), drop = FALSE]
  matrix(out, nrow(out), dimnames = list(NULL, colnames(out)))
}

#' @export
subsample_density.covary_model_target <- function(target, rows, scale) {
  out <- NextMethod()
  out$regression$core <- out$data
  out
}

# A regression with smooths has no joint mode to start from; its own engines know a good place.
#' @export
gaussian_start.covary_model_target <- function(target, progress) {
  joint_start(target$regression, progress)
}

# Smooths standardised given their sds (covary-conditional.R), which takes their funnels away.
#' @export
sampling_form.covary_model_target <- function(target, start, progress) {
  near <- joint_start(target$regression, progress)
  moved <- conditional_density(target, near)
  if (is.null(start)) {
    at <- conditional_start(moved, near)
    start <- new_approximation(moved, "advi", "fullrank", mean = at$mean, chol_cov = chol(at$cov))
    noise <- matched_noise(max(100, 2 * target$dim), target$dim)
    start$draws <- sweep(noise %*% start$chol_cov, 2, at$mean, "+")
  } else if (inherits(start, "covary_approximation")) {
    start <- new_approximation(moved, "advi", "draws",
      draws = to_conditional(moved, free_draws(start, max(1000, 8 * target$dim)))
    )
  } else {
    moved$start <- to_conditional(moved, matrix(read_start(start, target), 1))[1, ]
    start <- NULL
  }
  list(
    target = moved, start = start, back = function(theta) from_conditional(moved, theta),
    log_jacobian = function(theta) conditional_jacobian(moved, theta)
  )
}
