# loo_moment_match() and loo_subsample() of loo: rows of high Pareto k, and very many rows.

#' Leave-one-out by moment matching, and for very many rows
#'
#' Methods of [loo::loo_moment_match()] and [loo::loo_subsample()]. The first moves the draws
#' towards the posterior without a row where that row's Pareto k is too high, with the density of
#' [as_target()]; [reloo()] fits again instead. The second takes some rows and estimates the sum
#' over all of them.
#'
#' @param x A fit of [covary()].
#' @param loo The result of [loo()] for this fit; `NULL` (default): made.
#' @param k_threshold Rows with a larger Pareto k are treated; default 0.7.
#' @param observations Number of rows taken; default 400.
#' @param ... Further arguments of the methods of 'loo', such as `max_iters` or `estimator`.
#' @return See 'loo'; results work with [loo::loo_compare()].
#' @section Errors:
#' `covary_error_argument`; `covary_error_margin` for fits with a margin, whose parameters these
#' methods do not move.
#' @seealso [loo.covary()], [kfold()], [reloo()]
#' @examples
#' if (requireNamespace("loo", quietly = TRUE)) {
#'   fit <- covary(mpg ~ wt, sigma ~ wt, data = mtcars, draws = 1000)
#'   loo::loo_moment_match(fit)
#' }
#' @name loo_moment_match.covary
NULL

#' @rdname loo_moment_match.covary
#' @rawNamespace S3method(loo::loo_moment_match, covary)
loo_moment_match.covary <- function(x, loo = NULL, k_threshold = 0.7, ...) {
  check_density_fit(x, "loo_moment_match()")
  check_number(k_threshold, "k_threshold", 0)
  if (is.null(loo)) loo <- suppressWarnings(loo(x))
  check_loo_of(loo, x)
  target <- as_target(x)
  free <- free_of_draws(target, unclass(x$draws))
  e <- new_evaluation(x, NULL, NULL)
  loo::loo_moment_match.default(x, loo,
    post_draws = function(x, ...) free, unconstrain_pars = function(x, pars, ...) pars,
    log_prob_upars = function(x, upars, ...) as.vector(density_at(target, upars)$value),
    log_lik_i = function(x, i, ...) log_lik_at(x, e, x$draws, i),
    log_lik_i_upars = function(x, upars, i, ...) {
      log_lik_at(x, e, constrain_regression(target, upars), i)
    },
    k_threshold = k_threshold, ...
  )
}

#' @rdname loo_moment_match.covary
#' @rawNamespace S3method(loo::loo_subsample, covary)
loo_subsample.covary <- function(x, observations = 400, ...) {
  check_density_fit(x, "loo_subsample()")
  observations <- check_count(observations, "observations")
  if (observations > x$frame$n) {
    stop_covary("argument", "`observations` is ", observations, "; the fit has ", x$frame$n,
      " rows.",
      fields = list(arg = "observations")
    )
  }
  draws <- unclass(x$draws)
  attr(draws, "nchains") <- NULL
  e <- new_evaluation(x, NULL, NULL)
  gap <- if (!isTRUE(x$info$resampled)) draws[, "lp__"] - draws[, "lp_approx__"]
  densities <- if (isTRUE(diff(range(gap, 0)) > 0)) {
    list(log_p = as.vector(draws[, "lp__"]), log_g = as.vector(draws[, "lp_approx__"]))
  }
  # At one draw all rows are asked for, each by itself.
  at_once <- list()
  log_density <- function(data_i, draws) {
    if (nrow(draws) > 1) {
      return(log_lik_at(x, e, draws, data_i$row))
    }
    if (!identical(draws, at_once$draws)) {
      values <- log_lik_at(x, e, draws, seq_len(x$frame$n))
      at_once <<- list(draws = draws, values = values)
    }
    at_once$values[data_i$row]
  }
  do.call(loo::loo_subsample, c(
    list(log_density,
      data = data.frame(row = seq_len(x$frame$n)), draws = draws, observations = observations
    ), densities, list(...)
  ))
}

check_density_fit <- function(fit, what) {
  check_fit(fit, "x", margins = TRUE)
  check_loo(fit)
  need_rows(fit, what)
  if (length(fit$margins)) {
    stop_covary("margin", what, " does not move the parameters of a margin; use kfold() or ",
      "reloo().",
      fields = list(arg = "x")
    )
  }
}

# Log density of row i (or rows, at one draw) at other draws (S x parameters, named), as log_lik()
# weighs it. `e`: of the rows of the fit.
log_lik_at <- function(fit, e, draws, i) {
  draws <- unclass(draws)
  e <- change_parts(e, function(at) {
    at$draws <- draws[, colnames(at$draws), drop = FALSE]
    at
  })
  y <- fit$frame$y[i, , drop = FALSE]
  eta <- evaluation_block(e, rows = i)
  as.vector(log_density_of_observed(e$likelihood, y, eta)) * row_weights(fit$frame)[i]
}

# The free numbers of the target of a fit (S x d) from draws on the user's scale, to which its
# coefficients are affine and its log sds shifted.
free_of_draws <- function(target, draws) {
  d <- target$dim
  names <- names(target$transforms)
  at <- constrain_regression(target, rbind(numeric(d), diag(d)))[, names, drop = FALSE]
  sds <- vapply(target$transforms, function(t) t$kind == "log", TRUE)
  out <- matrix(0, nrow(draws), d)
  out[, sds] <- sweep(log(draws[, names[sds], drop = FALSE]), 2, log(at[1, sds]))
  slope <- sweep(at[-1, !sds, drop = FALSE], 2, at[1, !sds])[!sds, , drop = FALSE]
  centred <- sweep(draws[, names[!sds], drop = FALSE], 2, at[1, !sds])
  out[, !sds] <- t(solve(t(slope), t(centred)))
  out
}
