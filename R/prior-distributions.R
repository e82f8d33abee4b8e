# Distributions as values: what priors are made of.

#' Prior distributions
#'
#' Distributions for [set_prior()]. `normal()`, `student_t()` and `logistic()` are priors of
#' coefficients; the others are priors of the standard deviation of a smooth or random effect,
#' on `(0, Inf)`. All are proper.
#'
#' Inside [set_prior()], `gamma(shape, rate)` is the gamma distribution; it is not exported,
#' so that [base::gamma()] keeps its meaning.
#'
#' @param location,scale Location and scale (> 0), on the scale of the user's data.
#'   `half_t()` and `half_normal()` have location 0.
#' @param df Degrees of freedom, > 0.
#' @param rate,shape Rate and shape, > 0.
#' @return An object of class `covary_prior`.
#' @examples
#' normal(0, 10)
#' half_t(3, 0, 1)
#' @name priors
NULL

new_prior <- function(family, code, par, text) {
  structure(list(family = family, code = code, par = as.double(par), text = text),
    class = "covary_prior"
  )
}

prior_text <- function(name, ...) {
  paste0(name, "(", paste(vapply(c(...), format, "", digits = 4), collapse = ", "), ")")
}

positive <- function(x, arg) check_number(x, arg, 0, Inf, open = TRUE)

#' @rdname priors
#' @export
normal <- function(location = 0, scale = 1) {
  check_number(location, "location", -Inf, Inf, open = TRUE)
  new_prior(
    "normal", 1L, c(location, positive(scale, "scale"), 0),
    prior_text("normal", location, scale)
  )
}

#' @rdname priors
#' @export
student_t <- function(df = 3, location = 0, scale = 1) {
  check_number(location, "location", -Inf, Inf, open = TRUE)
  new_prior(
    "student_t", 2L, c(location, positive(scale, "scale"), positive(df, "df")),
    prior_text("student_t", df, location, scale)
  )
}

#' @rdname priors
#' @export
logistic <- function(location = 0, scale = 1) {
  check_number(location, "location", -Inf, Inf, open = TRUE)
  new_prior(
    "logistic", 3L, c(location, positive(scale, "scale"), 0),
    prior_text("logistic", location, scale)
  )
}

#' @rdname priors
#' @export
half_t <- function(df = 3, location = 0, scale = 1) {
  check_number(location, "location", 0, 0)
  new_prior(
    "half_t", 11L, c(0, positive(scale, "scale"), positive(df, "df")),
    prior_text("half_t", df, 0, scale)
  )
}

#' @rdname priors
#' @export
half_normal <- function(location = 0, scale = 1) {
  check_number(location, "location", 0, 0)
  new_prior(
    "half_normal", 12L, c(0, positive(scale, "scale"), 0),
    prior_text("half_normal", 0, scale)
  )
}

#' @rdname priors
#' @export
exponential <- function(rate = 1) {
  new_prior(
    "exponential", 13L, c(0, 1 / positive(rate, "rate"), 0),
    prior_text("exponential", rate)
  )
}

gamma_prior <- function(shape, rate = 1) {
  new_prior(
    "gamma", 14L, c(positive(shape, "shape"), 1 / positive(rate, "rate"), 0),
    prior_text("gamma", shape, rate)
  )
}

#' @rdname priors
#' @export
inv_gamma <- function(shape, scale) {
  new_prior(
    "inv_gamma", 15L, c(positive(shape, "shape"), positive(scale, "scale"), 0),
    prior_text("inv_gamma", shape, scale)
  )
}

#' @export
format.covary_prior <- function(x, ...) check_object(x, "covary_prior", "x")$text

#' @export
print.covary_prior <- function(x, ...) {
  check_object(x, "covary_prior", "x")
  cat(x$text, "\n", sep = "")
  invisible(x)
}

is_sd_prior <- function(prior) prior$code > 10L

draw_prior <- function(family, par, n) {
  switch(as.character(family),
    "1" = stats::rnorm(n, par[1], par[2]),
    "2" = par[1] + par[2] * stats::rt(n, par[3]),
    "3" = stats::rlogis(n, par[1], par[2]),
    "11" = abs(par[2] * stats::rt(n, par[3])),
    "12" = abs(stats::rnorm(n, 0, par[2])),
    "13" = stats::rexp(n, 1 / par[2]),
    "14" = stats::rgamma(n, par[1], scale = par[2]),
    "15" = par[2] / stats::rgamma(n, par[1])
  )
}
