#' Leave-one-out cross-validation and WAIC
#'
#' Joint predictive density of the responses of a row. Draws that were not corrected by importance
#' resampling come from an approximation, and the correction is made here, by
#' [loo::loo_approximate_posterior()] with `lp__` and `lp_approx__`; resampled draws go
#' to [loo::loo()] as they are, with their relative effective number. Results work with
#' [loo::loo_compare()].
#'
#' @param x A fit of [covary()].
#' @inheritParams posterior_predict.covary
#' @param ... `cores`, `save_psis` and `is_method` of [loo::loo()]; none for `waic()`.
#' @return An object of class `psis_loo` or `waic`, see [loo::loo()].
#' @section Errors:
#' `covary_error_package` if 'loo' is not installed; `covary_error_algorithm` for draws from the
#' prior.
#' @references Vehtari, Gelman and Gabry (2017) \doi{10.1007/s11222-016-9696-4}; Magnusson,
#'   Andersen, Jonasson and Vehtari (2019) <https://proceedings.mlr.press/v97/magnusson19a.html>.
#' @examples
#' if (requireNamespace("loo", quietly = TRUE)) {
#'   fit <- covary(cbind(mpg, qsec) ~ wt, data = mtcars, draws = 1000)
#'   loo(fit)
#' }
#' @export
#' @rawNamespace S3method(loo::loo, covary)
loo.covary <- function(x, resp = NULL, ...) {
  check_loo_dots(c("cores", "save_psis", "is_method"), ...)
  check_fit(x, "x", margins = TRUE)
  if (inherits(resp, "covary")) {
    stop_covary("argument", "loo() takes one fit; compare by loo::loo_compare(list(first = ",
      "loo(fit1), second = loo(fit2))).",
      fields = list(arg = "resp")
    )
  }
  check_loo(x)
  if (x$frame$n > loo_is_slow) {
    inform_covary(
      "loo", "loo() of ", format(x$frame$n, scientific = FALSE), " rows takes minutes; ",
      "loo::loo_subsample(fit) takes seconds."
    )
  }
  densities <- observed_log_lik(x, resp)
  draws <- unclass(x$draws)
  gap <- draws[, "lp__"] - draws[, "lp_approx__"]
  # Fits that skipped the weights because they do not matter have a gap of zero throughout.
  approximate <- !isTRUE(x$info$resampled) && isTRUE(diff(range(gap)) > 0)
  out <- if (approximate) {
    loo::loo_approximate_posterior(densities,
      log_p = as.vector(draws[, "lp__"]),
      log_g = as.vector(draws[, "lp_approx__"]), ...
    )
  } else {
    loo::loo(densities, r_eff = rep(effective_draws(x) / nrow(draws), ncol(densities)), ...)
  }
  mark_data(out, x, resp)
}

# Rows from which on loo() takes a minute or more
loo_is_slow <- 20000

#' @rdname loo.covary
#' @export
#' @rawNamespace S3method(loo::waic, covary)
waic.covary <- function(x, resp = NULL, ...) {
  check_dots(...)
  check_fit(x, "x", margins = TRUE)
  check_loo(x)
  mark_data(loo::waic(observed_log_lik(x, resp)), x, resp)
}

# Of the rows that have any of the responses asked for
observed_log_lik <- function(fit, resp) {
  out <- log_lik(fit, resp = resp)
  y <- fit$frame$y[, choose_responses(fit, resp), drop = FALSE]
  without <- rowSums(!is.na(y)) == 0
  if (any(without)) out[, !without, drop = FALSE] else out
}

# `known`: arguments that 'loo' takes.
check_loo_dots <- function(known, ...) {
  unknown <- setdiff(dots_names(...), known)
  if (length(unknown)) refuse_arguments(unknown, "loo", c("x", "resp", known))
}

check_loo <- function(fit) {
  need_package("loo", "cross-validation")
  if (fit$algorithm == "prior") {
    stop_covary("algorithm",
      "Draws from the prior have seen no data; there is nothing to leave out.",
      fields = list(arg = "x")
    )
  }
}

# loo_compare() warns where fits with different data are compared.
mark_data <- function(out, fit, resp) {
  # In whatever order the responses are
  y <- fit$frame$y[, sort(choose_responses(fit, resp), method = "radix"), drop = FALSE]
  sums <- function(y) colSums(y, na.rm = TRUE)
  structure(out, yhash = c(dim(y), sums(y), sums(y * seq_len(nrow(y)))))
}
