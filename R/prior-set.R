# Priors that a user sets: which distribution for which parameters.

#' Set the prior of a group of parameters
#'
#' Priors are combined by `c()` and given to [covary()]. What is left out (`coef`, `dpar`,
#' `resp`) means all of them. A prior that names a coefficient wins over one that does not, then one
#' that names a response, then one that names a `dpar`; of two that name the same the later one
#' wins. A prior that applies to nothing is an error.
#'
#' Classes: `"Intercept"` is the intercept *after* all other columns have been centred
#' at their means; `"b"` is every other unpenalised coefficient (of a predictor without
#' intercept: all of them), whose defaults are joint, see [default_prior()]; `"sds"` is the standard
#' deviation of a smooth or random effect. Parametric coefficients are on the scale of the user's
#' columns. The unpenalised column of a smooth is scaled to standard deviation one over the data,
#' and a penalised block so that its sd is the standard deviation of the wiggly part over the data;
#' random effects (`bs = "re"`) are left as they are.
#'
#' Beside 'brms' and 'rstanarm': inside `set_prior()` the names of distributions are those of
#' [priors], whichever package is attached last, and the priors of 'rstanarm' are read (without
#' `autoscale`). [covary()] takes what `set_prior()` and `prior()` of 'brms' return too; without
#' `dpar` they are priors of the mean alone, as there (a message says so where ours would be of
#' standard deviations and correlations too). Texts, `set_prior("normal(0, 10)", ...)`, work in
#' every order of attaching.
#'
#' @param prior A prior such as [normal()] or [half_t()], or its text, `"normal(0, 10)"`; here
#'   `gamma(shape, rate)` is the gamma distribution.
#' @param class `"b"`, `"Intercept"` or `"sds"`.
#' @param coef Coefficient, as listed by [default_prior()]; `NULL` for all.
#' @param dpar `"mu"`, `"sigma"`, `"rho"`, or `NULL` for all.
#' @param resp Response, or `"a:b"` for the pair of a correlation; `NULL` for all.
#' @return A data frame of class `covary_priors` with one row; `c()` puts several together.
#' @examples
#' c(
#'   set_prior(normal(0, 10), class = "b", dpar = "rho"),
#'   set_prior(half_t(3, 0, 1), class = "sds")
#' )
#' @export
set_prior <- function(prior, class = "b", coef = NULL, dpar = NULL, resp = NULL) {
  asked <- substitute(prior)
  known <- if (is.call(asked)) prior_constructors() # a variable may have the name of a distribution
  prior <- as_prior(eval(asked, known, parent.frame()))
  if (!inherits(prior, "covary_prior")) {
    stop_covary("prior", "`prior` must be a distribution such as normal(0, 10), not ",
      describe(prior), ".",
      fields = list(arg = "prior")
    )
  }
  check_object(prior, "covary_prior", "prior")
  if (isTRUE(prior$autoscale) && prior$family != "lkj") refuse_autoscale()
  class <- check_choice(class, c("b", "Intercept", "sds"), "class")
  if (is_sd_prior(prior) != (class == "sds")) {
    stop_covary("prior", "Prior ", prior$text, if (class == "sds") {
      " is not a distribution on (0, Inf), as class \"sds\" needs."
    } else {
      paste0(
        " is a prior of a standard deviation; class \"", class,
        "\" needs normal(), student_t() or logistic()."
      )
    },
    fields = list(arg = "prior")
    )
  }
  if (prior$family == "lkj" && (class != "Intercept" || !is.null(resp))) {
    stop_covary("prior", "Prior ", prior$text, " is one of the constants of all correlations: ",
      "use class = \"Intercept\", without `resp`.",
      fields = list(arg = "prior")
    )
  }
  if (!is.null(dpar)) check_choice(dpar, dpar_names(), "dpar")
  if (!is.null(coef) && !(is.character(coef) && length(coef) == 1)) {
    stop_covary("argument", "`coef` must be the name of one coefficient, not ", describe(coef), ".",
      fields = list(arg = "coef")
    )
  }
  out <- data.frame(
    class = class, coef = if (is.null(coef)) "" else as.character(coef),
    dpar = if (is.null(dpar)) "" else dpar,
    resp = if (is.null(resp)) "" else unit_label(resp)
  )
  out$prior <- list(prior)
  structure(out, class = c("covary_priors", "data.frame"))
}

#' @export
c.covary_priors <- function(...) {
  parts <- lapply(list(...), as_priors)
  if (!all(vapply(parts, inherits, TRUE, "covary_priors"))) {
    stop_covary("prior", "Only results of set_prior() can be combined with each other.")
  }
  for (part in parts) check_object(part, "covary_priors", "...")
  structure(do.call(rbind, lapply(parts, as.data.frame)), class = c("covary_priors", "data.frame"))
}

#' @export
print.covary_priors <- function(x, ...) {
  check_dots(...)
  check_object(x, "covary_priors", "x")
  out <- as.data.frame(unclass(x[setdiff(names(x), "prior")]))
  out <- cbind(prior = vapply(x$prior, format, ""), out)
  print.data.frame(out, row.names = FALSE, right = FALSE)
  invisible(x)
}
