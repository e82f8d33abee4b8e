#' Fits as data frames
#'
#' Methods for the generics of package 'generics' (also known from 'broom').
#'
#' @param x A fit of [covary()].
#' @param conf.int `FALSE` to leave out intervals.
#' @param conf.level Probability of the central interval; default 0.95.
#' @param data,newdata Data frame to augment; default the rows and variables of the fit.
#' @param ... Not used.
#' @return Data frames.
#' * `tidy()`: a row a coefficient (and standard deviation of smooths): `variable` (its name in the
#'   draws), `term`, `component` (`"mu"`, `"sigma"`, `"rho"`), `response` (or `"a:b"`), `class`
#'   (`"Intercept"`, `"b"`, `"sds"`), `estimate`, `std.error`, `conf.low`, `conf.high`.
#' * `glance()`: one row: `nobs`, `responses`, `algorithm`, `draws`, `converged`, `khat` (the
#'   largest), `rhat` (the largest, of chains), `ess` (effective number of draws, the least of
#'   chains), `elbo`, `log_evidence`.
#' * `augment()`: `data` with the columns `.fitted`, `.sigma`, `.resid` (where the responses are
#'   known) and, with several responses, these by response (`.fitted_mpg`) and `.rho_mpg_qsec`:
#'   posterior means.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, data = mtcars, draws = 500)
#' tidy(fit)
#' glance(fit)
#' head(augment(fit))
#' @name tidy.covary
NULL

#' @rdname tidy.covary
#' @export
tidy.covary <- function(x, conf.int = TRUE, conf.level = 0.95, ...) {
  check_dots(...)
  check_fit(x, "x", margins = TRUE)
  check_flag(conf.int, "conf.int")
  probs <- tail_probs(conf.level, "conf.level")
  p <- as.data.frame(unclass(x$priors)[c("name", "coef", "dpar", "resp", "class")])
  p <- rbind(p, margin_parameters(x))
  draws <- unclass(x$draws)[, p$name, drop = FALSE]
  out <- data.frame(
    variable = p$name, term = p$coef, component = p$dpar, response = p$resp,
    class = p$class,
    estimate = unname(colMeans(draws)), std.error = unname(column_sds(draws))
  )
  if (!conf.int) {
    return(out)
  }
  limits <- column_quantiles(draws, probs)
  cbind(out, conf.low = limits[, 1], conf.high = limits[, 2])
}

#' @rdname tidy.covary
#' @export
glance.covary <- function(x, ...) {
  check_dots(...)
  check_fit(x, "x", margins = TRUE)
  number <- function(v) if (length(v) == 1) as.double(v) else NA_real_
  khat <- x$info$khat[!is.na(x$info$khat)]
  data.frame(
    nobs = x$frame$n, responses = length(x$responses), algorithm = x$algorithm,
    draws = nrow(x$draws), converged = isTRUE(x$info$converged),
    khat = if (length(khat)) max(khat) else NA_real_, rhat = number(x$info$rhat),
    ess = as.double(effective_draws(x)), elbo = number(x$info$elbo),
    log_evidence = number(x$info$log_evidence)
  )
}

#' @rdname tidy.covary
#' @export
augment.covary <- function(x, data = NULL, newdata = NULL, ...) {
  check_dots(...)
  check_fit(x, "x", margins = TRUE)
  newdata <- if (is.null(newdata)) data else newdata
  used <- prepare_newdata(x, newdata)
  out <- if (is.null(newdata)) stats::model.frame(x) else newdata
  suffix <- function(labels) if (length(x$responses) > 1) paste0("_", x$ids[labels]) else ""
  y <- tryCatch(observed_responses(x, used, x$responses), covary_error = function(e) NULL)
  average <- function(role, units) {
    marginal_means(new_marginals(x, role_keys(x, role, units), used))
  }
  mean <- average("mean", x$responses)
  sd <- average("sd", x$responses)
  for (k in seq_along(x$responses)) {
    label <- x$responses[k]
    out[[paste0(".fitted", suffix(label))]] <- mean[, k]
    out[[paste0(".sigma", suffix(label))]] <- sd[, k]
    if (!is.null(y)) out[[paste0(".resid", suffix(label))]] <- unname(y[, label]) - mean[, k]
  }
  if (length(x$pairs)) {
    rho <- average("correlation", x$pairs)
    for (k in seq_along(x$pairs)) {
      out[[paste(c(".rho", x$ids[x$pairs[[k]]]), collapse = "_")]] <- rho[, k]
    }
  }
  out
}
