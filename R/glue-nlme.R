# Generics of nlme: coefficients and random effects apart. nlme is there wherever mgcv is.

#' Fixed effects, random effects and their standard deviations
#'
#' @param object,x A fit of [covary()].
#' @param summary `TRUE` (default) for posterior mean, sd and quantiles; `FALSE` for draws.
#' @param prob Probability of the central interval; default 0.95.
#' @param sigma Not used by fits of [covary()], whose residual sds are formulas: must be left out.
#' @param ... Not used.
#' @return With columns `Estimate`, `Est.Error` and quantiles such as `Q2.5` and `Q97.5`, as 'brms'
#'   has them:
#' * `fixef()`: a matrix, a row an unpenalised coefficient; without `summary` an S x coefficients
#'   matrix of draws.
#' * `ranef()`: a list by grouping factor (`"g"` of `s(g, bs = "re")`, `"g:h"` of
#'   `s(g, h, bs = "re")`) of arrays, levels x columns x coefficients; without `summary` S x levels
#'   x coefficients. Coefficients are named by response, parameter and covariate: `mpg_Intercept`,
#'   `sigma_mpg_wt`. They are on the scale of the predictor (log for `sigma`, rhobit for `rho`).
#'   Levels of factors that interact are joined by `":"`.
#' * `VarCorr()`: a list by grouping factor, each with `sd`, a matrix with a row a coefficient.
#'   (Effects of one group are independent of each other in this model.)
#' @section Errors:
#' `covary_error_argument`. A fit without random effects gives empty lists.
#' @seealso [coef.covary()] for plain vectors, [as_draws.covary()] for all draws.
#' @examples
#' cars <- transform(mtcars, cyl = factor(cyl))
#' fit <- covary(mpg ~ wt + s(cyl, bs = "re"), data = cars, draws = 500)
#' fixef(fit)
#' ranef(fit)
#' VarCorr(fit)
#' @name ranef.covary
NULL

#' @rdname ranef.covary
#' @importFrom nlme fixef
#' @export
fixef.covary <- function(object, summary = TRUE, prob = 0.95, ...) {
  check_dots(...)
  check_fit(object, margins = TRUE)
  draws <- coefficient_draws(object)
  if (check_flag(summary, "summary")) summarise_columns(draws, prob) else draws
}

#' @rdname ranef.covary
#' @importFrom nlme ranef
#' @export
ranef.covary <- function(object, summary = TRUE, prob = 0.95, ...) {
  check_dots(...)
  check_fit(object, margins = TRUE)
  check_flag(summary, "summary")
  lapply(random_effects(object), function(effects) {
    shape <- function(values) {
      out <- array(unlist(values), c(dim(values[[1]]), length(values)))
      dimnames(out) <- c(dimnames(values[[1]]), list(names(values)))
      out
    }
    shape(if (summary) lapply(effects, summarise_columns, prob = prob) else effects)
  })
}

#' @rdname ranef.covary
#' @importFrom nlme VarCorr
#' @export
VarCorr.covary <- function(x, sigma = 1, summary = TRUE, prob = 0.95, ...) {
  check_dots(...)
  check_fit(x, "x", margins = TRUE)
  if (!missing(sigma)) {
    stop_covary("argument", "`sigma` must be left out: residual sds have their own formula, ",
      "see sigma().",
      fields = list(arg = "sigma")
    )
  }
  check_flag(summary, "summary")
  lapply(random_terms_by_group(x), function(some) {
    draws <- vapply(some, function(t) as.vector(unclass(x$draws)[, t$sd]), numeric(nrow(x$draws)))
    colnames(draws) <- names(some)
    list(sd = if (summary) summarise_columns(draws, prob) else draws)
  })
}

# A row a column of draws.
summarise_columns <- function(draws, prob) {
  limits <- tail_probs(check_interval(prob, "prob"))
  out <- cbind(colMeans(draws), column_sds(draws), column_quantiles(draws, limits))
  dimnames(out) <- list(colnames(draws), c("Estimate", "Est.Error", paste0("Q", 100 * limits)))
  out
}

# By group, a list by coefficient of draws, S x levels.
random_effects <- function(fit) {
  lapply(random_terms_by_group(fit), lapply, effects_of_term, fit = fit)
}

# By group, a list by coefficient of random_terms().
random_terms_by_group <- function(fit) {
  terms <- random_terms(fit)
  names(terms) <- vapply(terms, `[[`, "", "name")
  groups <- vapply(terms, `[[`, "", "group")
  split(terms, factor(groups, unique(groups)))
}

# Random effects of a fit, one a smooth with bs = "re": list(group, name, smooth, columns (names of
# its coefficients), sd (name)).
random_terms <- function(fit) {
  out <- list()
  for (p in fit$design$predictors) {
    for (i in seq_along(p$smooths)) {
      smooth <- p$smooths[[i]]
      if (!smooth$is_re || length(smooth$levels) == 0) next
      columns <- smooth_terms_of(p)[[i]]$columns
      factors <- names(smooth$levels)
      slopes <- setdiff(c(smooth$sm$term, setdiff(smooth$sm$by, "NA")), factors)
      out <- c(out, list(list(
        group = paste(factors, collapse = ":"), smooth = smooth,
        name = paste(c(
          if (p$dpar != "mu") p$dpar, if (length(fit$responses) > 1) fit$ids[p$resp],
          if (length(slopes)) slopes else "Intercept"
        ), collapse = "_"),
        columns = p$columns$name[columns], sd = sd_name(p, p$columns$sd[columns[1]])
      )))
    }
  }
  out
}

# S x levels: the effects, of a slope those of one unit of its covariate.
effects_of_term <- function(term, fit) {
  smooth <- term$smooth
  columns <- as.list(expand.grid(smooth$levels, stringsAsFactors = TRUE))
  labels <- do.call(paste, c(unname(columns), sep = ":"))
  for (slope in setdiff(c(smooth$sm$term, smooth$sm$by), c(names(columns), "NA"))) {
    columns[[slope]] <- rep(1, length(labels))
  }
  x <- smooth_matrix(smooth$sm, columns, length(labels))
  x <- scale_basis(smooth, split_basis(smooth, x))$blocks[[1]]
  out <- tcrossprod(unclass(fit$draws)[, term$columns, drop = FALSE], x)
  dimnames(out) <- list(NULL, labels)
  out
}

#' @export
nlme::fixef

#' @export
nlme::ranef

#' @export
nlme::VarCorr
