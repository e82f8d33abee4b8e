# Marginal means by emmeans: the predictor as a linear function of its coefficients, with draws.

#' Estimated marginal means
#'
#' Methods for [emmeans::emmeans()] and its relatives. `dpar` and `resp` choose the predictor;
#' `emmeans()` itself takes them and hands them on.
#'
#' @param object A fit of [covary()].
#' @param dpar `"mu"` (default), `"sigma"` or `"rho"`: results are on the scale of the predictor
#'   (identity, log, rhobit; the coefficient of a partial correlation for three and more responses);
#'   `type = "response"` in [emmeans::emmeans()] transforms them back. Means of a response whose
#'   margin was given (see [margins]) are of the transformed response; `type = "response"` makes
#'   medians of the response of them.
#' @param exclude,re_formula Terms that are left out, as in [predict.covary()]. Unlike there the
#'   default is `re_formula = NA`: random effects are left out, and results are those of the
#'   population, not of the mean of the levels that were seen. `NULL` keeps them.
#' @param resp A response, or a pair `"a:b"`; needed where there are several.
#' @param data Not used; the data of the fit.
#' @param trms,xlev,grid Given by 'emmeans'.
#' @param ... Further arguments, given by 'emmeans'.
#' @return What 'emmeans' asks for; posterior draws are kept, so that [emmeans::as.mcmc.emmGrid()]
#'   and intervals of highest density work.
#' @examples
#' if (requireNamespace("emmeans", quietly = TRUE) && requireNamespace("coda", quietly = TRUE)) {
#'   fit <- covary(mpg ~ factor(cyl) + wt, sigma ~ factor(cyl), data = mtcars, draws = 500)
#'   emmeans::emmeans(fit, "cyl")
#'   emmeans::emmeans(fit, "cyl", dpar = "sigma", type = "response")
#' }
#' @name emmeans.covary
NULL

#' @rdname emmeans.covary
#' @exportS3Method emmeans::recover_data
recover_data.covary <- function(
  object, data = NULL, dpar = "mu", resp = NULL, exclude = NULL, re_formula = NA, ...
) {
  check_fit(object, margins = TRUE)
  # 'emmeans' raises a text as an error; the rest of it would be hidden.
  p <- tryCatch(
    {
      object <- leave_out(object, exclude, re_formula)
      predictor_for_emmeans(object, dpar, resp)
    },
    covary_error = conditionMessage
  )
  if (is.character(p)) {
    return(p)
  }
  frame <- training_data(object)
  variables <- setdiff(predictor_variables(list(p)), object$design$unneeded)
  frame <- frame[intersect(variables, names(frame))]
  emmeans::recover_data(object$call, terms_for_emmeans(p, names(frame)), NULL, data = frame, ...)
}

predictor_for_emmeans <- function(fit, dpar, resp) {
  keys <- find_keys(fit, check_dpar(dpar), resp)
  if (length(keys) > 1) {
    stop_covary("argument", "`resp` must name one of ",
      enumerate(unname(vapply(fit$design$predictors[keys], function(p) unit_label(p$resp), ""))),
      ", as in emmeans(fit, specs, dpar = \"", dpar, "\", resp = \"",
      unit_label(fit$design$predictors[[keys[1]]]$resp), "\").",
      fields = list(arg = "resp")
    )
  }
  fit$design$predictors[[keys]]
}

# Parametric terms as written, for 'emmeans' keeps the levels of factor(g) apart, and the variables
# of smooths and offsets.
terms_for_emmeans <- function(predictor, variables) {
  written <- lapply(labels(predictor$terms), str2lang)
  others <- lapply(setdiff(variables, unlist(lapply(written, all.vars))), as.name)
  right <- c(written, others)
  right <- if (length(right)) Reduce(function(a, b) call("+", a, b), right) else 1
  stats::terms(stats::as.formula(call("~", right), baseenv()))
}

#' @rdname emmeans.covary
#' @exportS3Method emmeans::emm_basis
emm_basis.covary <- function(
  object, trms, xlev, grid, dpar = "mu", resp = NULL, exclude = NULL, re_formula = NA, ...
) {
  object <- leave_out(check_fit(object, margins = TRUE), exclude, re_formula)
  p <- predictor_for_emmeans(object, dpar, resp)
  margin <- margin_for_emmeans(object, p)
  at <- predictor_at(object, p$key, prepare_newdata(object, grid, p$key))
  # The offset is a column with the coefficient 1.
  x <- cbind(at$x, at$offset)[at$index, , drop = FALSE]
  draws <- cbind(at$draws, offset = 1)
  list(
    X = x, bhat = colMeans(draws), nbasis = matrix(NA), V = stats::cov(draws),
    dffun = function(k, dfargs) Inf, dfargs = list(), misc = emmeans_scale(p, margin),
    post.beta = draws
  )
}

# The margin of the response of a predictor, where it is a transformation that 'emmeans' can undo:
# of means, and the same for all draws.
margin_for_emmeans <- function(fit, predictor) {
  role <- dpar_of(predictor)$role
  if (!has_margin(fit, predictor, role)) {
    return(NULL)
  }
  margin <- fit$margins[[predictor$resp]]
  estimated <- margin_columns(margin, predictor$resp, fit$ids) %in% colnames(fit$draws)
  if (role != "mean" || any(estimated)) {
    stop_margins(fit, if (role == "mean") {
      "'emmeans' of a response whose margin was estimated"
    } else {
      paste0("'emmeans' of dpar = \"", predictor$dpar, "\"")
    })
  }
  margin
}

emmeans_scale <- function(predictor, margin = NULL) {
  if (!is.null(margin)) {
    return(list(tran = list(
      name = margin_text(margin), linkfun = function(y) to_latent(margin, y),
      linkinv = function(eta) from_latent(margin, eta),
      mu.eta = function(eta) exp(-latent_log_slope(margin, from_latent(margin, eta)))
    ), inv.lbl = "median"))
  }
  link <- dpar_of(predictor)$link
  transformation <- list(
    name = link$name, linkfun = link$link, linkinv = link$inverse, mu.eta = link$derivative
  )
  switch(link$name,
    identity = list(),
    log = list(tran = "log", inv.lbl = "response"),
    list(tran = transformation, inv.lbl = "response")
  )
}
