#' Parts of a fit
#'
#' @param object,x,formula A fit of [covary()].
#' @param parm Names of coefficients; `NULL` or missing for all.
#' @param level Probability of the central posterior interval; default 0.95.
#' @param dpar `"mu"` (default of `terms()` and `model.matrix()`), `"sigma"` or `"rho"`.
#' @param resp A response, or a pair `"a:b"`; needed only where there are several.
#' @param use.fallback Not needed: the number of rows is known.
#' @param ... Not used.
#' @return
#' * `coef()`: named vector of posterior means of the unpenalised coefficients (`b_`, `bs_`), named
#'   as in the draws (of the transformed response where it has a margin, see [margins]); `vcov()`
#'   their posterior covariance matrix; `confint()` a matrix of quantiles.
#' * `formula()`: list of the formulas as given; with `dpar` or `resp` the one-sided
#'   formula of that predictor. `terms()`: its parametric terms.
#' * `weights()`: the weights of the rows used; `NULL` where none were given.
#' * `nobs()`: number of rows used, those that lack some response included. `df.residual()`:
#'   observed values of all responses minus the effective number of parameters of [logLik.covary()].
#' * `family()`: object of class `covary_family` with `family`, `links`, `linkfun` and `linkinv`
#'   (lists of functions by `dpar`), and `margins` in words.
#' * `model.frame()`: data frame of responses and covariates of the rows used.
#' * `model.matrix()`: matrix of a predictor, columns named as coefficients in the draws
#'   (smooths included), on the scale of the user's data; attribute `offset`.
#' * `prior_summary()`: the priors in use, as [default_prior()] lists them.
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ hp, data = mtcars, draws = 500)
#' coef(fit)
#' confint(fit, "b_mpg_wt")
#' formula(fit, dpar = "sigma", resp = "mpg")
#' head(model.matrix(fit, "sigma", "mpg"))
#' family(fit)
#' prior_summary(fit)
#' @name coef.covary
NULL

coefficient_names <- function(fit) fit$priors$name[fit$priors$class != "sds"]

coefficient_draws <- function(fit) unclass(fit$draws)[, coefficient_names(fit), drop = FALSE]

#' @rdname coef.covary
#' @importFrom stats coef
#' @export
coef.covary <- function(object, ...) {
  check_dots(...)
  colMeans(coefficient_draws(check_fit(object, margins = TRUE)))
}

#' @rdname coef.covary
#' @importFrom stats vcov
#' @export
vcov.covary <- function(object, ...) {
  check_dots(...)
  check_fit(object, margins = TRUE)
  draws <- coefficient_draws(object)
  out <- if (ncol(draws)) stats::var(draws) else matrix(0, 0, 0)
  dimnames(out) <- list(colnames(draws), colnames(draws))
  out
}

#' @rdname coef.covary
#' @importFrom stats confint
#' @export
confint.covary <- function(object, parm = NULL, level = 0.95, ...) {
  check_dots(...)
  check_fit(object, margins = TRUE)
  probs <- tail_probs(level, "level")
  draws <- coefficient_draws(object)
  if (is.numeric(parm)) parm <- colnames(draws)[match(parm, seq_len(ncol(draws)))]
  parm <- if (length(parm)) check_names(parm, "parm")
  if (!all(parm %in% colnames(draws))) {
    stop_covary("argument", "`parm` must name coefficients, ",
      enumerate(colnames(draws), most = 20), ", not ", enumerate(as.character(parm)), ".",
      fields = list(arg = "parm")
    )
  }
  if (!is.null(parm)) draws <- draws[, parm, drop = FALSE]
  out <- column_quantiles(draws, probs)
  dimnames(out) <- list(colnames(draws), sub("%", " %", percent_names(probs)))
  out
}

# The one predictor of `dpar` and `resp`.
one_predictor <- function(fit, dpar, resp) {
  keys <- find_keys(fit, dpar, resp)
  if (length(keys) > 1) {
    stop_covary("argument", "`dpar` and `resp` must name one predictor; they name ",
      enumerate(keys, most = 20), ".",
      fields = list(arg = "resp")
    )
  }
  fit$design$predictors[[keys]]
}

#' @rdname coef.covary
#' @importFrom stats formula
#' @export
formula.covary <- function(x, dpar = NULL, resp = NULL, ...) {
  check_dots(...)
  check_fit(x, "x", margins = TRUE)
  if (is.null(dpar) && is.null(resp)) {
    return(x$formulas)
  }
  one_predictor(x, if (is.null(dpar)) "mu" else dpar, resp)$rhs
}

#' @rdname coef.covary
#' @importFrom stats terms
#' @export
terms.covary <- function(x, dpar = "mu", resp = NULL, ...) {
  check_dots(...)
  one_predictor(
    check_fit(x, "x", margins = TRUE), dpar,
    resp
  )$terms
}

#' @rdname coef.covary
#' @importFrom stats nobs
#' @export
nobs.covary <- function(object, use.fallback = FALSE, ...) {
  check_dots(...)
  check_fit(object, margins = TRUE)$frame$n
}

#' @rdname coef.covary
#' @importFrom stats weights
#' @export
weights.covary <- function(object, ...) {
  check_dots(...)
  need_rows(object, "weights()")$frame$weights
}

#' @rdname coef.covary
#' @importFrom stats df.residual
#' @export
df.residual.covary <- function(
  object,
  ...
) {
  check_dots(...)
  sum(!is.na(check_fit(object, margins = TRUE)$frame$y)) - attr(stats::logLik(object), "df")
}

#' @rdname coef.covary
#' @importFrom stats family
#' @export
family.covary <- function(object, ...) {
  check_dots(...)
  check_fit(object, margins = TRUE)
  dpars <- unique(vapply(object$design$predictors, `[[`, "", "dpar", USE.NAMES = FALSE))
  links <- lapply(fit_likelihood(object)$dpars[dpars], `[[`, "link")
  structure(
    list(
      family = "gaussian", link = "identity", links = vapply(links, `[[`, "", "name"),
      linkfun = lapply(links, `[[`, "link"), linkinv = lapply(links, `[[`, "inverse"),
      responses = object$responses, margins = vapply(object$margins, margin_text, "")
    ),
    class = c("covary_family", "family")
  )
}

#' @export
print.covary_family <- function(x, ...) {
  check_dots(...)
  cat(if (length(x$responses) > 1) "Multivariate normal", if (length(x$responses) == 1) "Normal",
    ", links ",
    paste(names(x$links), x$links, sep = " ", collapse = ", "),
    paste0(", ", names(x$margins), " by ", x$margins, recycle0 = TRUE), "\n",
    sep = ""
  )
  invisible(x)
}

#' @rdname coef.covary
#' @importFrom stats model.frame
#' @export
model.frame.covary <- function(formula, ...) {
  check_dots(...)
  check_fit(formula, "formula", margins = TRUE)
  need_rows(formula, "model.frame()")
  columns <- training_data(formula)
  y <- as.data.frame(formula$frame$y)
  cbind(y, columns[setdiff(names(columns), names(y))])
}

#' @rdname coef.covary
#' @importFrom stats model.matrix
#' @export
model.matrix.covary <- function(object, dpar = "mu", resp = NULL, ...) {
  check_dots(...)
  check_fit(object, margins = TRUE)
  p <- one_predictor(object, dpar, resp)
  at <- predictor_at(object, p$key)
  out <- at$x[at$index, , drop = FALSE]
  dimnames(out) <- list(row_labels_or_numbers(object), p$columns$name)
  structure(out, offset = at$offset[at$index])
}

row_labels_or_numbers <- function(fit) {
  if (is.null(fit$frame$row_names)) {
    as.character(fit$frame$rows)
  } else {
    fit$frame$row_names
  }
}

#' @rdname coef.covary
#' @export
#' @rawNamespace S3method(rstantools::prior_summary, covary)
prior_summary.covary <- function(object, ...) {
  check_dots(...)
  prior_columns(check_fit(object, margins = TRUE)$priors)
}
