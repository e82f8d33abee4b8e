# Targets whose log density is that of a regression in C (`kind` "regression"): linear_regression(),
# and the models of covary(). `data` is the model of regression.h; free numbers are coefficients,
# then log sds of smooths; what minibatches take for rows are cells, rows of equal predictors summed
# up. Expectations under Gaussians are in closed form.

new_regression_target <- function(model, transforms, ..., label, class = NULL) {
  new_density("regression", model, transforms,
    rows = model$size$cells, ..., label = label, class = c(class, "covary_regression_target")
  )
}

#' @export
has_expectations.covary_regression_target <- function(target) TRUE

#' @export
density_expect.covary_regression_target <- function(target, mean, cov) {
  expect_log_joint(regression_core(target), mean, cov)
}

# The model of a target, as expect_log_joint() takes it.
regression_core <- function(target) {
  size <- target$data$size
  structure(
    list(core = target$data, dim = size$coefficients, n_sds = size$smooths),
    class = c("covary_cells_model", "covary_model")
  )
}

#' @export
has_smooths.covary_regression_target <- function(target) regression_core(target)$n_sds > 0

#' @export
smooths_expect.covary_regression_target <- function(target, mean, cov) {
  .Call(C_smooths_expect, target$data, mean, cov)
}

#' @export
subsample_density.covary_regression_target <- function(target, rows, scale) {
  target$data <- subsample_cells(target$data, rows, scale)
  target$rows <- length(rows)
  target
}

# Some cells of a model, counted `scale` fold.
subsample_cells <- function(model, rows, scale) {
  model$size$cells <- length(rows)
  model$cells <- count_stats(
    model$cells[, rows, drop = FALSE], model$likelihood$responses, scale
  )
  model$observed <- model$observed[rows]
  model$offset <- model$offset[, rows, drop = FALSE]
  model$x <- lapply(model$x, function(x) x[, rows, drop = FALSE])
  model
}

#' @export
has_snapshots.covary_regression_target <- function(target) TRUE

#' @export
take_snapshot.covary_regression_target <- function(target, theta) {
  .Call(C_snapshot, target$data, theta[seq_len(regression_core(target)$dim)])
}

#' @export
with_snapshot.covary_regression_target <- function(target, snapshot) {
  target$snapshot <- snapshot
  target$analytic_prior <- TRUE
  target
}
