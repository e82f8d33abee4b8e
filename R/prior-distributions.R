# Distributions as values: what priors are made of.

#' Prior distributions
#'
#' Distributions for [set_prior()]. `normal()`, `student_t()` and `logistic()` are priors of
#' coefficients; the others are priors of the standard deviation of a smooth or random effect,
#' on `(0, Inf)`. All are proper.
#'
#' `lkj()` is a prior of the constants (class `"Intercept"`) of all correlations together: the
#' density of the correlation matrix is proportional to its determinant to the power `shape - 1`, so
#' 1 makes all matrices equally likely and more favours small correlations. It does not depend on
#' the order of the responses. For the partial correlation of one pair of K responses, given j - 1
#' of them, it is a beta distribution of (1 + rho) / 2 with both shapes `shape + (K - 1 - j) / 2`,
#' which [default_prior()] shows (Lewandowski, Kurowicka and Joe 2009,
#' \doi{10.1016/j.jmva.2009.04.008}).
#'
#' Inside [set_prior()], `gamma(shape, rate)` is the gamma distribution; it is not exported,
#' so that [base::gamma()] keeps its meaning.
#'
#' @param location,scale Location and scale (> 0), on the scale of the user's data.
#'   `half_t()` and `half_normal()` have location 0.
#' @param df Degrees of freedom, > 0.
#' @param rate,shape Rate and shape, > 0.
#' @param autoscale For `stan_glm()` and its like of 'rstanarm', which take these priors where
#'   covary is attached last; priors of [set_prior()] must leave it `FALSE`.
#' @param link,... If these are given, `exponential()` is the family of 'brms', and `lkj()` the
#'   prior of 'rstanarm' with its further arguments.
#' @return An object of class `covary_prior`.
#' @seealso [set_prior()], [default_prior()], [prior_summary()]
#' @examples
#' normal(0, 10)
#' half_t(3, 0, 1)
#' @name priors
NULL

# par: three numbers, whose meaning the C core knows by `code` (src/prior.h).
new_prior <- function(family, par, text) {
  structure(
    list(family = family, code = prior_codes[[family]], par = as.double(par), text = text),
    class = "covary_prior"
  )
}

prior_text <- function(name, ...) {
  paste0(name, "(", paste(vapply(c(...), format, "", digits = 4), collapse = ", "), ")")
}

positive <- function(x, arg) check_number(x, arg, 0, Inf, open = TRUE)

#' @rdname priors
#' @export
normal <- function(location = 0, scale = 1, autoscale = FALSE) {
  check_number(location, "location", -Inf, Inf, open = TRUE)
  out <- new_prior(
    "normal", c(location, positive(scale, "scale"), 0),
    prior_text("normal", location, scale)
  )
  for_rstanarm(out, "normal", location, if (!missing(scale)) scale, autoscale = autoscale)
}

#' @rdname priors
#' @export
student_t <- function(df = 3, location = 0, scale = 1, autoscale = FALSE) {
  check_number(location, "location", -Inf, Inf, open = TRUE)
  out <- new_prior(
    "student_t", c(location, positive(scale, "scale"), positive(df, "df")),
    prior_text("student_t", df, location, scale)
  )
  for_rstanarm(out, "t", location, if (!missing(scale)) scale, df, autoscale)
}

#' @rdname priors
#' @export
logistic <- function(location = 0, scale = 1) {
  check_number(location, "location", -Inf, Inf, open = TRUE)
  new_prior(
    "logistic", c(location, positive(scale, "scale"), 0),
    prior_text("logistic", location, scale)
  )
}

#' @rdname priors
#' @export
lkj <- function(shape = 1, ...) {
  if (...length()) {
    return(hand_on_call("rstanarm", "lkj", sys.call()))
  }
  out <- new_prior("lkj", c(0, 1, positive(shape, "shape")), prior_text("lkj", shape))
  out$regularization <- shape
  for_rstanarm(out, "lkj", NA, 10, 1, TRUE)
}

# That of the pair (j, k) of k_all responses, j < k (eq. 34). location, size: of the predictor.
lkj_of_pair <- function(prior, j, k_all, location = 0, size = 1) {
  shape <- prior$par[3] + (k_all - 1 - j) / 2
  text <- paste0(prior$text, ", ", prior_text("beta", shape, shape))
  new_prior("lkj", c(location, size, shape), text)
}

#' @rdname priors
#' @export
half_t <- function(df = 3, location = 0, scale = 1) {
  check_number(location, "location", 0, 0)
  new_prior(
    "half_t", c(0, positive(scale, "scale"), positive(df, "df")),
    prior_text("half_t", df, 0, scale)
  )
}

#' @rdname priors
#' @export
half_normal <- function(location = 0, scale = 1) {
  check_number(location, "location", 0, 0)
  new_prior(
    "half_normal", c(0, positive(scale, "scale"), 0),
    prior_text("half_normal", 0, scale)
  )
}

#' @rdname priors
#' @export
exponential <- function(rate = 1, autoscale = FALSE, link = NULL) {
  if (!is.null(link) || is.character(rate)) {
    return(hand_on_call("brms", "exponential", sys.call()))
  }
  out <- new_prior(
    "exponential", c(0, 1 / positive(rate, "rate"), 0),
    prior_text("exponential", rate)
  )
  for_rstanarm(out, "exponential", NA, 1 / rate, autoscale = autoscale)
}

gamma_prior <- function(shape, rate = 1) {
  new_prior(
    "gamma", c(positive(shape, "shape"), 1 / positive(rate, "rate"), 0),
    prior_text("gamma", shape, rate)
  )
}

#' @rdname priors
#' @export
inv_gamma <- function(shape, scale) {
  new_prior(
    "inv_gamma", c(positive(shape, "shape"), positive(scale, "scale"), 0),
    prior_text("inv_gamma", shape, scale)
  )
}

#' @export
format.covary_prior <- function(x, ...) check_object(x, "covary_prior", "x")$text

#' @export
print.covary_prior <- function(x, ...) {
  check_dots(...)
  check_object(x, "covary_prior", "x")
  cat(x$text, "\n", sep = "")
  invisible(x)
}

is_sd_prior <- function(prior) prior$code > 10L

# n draws of the distribution with that code.
draw_prior <- function(code, par, n) {
  switch(names(prior_codes)[match(code, prior_codes)],
    normal = stats::rnorm(n, par[1], par[2]),
    student_t = par[1] + par[2] * stats::rt(n, par[3]),
    logistic = stats::rlogis(n, par[1], par[2]),
    lkj = par[1] + par[2] * (log(stats::rgamma(n, par[3])) - log(stats::rgamma(n, par[3]))),
    half_t = abs(par[2] * stats::rt(n, par[3])),
    half_normal = abs(stats::rnorm(n, 0, par[2])),
    exponential = stats::rexp(n, 1 / par[2]),
    gamma = stats::rgamma(n, par[1], scale = par[2]),
    inv_gamma = par[2] / stats::rgamma(n, par[1])
  )
}

# Sd of a normal, logistic or LKJ prior, which constants have by default.
prior_sd <- function(prior) {
  switch(prior$family,
    normal = prior$par[2],
    logistic = prior$par[2] * pi / sqrt(3),
    lkj = prior$par[2] * sqrt(2 * trigamma(prior$par[3]))
  )
}
