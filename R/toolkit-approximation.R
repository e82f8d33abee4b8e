# Approximations: what every algorithm of the toolkit returns. Plain data, so that saveRDS() keeps
# everything. Fields, with S draws of d free numbers:
#   target, method, family   names of the last two as summary() shows them
#   mean                     Gaussians: d
#   chol_cov, sd or factors  Gaussians: how they spread (toolkit-spread.R)
#   draws                    S x d
#   chain                    S, of NUTS
#   lp, lq                   S: log target (up to its constant) and log approximation at the draws
#   history                  loss of each iteration
#   info                     what diagnostics() shows
#   setup, state             settings, and all that refine() needs to go on
#   callbacks                with what they have kept

#' Approximations of a target
#'
#' What [advi()], [svgd()], [laplace()], [pathfinder()] and [nuts()] return. `mean()`, `sd()`,
#' `vcov()` and `coef()` are those of the parameters as the user wrote them; `scale = "free"` gives
#' those of the unconstrained numbers that the algorithm moved on.
#'
#' @param object,x A fit.
#' @param scale `"parameters"` or `"free"`.
#' @param ndraws Number of draws; by default those kept in the fit. More than are kept are drawn
#'   anew.
#' @param lp Evaluate the log density (`lp__`) at all of these draws? Fits whose density is dear
#'   have looked at some of them only, and `lp__` of the others is `NA`.
#' @param ... Not used.
#' @return `summary()`: a data frame with mean, median, sd, mad, quantiles, Monte Carlo standard
#'   error, and khat (approximations) or R-hat and bulk effective sample size (NUTS). A khat
#'   above `r format(khat_threshold())` means that the family does not fit the target.
#' @examples
#' fit <- advi(linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50)))
#' summary(fit)
#' sd(fit)
#' posterior::as_draws_df(fit, ndraws = 10)
#' @name approximation
#' @aliases covary_approximation
NULL

# `...`: what is known of it, by the names of the fields above.
new_approximation <- function(target, method, family, ...) {
  out <- list(
    target = target, method = method, family = family, mean = NULL, chol_cov = NULL,
    draws = NULL, chain = NULL, lp = NULL, lq = NULL, history = NULL, info = list(),
    callbacks = list()
  )
  known <- list(...)
  stopifnot(names(known) %in% names(out))
  out[names(known)] <- known
  structure(out, class = "covary_approximation")
}

# n x dim draws of the free numbers; by default those in the fit, or in its place the view of one
# that is not finished
free_draws <- function(x, n = NULL) {
  if (is.null(n)) {
    return(view_draws(x))
  }
  n <- check_count(n, "ndraws")
  if (is.null(x$draws)) {
    return(view_draws(x, n))
  }
  if (n <= nrow(x$draws)) {
    at <- if (is.null(x$chain)) seq_len(n) else evenly_spaced(nrow(x$draws), n)
    if (n == 1) at <- sample.int(nrow(x$draws), 1)
    return(x$draws[at, , drop = FALSE])
  }
  if (is_gaussian(x)) {
    return(gaussian_draws(x, blocked_noise(n, spread_width(x))))
  }
  x$draws[sample.int(nrow(x$draws), n, replace = TRUE), , drop = FALSE]
}

free_covariance <- function(x) if (is_gaussian(x)) spread_covariance(x) else stats::cov(x$draws)

free_mean <- function(x) if (!is.null(x$mean)) x$mean else colMeans(x$draws)

free_sds <- function(x) if (is_gaussian(x)) spread_sds(x) else each_sd(x$draws)

# Standard deviations of the columns of draws (S x p), without their covariances.
each_sd <- function(draws) {
  vapply(stats::setNames(seq_len(ncol(draws)), colnames(draws)), function(j) {
    stats::sd(draws[, j])
  }, 0)
}

# A moment of the parameters or of the free numbers, by `scale`: that of the Gaussian where the
# free numbers are the parameters, else that of the draws. The functions free(x) and of(draws) take
# the moment of the free numbers, and of draws (S x p).
view_moment <- function(x, scale, free, of) {
  scale <- check_choice(scale, c("parameters", "free"), "scale")
  if (scale == "parameters" && !(is_plain(x$target) && is_gaussian(x))) {
    return(of(constrain(x$target, view_draws(x))))
  }
  out <- free(x)
  if (is.matrix(out)) {
    dimnames(out) <- list(x$target$names, x$target$names)
  } else {
    names(out) <- x$target$names
  }
  out
}

# The draws in the fit (S x dim) or, where there are none yet, n points of a fixed design.
view_draws <- function(x, n = 128) {
  if (is.null(x$draws)) gaussian_draws(x, fixed_view_noise(spread_width(x), n)) else x$draws
}

# Standard normal noise (n x d) for views in callbacks, where there are no draws yet and none may be
# taken from the user's stream: Halton points (prime bases) through the normal quantile.
fixed_view_noise <- function(d, n = 128) {
  primes <- c(2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71)
  halton <- function(base) {
    vapply(seq_len(n), function(i) {
      f <- 1
      r <- 0
      while (i > 0) {
        f <- f / base
        r <- r + f * (i %% base)
        i <- i %/% base
      }
      r
    }, 0)
  }
  z <- matrix(vapply(primes[seq_len(min(d, 20))], halton, numeric(n)), n)
  z <- matrix(vapply(seq_len(d), function(j) {
    stats::qnorm((z[, (j - 1) %% 20 + 1] + (j - 1) %/% 20 * 0.37 + 0.5 / n) %% 1)
  }, numeric(n)), n)
  if (n > 1) scale(z)[, , drop = FALSE] else z
}

#' @rdname approximation
#' @export
mean.covary_approximation <- function(x, ..., scale = c("parameters", "free")) {
  check_dots(...)
  view_moment(check_approximation(x, "x"), scale, free_mean, colMeans)
}

#' Standard deviations
#'
#' `sd(x)` is [stats::sd()] for numbers, and the posterior standard deviations for fits.
#'
#' @param x Numbers, or a fit.
#' @param ... Passed to methods; for numbers, `na.rm`.
#' @param scale See [approximation].
#' @return A number, or a named vector.
#' @examples
#' sd(c(1, 2, 4))
#' @export
sd <- function(x, ...) UseMethod("sd")

#' @export
sd.default <- function(x, na.rm = FALSE, ...) {
  check_dots(...)
  with_typed_errors(stats::sd(x, na.rm = na.rm), "argument", "`x` has no standard deviation: ",
    fields = list(arg = "x")
  )
}

#' @export
sd.rvar <- function(x, ...) posterior::sd(x, ...)

#' @rdname sd
#' @export
#' @rawNamespace S3method(posterior::sd, covary_approximation)
sd.covary_approximation <- function(x, ..., scale = c("parameters", "free")) {
  check_dots(...)
  view_moment(check_approximation(x, "x"), scale, free_sds, each_sd)
}

#' @rdname approximation
#' @importFrom stats vcov coef
#' @export
vcov.covary_approximation <- function(object, ..., scale = c("parameters", "free")) {
  check_dots(...)
  view_moment(check_approximation(object), scale, free_covariance, stats::cov)
}

#' @rdname approximation
#' @export
coef.covary_approximation <- function(object, ..., scale = c("parameters", "free")) {
  check_dots(...)
  view_moment(check_approximation(object), scale, free_mean, colMeans)
}

#' @rdname diagnostics
#' @export
elbo.covary_approximation <- function(object, ...) {
  check_dots(...)
  check_approximation(object)$info$elbo
}

#' @rdname diagnostics
#' @export
diagnostics.covary_approximation <- function(fit, ...) {
  check_dots(...)
  check_approximation(fit, "fit")
  structure(c(list(method = fit$method, family = fit$family), fit$info), class = "covary_fit_info")
}

# An approximation x to start from must have the free numbers of the target.
check_same_target <- function(x, target) {
  if (!identical(x$target$names, target$names)) {
    stop_covary("argument", "The approximation belongs to another target: it has the free numbers ",
      enumerate(x$target$names), ".",
      fields = list(arg = "start")
    )
  }
}
