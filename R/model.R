# The regression model as engines see it: a log density of standardised coefficients beta and log
# smoothing sds log_tau, with derivatives and expectations. Users' scales are mapped back in
# fit-draws.R.
#
# A kind of model is a class and says how it passes over the data: cells or nodes
# (model-cells.R), rows by tables of their terms (model-rows.R), rows in blocks (model-blocks.R).

# core          what the C core reads: size, cells, offset, x, priors, and `shared`: which cells of
#               levels have the same other columns (src/regression.h)
# coefficients  a row a coefficient: name, key (of its predictor), class, sd (number of its smooth
#               or zero), shift and factor: standardised = (user's - shift) * factor
# sds           a row a smooth: name, key, factor, prior
# dim, n_sds    numbers of both
# start         d: where engines begin
# means         d: does the coefficient belong to a mean? The expected curvature between means and
#               others is zero
# scales        of the responses (prior-scales.R)
# likelihood    its name
# keys, units, roles, information, constant_priors   a value a predictor: its name, the numbers of
#               the responses that it belongs to, of its dpar the role and the information
#               (likelihood.R), and the default prior of a constant
# rows          cells or rows that a pass goes over, for what it costs
# ...           what one kind needs besides; `pilot`, where there is one, as fit_pilot() makes it
new_model <- function(
  core, coefficients, sds, start, means, scales, predictors, ..., class = "covary_cells_model"
) {
  core$shape <- shape_of_columns(core$x)
  core$shared <- NULL
  if (!is.null(core$shape)) core$shared <- .Call(C_shared_columns, core)
  structure(
    list(
      core = core, coefficients = coefficients, sds = sds, dim = core$size$coefficients,
      n_sds = core$size$smooths, start = start, means = means, scales = scales,
      keys = predictors$keys, units = predictors$units, roles = predictors$roles,
      information = predictors$information,
      constant_priors = predictors$constant_priors, likelihood = predictors$likelihood,
      rows = core$size$cells, ...
    ),
    class = c(class, "covary_model", "covary_target")
  )
}

# The shape of the Hessian (numeric-arrow.R) of predictors with these columns, NULL where it is
# dense: levels that no prior nor cell joins are apart.
shape_of_columns <- function(x) {
  by_level <- vapply(x, inherits, TRUE, "covary_level_columns")
  if (!any(by_level)) {
    return(NULL)
  }
  size <- vapply(x, nrow, 0)
  before <- cumsum(c(0, size))[seq_along(x)]
  level <- do.call(rbind, Map(function(x, before) before + x$at, x[by_level], before[by_level]))
  new_arrow_shape(setdiff(seq_len(sum(size)), level), level)
}

# The model, or an error that says what of it breaks the contract; tests run it for every kind.
validate_model <- function(x) {
  size <- x$core$size
  holds <- c(
    "class covary_model" = inherits(x, "covary_model"),
    "core$size: cells, coefficients, smooths" =
      x$dim == size$coefficients && x$n_sds == size$smooths && size$cells == ncol(x$core$cells),
    "core$observed: a number a cell" =
      is.null(x$core$observed) || length(x$core$observed) == size$cells,
    "core$x: a matrix a predictor, a column a cell" =
      length(x$core$x) == length(x$keys) && all(vapply(x$core$x, ncol, 0L) == size$cells),
    "core$x: a row a coefficient" = sum(vapply(x$core$x, nrow, 0L)) == x$dim,
    "core$offset: predictors x cells" =
      identical(dim(x$core$offset), c(length(x$keys), as.integer(size$cells))),
    "coefficients: one each" = nrow(x$coefficients) == x$dim,
    "sds: one each" = nrow(x$sds) == x$n_sds,
    "start: a number each" = length(x$start) == x$dim && all(is.finite(x$start)),
    "means: TRUE or FALSE each" = is.logical(x$means) && length(x$means) == x$dim
  )
  if (!all(holds)) {
    stop_covary("internal", "A model broke its contract: ", names(holds)[!holds][1], ".")
  }
  x
}

# Log likelihood and log priors of the unpenalised coefficients: list(value, gradient, hessian), the
# latter two up to `order`.
loglik_and_priors <- function(model, beta, order = 2L) UseMethod("loglik_and_priors")

# Its expectation under N(mean, cov), and the gradient and Hessian of that by the mean. By cubature
# the Hessian is averaged at every so-manieth cell, `every`, and weighed up, for its difference to
# that at the mean is small and smooth; or, `at_no_cell`, it stands at the mean. Exact expectations
# have no use for it.
expect_loglik_and_priors <- function(model, mean, cov, every = 1L) {
  UseMethod("expect_loglik_and_priors")
}

strided <- 10L
at_no_cell <- 0L

# Are expectations exact, and so derivatives of one another?
has_exact_expectations <- function(model) {
  likelihood <- model$core$likelihood
  are_expectations_exact(likelihood$name, likelihood$responses, is.null(model$core$observed))
}

# complete: do all rows have all responses?
are_expectations_exact <- function(name, responses, complete) {
  responses <= 2 && name == "normal" || name == "normal_regression" && complete
}

# The value at draws (S x d), in parts, so that a user can interrupt.
loglik_and_priors_draws <- function(model, draws, progress = NULL) {
  UseMethod("loglik_and_priors_draws")
}

# Seconds that the log likelihood of one draw takes, about.
seconds_per_draw <- function(model) UseMethod("seconds_per_draw")

# A model of at most so many of the rows, weighed up to all of them (model-subsample.R); the model
# itself where that would not be quicker.
subsample_model <- function(model, most = subsample_size) UseMethod("subsample_model")

# The sd of log weights below which they are left out. Their effective share of the draws is
# exp(-sd^2): 0.99 for 0.1 and 0.78 for 0.5, which counts as enough where every draw is a pass over
# rows.
negligible_spread <- function(model) UseMethod("negligible_spread")

# The model with a bound of its likelihood where it can have one (model-bound.R).
bound_likelihood <- function(model, row_sd, fit_pilot) UseMethod("bound_likelihood")

#' @export
bound_likelihood.covary_model <- function(model, row_sd, fit_pilot) model

model_likelihood <- function(model) likelihood_of(list(model))
