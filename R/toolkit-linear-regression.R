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
  sd_prior <- if (is.null(sigma)) exponential(1e-100) else check_sd_prior(sigma)
  id <- combine_codes(lapply(seq_len(ncol(x)), function(j) x[, j]), nrow(x))
  m <- max(id)
  x_cells <- x[!duplicated(id), , drop = FALSE]
  d <- ncol(x) + 1L
  model <- list(
    likelihood = list(name = "normal", responses = 1L),
    size = list(cells = m, coefficients = d, smooths = 0L),
    cells = .Call(C_cells, id, m, matrix(as.double(y)), rep(1, length(y))),
    offset = matrix(0, 2, m), x = list(t(unname(x_cells)), matrix(1, 1, m)), group = integer(d),
    family = c(vapply(priors, `[[`, 0L, "code"), sd_prior$code),
    prior = cbind(vapply(priors, `[[`, numeric(3), "par"), sd_prior$par), sd_family = integer(),
    sd_prior = matrix(0, 3, 0)
  )
  transforms <- c(lapply(colnames(x), function(n) transform_identity()), list(transform_log()))
  names(transforms) <- c(colnames(x), "sigma")
  new_regression_target(model, transforms,
    start = least_squares_start(x, y), blueprint = c(own, list(size = ncol(x))), n = length(y),
    label = paste("linear regression of", length(y), "rows")
  )
}

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

# Coefficients and log residual sd by least squares.
least_squares_start <- function(x, y) {
  fit <- stats::lm.fit(x, y)
  log_sd <- log(max(stats::sd(fit$residuals), 1e-8 * stats::sd(y), 1e-300))
  unname(c(ifelse(is.na(fit$coefficients), 0, fit$coefficients), log_sd))
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
    inform_covary("dropped_rows", say_left_out(dropped, nrow(data)))
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
