#' Leave-one-out cross-validation and WAIC
#'
#' Joint predictive density of the responses of a row. Draws that were not corrected by importance
#' resampling come from an approximation, and the correction is made here, by
#' [loo::loo_approximate_posterior()] with `lp__` and `lp_approx__`; resampled draws go
#' to [loo::loo()] as they are, with their relative effective number. Results work with
#' [loo::loo_compare()]. Rows of high Pareto k are named in a warning.
#'
#' Densities are made for some rows at a time, so that memory does not grow with the rows (but for
#' `save_psis = TRUE`). Most of the time is loo's smoothing of weights; where it takes more than 20
#' seconds, it is estimated from the first rows and said, and [loo::loo_subsample()] takes a sample.
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
  draws <- unclass(x$draws)
  gap <- draws[, "lp__"] - draws[, "lp_approx__"]
  # Fits that skipped the weights because they do not matter have a gap of zero throughout.
  approximate <- !isTRUE(x$info$resampled) && isTRUE(diff(range(gap)) > 0)
  one <- function(densities) {
    if (approximate) {
      loo::loo_approximate_posterior(densities,
        log_p = as.vector(draws[, "lp__"]),
        log_g = as.vector(draws[, "lp_approx__"]), ...
      )
    } else {
      loo::loo(densities, r_eff = rep(effective_draws(x) / nrow(draws), ncol(densities)), ...)
    }
  }
  out <- if (isTRUE(list(...)$save_psis)) {
    one(observed_log_lik(x, resp))
  } else {
    loo_by_rows(x, resp, one)
  }
  mark_data(out, x, resp)
}

# Cross-validation some rows at a time, whose densities alone are in memory; rows do not share what
# it computes. one(densities): of some rows. Where it takes long the first of them tell how long.
loo_by_rows <- function(fit, resp, one) {
  responses <- choose_responses(fit, resp)
  of <- new_row_log_lik(fit, NULL, responses, NULL)
  rows <- which(rowSums(!is.na(fit$frame$y[, responses, drop = FALSE])) > 0)
  blocks <- in_blocks(length(rows), of$s)
  began <- proc.time()[["elapsed"]]
  parts <- vector("list", length(blocks))
  for (i in seq_along(blocks)) {
    # Its warning is about all rows: raised once, at the end.
    parts[[i]] <- withCallingHandlers(one(of$block(rows[blocks[[i]]])), warning = function(w) {
      if (grepl("Pareto k", conditionMessage(w))) invokeRestart("muffleWarning")
    })
    seconds <- (proc.time()[["elapsed"]] - began) / i * length(blocks)
    if (i == 1 && seconds > loo_is_slow) {
      inform_covary(
        "loo", "loo() of ", format(length(rows), scientific = FALSE), " rows takes about ",
        signif(seconds, 2), " seconds; loo::loo_subsample(fit) takes ",
        "a sample of them and says its error.",
        fields = list(seconds = seconds)
      )
    }
  }
  out <- join_loo(parts)
  high <- which(out$diagnostics$pareto_k > khat_threshold(of$s))
  if (length(high)) {
    warn_covary("loo_khat", length(high), " of ", length(rows), " rows have a Pareto k above ",
      format(khat_threshold(of$s), digits = 2), " (", enumerate(row_ids(fit)[rows[high]], most = 5),
      "): the fit without them is not known from this one. loo::loo_moment_match(fit) or ",
      "reloo(fit) mend it.",
      fields = list(rows = row_ids(fit)[rows[high]])
    )
  }
  out
}

# Results of loo() of several parts of the rows as one.
join_loo <- function(parts) {
  out <- parts[[1]]
  out$pointwise <- do.call(rbind, lapply(parts, `[[`, "pointwise"))
  out$diagnostics <- do.call(Map, c(list(c), lapply(parts, `[[`, "diagnostics")))
  for (name in rownames(out$estimates)) {
    v <- out$pointwise[, name]
    out$estimates[name, ] <- c(sum(v), sqrt(length(v) * stats::var(v)))
    out[[name]] <- out$estimates[name, 1]
    out[[paste0("se_", name)]] <- out$estimates[name, 2]
  }
  attr(out, "dims")[2] <- nrow(out$pointwise)
  out
}

# Seconds from which on loo() says how long it takes
loo_is_slow <- 20

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
