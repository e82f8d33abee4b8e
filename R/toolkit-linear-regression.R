# Linear regression as a target: sums of rows in C, expectations in closed form.

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
#' @section Errors: `covary_error_constant_response`; `covary_error_data` for fewer than two
#'   complete rows, and where the predictors give the response exactly (no posterior of sigma,
#'   unless its prior is [inv_gamma()]); `covary_error_variable` for coefficients of equal names, or
#'   one called `sigma`; `covary_error_infinite`.
#' @examples
#' target <- linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50))
#' summary(advi(target))
#' @export
linear_regression <- function(formula, data, prior = normal(0, 10), sigma = half_t(1, 0, 5)) {
  check_data(data)
  parts <- with_typed_errors(regression_frame(formula, data), "variable",
    "The formula cannot be evaluated: ",
    fields = list(arg = "formula")
  )
  own <- regression_blueprint(parts$frame, parts$x, parts$offset, data)
  x <- parts$x
  colnames(x) <- linear_names(x)
  # an offset is a part of the mean that is known
  y <- as.double(parts$y - parts$offset)
  check_regression(x, y)
  priors <- coefficient_priors(prior, colnames(x))
  sd_prior <- if (is.null(sigma)) exponential(1e-100) else check_sd_prior(sigma)
  start <- least_squares(x, y)
  check_residuals(start, y, sd_prior)
  transforms <- c(lapply(colnames(x), function(n) transform_identity()), list(transform_log()))
  names(transforms) <- c(colnames(x), "sigma")
  new_regression_target(linear_model(x, y, priors, sd_prior), transforms,
    start = start$free, blueprint = c(own, list(size = ncol(x))), n = length(y),
    label = paste("linear regression of", length(y), "rows")
  )
}

# Names of the columns of x (n x p) as parameters; `sigma` is a parameter already.
linear_names <- function(x) {
  names <- clean_name(colnames(x))
  bad <- c(unique(names[duplicated(names)]), intersect(names, "sigma"))
  if (length(bad)) {
    stop_covary("variable",
      "Coefficients must differ in their names, spaces apart, and none may be 'sigma', which is ",
      "the residual standard deviation; found ", enumerate(bad), ". Rename columns of the data.",
      fields = list(arg = "formula", names = bad)
    )
  }
  names
}

# Responses y (n) and predictors x (n x p) must be numbers, and not all the same.
check_regression <- function(x, y) {
  if (any(!is.finite(y)) || any(!is.finite(x))) {
    stop_covary(
      "infinite",
      "Responses, predictors and offsets must be finite."
    )
  }
  if (all(y == y[1])) {
    stop_covary("constant_response",
      "The response (less the offset) is constant; there is nothing to regress.",
      fields = list(arg = "formula")
    )
  }
}

# Where all residuals are zero, the likelihood grows beyond all bounds as sigma falls; only a prior
# that falls faster, as inv_gamma() does, leaves a posterior. `fit`: from least_squares().
check_residuals <- function(fit, y, sd_prior) {
  exact <- fit$df > 0 && fit$sd <= 1e-13 * max(abs(y))
  if (exact && sd_prior$family != "inv_gamma") {
    stop_covary("data",
      "The predictors give the response exactly, so that the posterior of sigma has all its mass ",
      "at zero. Leave out what the response was computed from, or give `sigma = inv_gamma()`.",
      fields = list(arg = "formula")
    )
  }
}

# The model of regression.h: sums of rows with equal predictors, one mean with the coefficients, one
# constant log sd.
linear_model <- function(x, y, priors, sd_prior) {
  id <- combine_codes(lapply(seq_len(ncol(x)), function(j) x[, j]), nrow(x))
  m <- max(id)
  x_cells <- x[!duplicated(id), , drop = FALSE]
  d <- ncol(x) + 1L
  list(
    likelihood = list(name = "normal", responses = 1L),
    size = list(cells = m, coefficients = d, smooths = 0L),
    cells = .Call(C_cells, id, m, matrix(y), rep(1, length(y))),
    offset = matrix(0, 2, m), x = list(t(unname(x_cells)), matrix(1, 1, m)), group = integer(d),
    family = c(vapply(priors, `[[`, 0L, "code"), sd_prior$code),
    prior = cbind(vapply(priors, `[[`, numeric(3), "par"), sd_prior$par), sd_family = integer(),
    sd_prior = matrix(0, 3, 0)
  )
}

# The prior of sigma that the user gave.
check_sd_prior <- function(sigma) {
  if (inherits(sigma, "covary_prior")) check_object(sigma, "covary_prior", "sigma")
  if (!inherits(sigma, "covary_prior") || !is_sd_prior(sigma)) {
    stop_covary("prior", "`sigma` must be a prior of a standard deviation such as half_t(), not ",
      describe(sigma), ".",
      fields = list(arg = "sigma")
    )
  }
  sigma
}

# Least squares of y (n) on x (n x p): list(free: coefficients and log residual sd, p + 1; sd: of
# the residuals; df: their degrees of freedom). Where rows are so few that no residuals are left,
# the log sd is that of y.
least_squares <- function(x, y) {
  fit <- stats::lm.fit(x, y)
  sd <- stats::sd(fit$residuals)
  df <- length(y) - fit$rank
  log_sd <- log(if (df > 0) max(sd, 1e-8 * stats::sd(y), 1e-300) else stats::sd(y))
  coefficients <- ifelse(is.na(fit$coefficients), 0, fit$coefficients)
  list(free = unname(c(coefficients, log_sd)), sd = sd, df = df)
}

# list(frame: model frame of the complete rows, y (n), x (n x p), offset (n))
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
    inform_covary("dropped_rows", say_left_out(dropped, nrow(data)))
  }
  if (nrow(frame) < 2) {
    stop_covary(
      "data", "A regression needs at least two rows without missing values, not ",
      nrow(frame), "."
    )
  }
  list(
    frame = frame, y = y, x = stats::model.matrix(attr(frame, "terms"), frame),
    offset = regression_offset(frame, nrow(frame))
  )
}

# A list of priors, one for each of `names` (of coefficients), from what the user gave: one prior
# for all, or a list of priors by name. Those not named, and NULL, are flat.
coefficient_priors <- function(prior, names) {
  flat <- list(code = 0L, par = c(0, 1, 0))
  one <- function(p) {
    if (is.null(p)) {
      return(flat)
    }
    if (inherits(p, "covary_prior")) check_object(p, "covary_prior", "prior")
    if (!inherits(p, "covary_prior") || is_sd_prior(p) || p$family == "lkj") {
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
