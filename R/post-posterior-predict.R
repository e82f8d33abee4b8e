#' Posterior draws of predictors, means, responses and densities
#'
#' S draws, N rows, K responses, in that order of dimensions.
#'
#' @param object A fit of [covary()].
#' @param newdata Data frame with the covariates (and, for `log_lik()` and `predictive_error()`, the
#'   responses); `NULL` (default) for the rows of the fit. Rows with missing covariates give `NA`.
#'   A level that a random effect (`bs = "re"`) has not seen gets a new effect, one a draw.
#' @param dpar `"mu"` (default), `"sigma"` or `"rho"`.
#' @param resp A response; for `dpar = "rho"` a pair `"a:b"`. `NULL` (default) for all.
#' @param transform `TRUE` to apply the inverse link of the predictor: the identity for mu, exp for
#'   sigma, `tanh(r / 2)` for rho. With three or more responses that of rho is a partial correlation
#'   (see [covary()]); `posterior_epred()` has the marginal one. That of mu of a response with a
#'   margin (see [margins]) is the median of the response, that of sigma the standard deviation of
#'   the transformed response.
#' @param given `"none"` (default), or `"observed"`: responses that a row of `newdata` has are kept
#'   as they are, and the others are drawn given them. A response whose column `newdata` does not
#'   have is missing in all rows. `newdata = NULL` fills in the rows of the fit.
#' @param ndraws Number of draws, chosen at random; `NULL` (default) for all.
#' @param draw_ids Row numbers of draws, in place of `ndraws`.
#' @param exclude Labels of terms to leave out, such as `"s(site)"`, as in [mgcv::predict.gam()]:
#'   their coefficients are zero. Their columns must be there, with any levels.
#' @param re_formula `NULL` (default), or `NA` to leave out all random effects (`bs = "re"`), those
#'   of new levels included, as in 'brms'.
#' @param ... Not used; unknown arguments give a warning.
#' @return
#' * `posterior_linpred()`: predictors on the link scale (log for sigma, rhobit for rho).
#' * `posterior_epred()`: expected responses; with `dpar` their standard deviations or correlations,
#'   marginal ones whatever the predictors are.
#' * `posterior_predict()`: new responses, correlated within a row; given some of them, the others.
#' * `predictive_error()`: the responses minus these.
#'
#' These four are S x N x K arrays with the names of responses (or pairs) on the third dimension,
#' and S x N matrices if `resp` is given or there is only one.
#' * `log_lik()`: S x N matrix of the joint log density (nats) of the responses of a row, or of
#'   those in `resp` alone. Rows of the fit are multiplied by their weights; rows of `newdata`
#'   count once. A row with missing responses has the density of those that it has; without any,
#'   `NA`.
#'
#' Random numbers come from R's generator; `set.seed()` reproduces them.
#' @section Errors:
#' `covary_error_newdata`, `covary_error_new_level`, `covary_error_argument`,
#' `covary_error_variable`.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, rho ~ wt, data = mtcars, draws = 500)
#' new <- data.frame(wt = c(2, 3, 4))
#' dim(posterior_predict(fit, new))
#' colMeans(posterior_predict(fit, data.frame(wt = 3, mpg = c(15, 25)), given = "observed"))
#' colMeans(posterior_epred(fit, new, resp = "mpg"))
#' colMeans(posterior_linpred(fit, transform = TRUE, newdata = new, dpar = "rho"))
#' dim(log_lik(fit))
#' @aliases posterior_linpred.covary posterior_epred.covary log_lik.covary
#' @name posterior_predict.covary
NULL

#' @rdname posterior_predict.covary
#' @export
#' @rawNamespace S3method(rstantools::posterior_linpred, covary)
posterior_linpred.covary <- function(
  object, transform = FALSE, newdata = NULL, dpar = "mu",
  resp = NULL, ndraws = NULL,
  draw_ids = NULL,
  exclude = NULL, re_formula = NULL, ...
) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  object <- leave_out(object, exclude, re_formula)
  check_flag(transform, "transform")
  if (is.null(dpar)) dpar <- "mu"
  keys <- find_keys(object, check_dpar(dpar), resp)
  newdata <- prepare_newdata(object, newdata, keys)
  draw_ids <- choose_draws(object, ndraws, draw_ids)
  margins <- margin_draws(object, draw_ids)
  draws <- lapply(keys, function(key) {
    eta <- predictor_draws(object, key, newdata, draw_ids)
    if (!transform) {
      return(eta)
    }
    p <- object$design$predictors[[key]]
    m <- if (has_role(p, "mean")) margins[[p$resp]]
    through_margin(m, fit_link(object, dpar)$inverse(eta), from_latent)
  })
  stack_draws(draws, key_labels(object, keys), row_labels(object, newdata))
}

#' @rdname posterior_predict.covary
#' @export
#' @rawNamespace S3method(rstantools::posterior_epred, covary)
posterior_epred.covary <- function(
  object, newdata = NULL, dpar = "mu", resp = NULL, ndraws = NULL,
  draw_ids = NULL,
  exclude = NULL, re_formula = NULL, ...
) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  object <- leave_out(object, exclude, re_formula)
  if (is.null(dpar)) dpar <- "mu"
  keys <- find_keys(object, check_dpar(dpar), resp)
  behind <- lapply(keys, marginal_keys, fit = object)
  newdata <- prepare_newdata(object, newdata, unique(unlist(behind)))
  m <- new_marginals(object, keys, newdata, choose_draws(object, ndraws, draw_ids), behind)
  draws <- lapply(keys, function(key) matrix(NA_real_, m$s, length(m$index)))
  for (s in in_blocks(m$s, m$n * length(keys))) {
    values <- marginal_values(m, s)
    for (k in seq_along(keys)) draws[[k]][s, ] <- values[[k]][, m$index, drop = FALSE]
  }
  stack_draws(draws, key_labels(object, keys), row_labels(object, newdata))
}

#' @rdname posterior_predict.covary
#' @export
#' @rawNamespace S3method(rstantools::posterior_predict, covary)
posterior_predict.covary <- function(
  object, newdata = NULL, resp = NULL, ndraws = NULL,
  draw_ids = NULL, given = c("none", "observed"),
  exclude = NULL, re_formula = NULL, ...
) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  object <- leave_out(object, exclude, re_formula)
  given <- check_choice(given, c("none", "observed"), "given")
  wanted <- choose_responses(object, resp)
  responses <- if (given == "none") wanted else object$responses
  newdata <- prepare_newdata(object, newdata, distribution_keys(object, responses))
  e <- new_evaluation(object, newdata, choose_draws(object, ndraws, draw_ids), responses)
  draws <- draw_responses(e, if (given == "observed") given_responses(object, newdata))
  stack_draws(draws[match(wanted, responses)], wanted, row_labels(object, newdata))
}

# list of K matrices S x N; y (N x K): given those of them that are not NA
draw_responses <- function(e, y = NULL) {
  out <- lapply(e$responses, function(label) matrix(NA_real_, e$s, e$n))
  for (s in in_blocks(e$s, e$n * length(out))) {
    eta <- evaluation_block(e, s)
    margins <- margins_of_block(e$margins, s)
    drawn <- if (is.null(y)) {
      latent <- draw_within(function(at) e$likelihood$simulate(eta_at(eta, at)), margins)
      restore_responses(latent, margins)
    } else {
      draw_given_observed(e$likelihood, y, eta, margins)
    }
    for (k in seq_along(out)) out[[k]][s, ] <- drawn[[k]]
  }
  out
}

# N x K: what is known of the responses of new data, NA elsewhere
given_responses <- function(fit, newdata) {
  if (is.null(newdata)) {
    need_rows(fit, "`given = \"observed\"`")
    return(fit$frame$y)
  }
  found <- vapply(
    fit$responses,
    function(label) all(fit$design$response_variables[[label]] %in% names(newdata)), TRUE
  )
  out <- matrix(NA_real_, nrow(newdata), length(found), dimnames = list(NULL, fit$responses))
  if (!any(found)) {
    stop_covary("variable", "`newdata` has none of the responses ", enumerate(fit$responses),
      ", which `given` is about.",
      fields = list(arg = "newdata")
    )
  }
  out[, found] <- observed_responses(fit, newdata, fit$responses[found])
  out
}

# N x K responses of the fit, or of new data where they can be evaluated.
observed_responses <- function(fit, newdata, responses) {
  if (is.null(newdata)) {
    return(fit$frame$y[, responses, drop = FALSE])
  }
  absent <- setdiff(unlist(fit$design$response_variables[responses]), names(newdata))
  if (length(absent)) {
    stop_covary("variable", "`newdata` has no column ", enumerate(absent), ", of which response ",
      enumerate(responses), " is made.",
      fields = list(arg = "newdata", columns = absent)
    )
  }
  check_margins_support(fit, response_matrix(evaluate_responses(
    fit$design$responses[responses],
    environment(fit$design$predictors[[1]]$rhs), newdata, nrow(newdata)
  )))
}

#' @rdname posterior_predict.covary
#' @export
#' @rawNamespace S3method(rstantools::predictive_error, covary)
predictive_error.covary <- function(
  object, newdata = NULL, resp = NULL, ndraws = NULL,
  draw_ids = NULL,
  exclude = NULL, re_formula = NULL, ...
) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  object <- leave_out(object, exclude, re_formula)
  responses <- choose_responses(object, resp)
  newdata <- prepare_newdata(object, newdata, distribution_keys(object, responses))
  y <- observed_responses(object, newdata, responses)
  predicted <- posterior_predict(object, newdata, resp, ndraws, draw_ids)
  rep(y, each = nrow(predicted)) - predicted
}

#' @rdname posterior_predict.covary
#' @export
#' @rawNamespace S3method(rstantools::log_lik, covary)
log_lik.covary <- function(
  object, newdata = NULL, resp = NULL, ndraws = NULL, draw_ids = NULL,
  exclude = NULL, re_formula = NULL, ...
) {
  check_fit(object, margins = TRUE)
  check_dots(...)
  object <- leave_out(object, exclude, re_formula)
  responses <- choose_responses(object, resp)
  newdata <- prepare_newdata(object, newdata, distribution_keys(object, responses))
  of <- new_row_log_lik(object, newdata, responses, choose_draws(object, ndraws, draw_ids))
  labels <- row_labels(object, newdata)
  out <- matrix(NA_real_, of$s, of$n, dimnames = if (!is.null(labels)) list(NULL, labels))
  for (rows in in_blocks(of$n, of$s * length(responses))) out[, rows] <- of$block(rows)
  out
}
