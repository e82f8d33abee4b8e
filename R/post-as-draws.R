#' Posterior draws in the formats of 'posterior'
#'
#' @param x A fit of [covary()].
#' @param variable Names of variables; `NULL` (default) for all.
#' @param regex `TRUE` if `variable` holds regular expressions.
#' @param row.names,optional Not used.
#' @param ... Not used.
#' @return Draws as `draws_matrix` (`as_draws()` too), `draws_df`, `draws_array`,
#'   `draws_list` or `draws_rvars`; `as.matrix()` a plain S x variables matrix, `as.data.frame()` a
#'   plain data frame, `as.array()` an iterations x chains x variables array. `variables()`: their
#'   names; `ndraws()`, `nsamples()`, `niterations()`, `nchains()` (1 but for `algorithm = "nuts"`,
#'   where `draws` is a multiple of its chains), `nvariables()`: counts.
#'
#'   Variables are named as in 'brms': `b_mpg_wt` (mean), `b_sigma_mpg_wt`, `b_rho_mpg_qsec_wt`;
#'   `bs_` is the unpenalised and `s_...[j]` the penalised part of a smooth, `sds_` the standard
#'   deviation of the latter. `lprior` is the log density of the prior (as 'priorsense' wants it),
#'   `lp__` the log joint density of data and parameters, `lp_approx__` the log density of the
#'   approximation the draws were made from (where a probe of the draws told that weights are of no
#'   use, both are the latter, moved by the mean difference; under
#'   `covary_control(importance = "never")` both are the latter as it is). With one response its
#'   name is left out.
#'
#'   Draws are independent, except that importance resampling (see [diagnostics()]) repeats some.
#'   Repeats stand together, so that [posterior::ess_bulk()] and Monte Carlo standard errors count
#'   them once. Draws of `algorithm = "nuts"` are in the order of their chains.
#' @section Errors:
#' `covary_error_argument` for unknown variables.
#' @examples
#' fit <- covary(mpg ~ wt, data = mtcars, draws = 500)
#' variables(fit)
#' as_draws_df(fit)
#' posterior::summarise_draws(fit, "mean", "sd")
#' @name as_draws.covary
NULL

draws_subset <- function(x, variable, regex) {
  draws <- check_fit(x, "x", margins = TRUE)$draws
  if (is.null(variable)) {
    return(draws)
  }
  check_flag(regex, "regex")
  check_names(variable, "variable")
  hits <- if (regex) {
    lapply(variable, grep, colnames(draws))
  } else {
    lapply(variable, function(v) which(colnames(draws) == v))
  }
  if (length(hits) == 0 || any(lengths(hits) == 0)) {
    stop_covary("argument", "`variable` ", enumerate(as.character(variable[lengths(hits) == 0])),
      " matches no variable; the draws have ",
      enumerate(colnames(draws), most = 20), ".",
      fields = list(arg = "variable")
    )
  }
  draws[, unique(unlist(hits))]
}

#' @rdname as_draws.covary
#' @importFrom posterior as_draws
#' @export
as_draws.covary <- function(x, variable = NULL, regex = FALSE, ...) {
  check_dots(...)
  draws_subset(x, variable, regex)
}

#' @rdname as_draws.covary
#' @importFrom posterior as_draws_matrix
#' @export
as_draws_matrix.covary <- function(x, variable = NULL, regex = FALSE, ...) {
  check_dots(...)
  draws_subset(x, variable, regex)
}

#' @rdname as_draws.covary
#' @importFrom posterior as_draws_df
#' @export
as_draws_df.covary <- function(x, variable = NULL, regex = FALSE, ...) {
  check_dots(...)
  posterior::as_draws_df(draws_subset(x, variable, regex))
}

#' @rdname as_draws.covary
#' @importFrom posterior as_draws_array
#' @export
as_draws_array.covary <- function(x, variable = NULL, regex = FALSE, ...) {
  check_dots(...)
  posterior::as_draws_array(draws_subset(x, variable, regex))
}

#' @rdname as_draws.covary
#' @importFrom posterior as_draws_list
#' @export
as_draws_list.covary <- function(x, variable = NULL, regex = FALSE, ...) {
  check_dots(...)
  posterior::as_draws_list(draws_subset(x, variable, regex))
}

#' @rdname as_draws.covary
#' @importFrom posterior as_draws_rvars
#' @export
as_draws_rvars.covary <- function(x, variable = NULL, regex = FALSE, ...) {
  check_dots(...)
  posterior::as_draws_rvars(draws_subset(x, variable, regex))
}

#' @rdname as_draws.covary
#' @export
as.matrix.covary <- function(x, variable = NULL, regex = FALSE, ...) {
  check_dots(...)
  draws <- draws_subset(x, variable, regex)
  matrix(as.double(draws), nrow(draws), dimnames = list(NULL, colnames(draws)))
}

#' @rdname as_draws.covary
#' @export
as.data.frame.covary <- function(
  x, row.names = NULL, optional = FALSE, variable = NULL,
  regex = FALSE, ...
) {
  check_dots(...)
  as.data.frame(as.matrix(x, variable, regex))
}

#' @rdname as_draws.covary
#' @export
as.array.covary <- function(x, variable = NULL, regex = FALSE, ...) {
  check_dots(...)
  draws <- as.matrix(x, variable, regex)
  chains <- posterior::nchains(x)
  array(
    draws, c(nrow(draws) / chains, chains, ncol(draws)),
    list(iteration = NULL, chain = as.character(seq_len(chains)), variable = colnames(draws))
  )
}

#' @rdname as_draws.covary
#' @importFrom posterior variables
#' @export
variables.covary <- function(x, ...) {
  check_dots(...)
  colnames(check_fit(x, "x", margins = TRUE)$draws)
}

#' @rdname as_draws.covary
#' @importFrom posterior nvariables
#' @export
nvariables.covary <- function(x, ...) {
  check_dots(...)
  ncol(check_fit(x, "x", margins = TRUE)$draws)
}

#' @rdname as_draws.covary
#' @importFrom posterior ndraws
#' @export
ndraws.covary <- function(x) nrow(check_fit(x, "x", margins = TRUE)$draws)

#' @rdname as_draws.covary
#' @importFrom posterior niterations
#' @export
niterations.covary <- function(x) {
  as.integer(posterior::niterations(check_fit(x, "x", margins = TRUE)$draws))
}

#' @rdname as_draws.covary
#' @importFrom posterior nchains
#' @export
nchains.covary <- function(x) posterior::nchains(check_fit(x, "x", margins = TRUE)$draws)

#' @rdname as_draws.covary
#' @param object A fit of [covary()].
#' @export
#' @rawNamespace S3method(rstantools::nsamples, covary)
nsamples.covary <- function(object, ...) {
  check_dots(...)
  nrow(check_fit(object, margins = TRUE)$draws)
}

#' @export
posterior::as_draws

#' @export
posterior::as_draws_matrix

#' @export
posterior::as_draws_df

#' @export
posterior::as_draws_array

#' @export
posterior::as_draws_list

#' @export
posterior::as_draws_rvars

#' @export
posterior::variables

#' @export
posterior::nvariables

#' @export
posterior::ndraws

#' @export
posterior::niterations

#' @export
posterior::nchains
