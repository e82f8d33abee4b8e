# Cross-validation by fitting again: where importance sampling of loo() cannot be trusted, and where
# whole groups of rows are left out.

#' Cross-validation by fitting again
#'
#' `kfold()` leaves out K parts of the rows in turn, fits the others by the call of the fit, and
#' takes the joint predictive density of the rows left out, to the power of their weights as in
#' [log_lik()]. `reloo()` fits again without each row whose Pareto k in [loo.covary()] is too high,
#' and puts the exact value in its place.
#'
#' @param x A fit of [covary()].
#' @param K Number of parts; default 10. `K = nobs(x)` leaves out one row at a time.
#' @param folds `NULL` (default): parts at random. Or a vector with the part of each row used by the
#'   fit (as many as `nobs(x)`), such as the site of each row, so that whole sites are left out (new
#'   levels of a random effect then get fresh effects).
#' @param loo The result of [loo()] for this fit; made if it is not given.
#' @param k_threshold Rows with a larger Pareto k are left out in turn; default 0.7.
#' @param ... Not used.
#' @return `kfold()`: an object of class `kfold` and `loo`, with `estimates` (`elpd_kfold`,
#'   `p_kfold`, `kfoldic` and their standard errors), `pointwise` (a row a row of the fit) and
#'   `folds`; works with [loo::loo_compare()]. `reloo()`: the `loo` with exact values, whose Pareto
#'   k is set to 0.
#' @section Errors:
#' `covary_error_argument`; `covary_error_data` where the data cannot be found again;
#' `covary_error_package` without 'loo'.
#' @seealso [loo.covary()]
#' @examples
#' if (requireNamespace("loo", quietly = TRUE)) {
#'   fit <- covary(mpg ~ wt, data = mtcars, draws = 500)
#'   kfold(fit, K = 4)
#' }
#' @export
kfold <- function(x, ...) UseMethod("kfold")

#' @rawNamespace S3method(kfold, default, hand_on_kfold)
hand_on_kfold <- function(x, ...) hand_on("loo", "kfold", x, ...)

#' @rdname kfold
#' @export
#' @rawNamespace S3method(loo::kfold, covary)
kfold.covary <- function(x, K = 10, folds = NULL, ...) {
  check_dots(...)
  check_fit(x, "x", margins = TRUE)
  check_loo(x)
  need_rows(x, "kfold()")
  folds <- check_folds(folds, K, x$frame$n)
  again <- refitter(x, parent.frame())
  elpd <- numeric(x$frame$n)
  for (fold in unique(folds)) {
    out <- which(folds == fold)
    elpd[out] <- again(out)
  }
  lpd <- apply(log_lik(x), 2, log_mean_exp)
  pointwise <- cbind(elpd_kfold = elpd, p_kfold = lpd - elpd, kfoldic = -2 * elpd)
  out <- structure(
    list(estimates = sum_estimates(pointwise), pointwise = pointwise, folds = folds),
    K = length(unique(folds)), class = c("kfold", "loo")
  )
  mark_data(out, x, NULL)
}

#' @rdname kfold
#' @export
reloo <- function(x, ...) UseMethod("reloo")

#' @rawNamespace S3method(reloo, default, hand_on_reloo)
hand_on_reloo <- function(x, ...) hand_on("brms", "reloo", x, ...)

#' @rdname kfold
#' @export
#' @rawNamespace S3method(brms::reloo, covary)
reloo.covary <- function(x, loo = NULL, k_threshold = 0.7, ...) {
  check_dots(...)
  check_fit(x, "x", margins = TRUE)
  check_loo(x)
  need_rows(x, "reloo()")
  check_number(k_threshold, "k_threshold", 0)
  if (is.null(loo)) loo <- suppressWarnings(loo(x))
  check_loo_of(loo, x)
  bad <- which(!(loo$diagnostics$pareto_k <= k_threshold))
  again <- refitter(x, parent.frame())
  for (i in bad) {
    exact <- again(i)
    change <- exact - loo$pointwise[i, "elpd_loo"]
    loo$pointwise[i, c("elpd_loo", "p_loo", "looic")] <-
      loo$pointwise[i, c("elpd_loo", "p_loo", "looic")] + change * c(1, -1, -2)
    loo$diagnostics$pareto_k[i] <- 0
    if ("influence_pareto_k" %in% colnames(loo$pointwise)) {
      loo$pointwise[i, "influence_pareto_k"] <- 0
    }
  }
  loo$estimates[] <- sum_estimates(loo$pointwise[, rownames(loo$estimates)])
  loo[c("elpd_loo", "p_loo", "looic")] <- loo$estimates[, 1]
  loo[c("se_elpd_loo", "se_p_loo", "se_looic")] <- loo$estimates[, 2]
  loo
}

# Sums with their standard errors, a row a column of `pointwise`.
sum_estimates <- function(pointwise) {
  n <- nrow(pointwise)
  cbind(
    Estimate = colSums(pointwise), SE = apply(pointwise, 2, function(v) sqrt(n * stats::var(v)))
  )
}

check_folds <- function(folds, k, n) {
  if (is.null(folds)) {
    k <- check_count(k, "K", 2)
    if (k > n) {
      stop_covary("argument", "`K` is ", k, "; the fit has ", n, " rows.", fields = list(arg = "K"))
    }
    return(sample(rep_len(seq_len(k), n)))
  }
  if (!is.atomic(folds) || length(folds) != n || anyNA(folds) || length(unique(folds)) < 2) {
    stop_covary("argument", "`folds` must name at least two parts, one for each of the ", n,
      " rows of the fit, not ", describe(folds), ".",
      fields = list(arg = "folds")
    )
  }
  folds
}

check_loo_of <- function(loo, fit) {
  if (!inherits(loo, "loo") || !identical(nrow(loo$pointwise), as.integer(fit$frame$n))) {
    stop_covary("argument", "`loo` must come from loo() of this fit, not ", describe(loo), ".",
      fields = list(arg = "loo")
    )
  }
  if (!identical(attr(loo, "yhash"), attr(mark_data(list(), fit, NULL), "yhash"))) {
    stop_covary("argument", "`loo` is of other responses or rows than this fit's; it must come ",
      "from loo(fit), without `resp` and `newdata`.",
      fields = list(arg = "loo")
    )
  }
}

# A function that fits without some of the rows used, by the call of the fit, and gives the log
# predictive density of each of those, weighted as in log_lik() of the rows of the fit.
refitter <- function(fit, caller) {
  env <- update_frame(fit, caller, FALSE, FALSE)
  data <- eval(fit$call$data, env)
  formulas <- lapply(fit$formulas, at_origin)
  rows <- fit$frame$rows
  kept <- setdiff(names(formals(covary)), c("formula", "...", "data", "subset", "weights", "seed"))
  others <- lapply(as.list(fit$call)[intersect(names(fit$call), kept)], eval, env)
  function(out) {
    place <- new.env(parent = env)
    place$training <- data[rows[-out], , drop = FALSE]
    place$weighed <- fit$frame$weights[-out]
    call <- as.call(c(
      list(covary, formulas, data = quote(training), weights = quote(weighed)), others
    ))
    densities <- log_lik(eval(call, place), newdata = data[rows[out], , drop = FALSE])
    weights <- row_weights(fit$frame)[out]
    apply(densities * rep(weights, each = nrow(densities)), 2, log_mean_exp)
  }
}

log_mean_exp <- function(v) max(v) + log(mean(exp(v - max(v))))
