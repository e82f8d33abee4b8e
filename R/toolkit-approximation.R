# Approximations: what every engine of the toolkit returns. Fields: target, method, family, mean and
# root (Gaussian: mean and lower Cholesky factor of the covariance of the free numbers), draws
# (free, a row a draw), lp and lq (log target, up to its constant, and log approximation at the
# draws), chain, history (losses), info, state (to continue), callbacks. Plain data: saveRDS() keeps
# everything.

#' Approximations of a target
#'
#' What [advi()], [svgd()], [laplace()], [pathfinder()] and [nuts()] return. `mean()`, `sd()`,
#' `vcov()` and `coef()` are those of the parameters as the user wrote them; `scale = "free"` gives
#' those of the unconstrained numbers that the engine moved on.
#'
#' @param object,x A fit.
#' @param scale `"parameters"` or `"free"`.
#' @param ndraws Number of draws; by default those kept in the fit. More than are kept are drawn
#'   anew.
#' @param ... Not used.
#' @return `summary()`: a data frame with mean, median, sd, mad, quantiles, Monte Carlo standard
#'   error, and khat (approximations) or R-hat and bulk effective sample size (NUTS). khat above 0.7
#'   means that the family does not fit the target.
#' @examples
#' fit <- advi(linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50)))
#' summary(fit)
#' sd(fit)
#' posterior::as_draws_df(fit, ndraws = 10)
#' @name approximation
#' @aliases covary_approximation
NULL

new_approximation <- function(
  target, method, family, mean = NULL, root = NULL, draws = NULL,
  chain = NULL, lp = NULL, lq = NULL, history = NULL
) {
  structure(list(
    target = target, method = method, family = family, mean = mean, root = root,
    draws = draws, chain = chain, lp = lp,
    lq = lq, history = history, info = list(), callbacks = list()
  ), class = "covary_approximation")
}

# Draws of a Gaussian fit, with khat of the target against it, and the ELBO.
add_gaussian_draws <- function(x, n) {
  d <- x$target$dim
  z <- matched_noise(n, d)
  x$draws <- sweep(tcrossprod(z, x$root), 2, x$mean, "+")
  # Over many rows, densities of all draws would cost more than the fit.
  weighed <- if (x$target$rows > 20000) {
    seq_len(min(n, if (x$target$kind == "r") 30 else 100))
  } else {
    seq_len(n)
  }
  lq <- -0.5 * rowSums(z[weighed, , drop = FALSE]^2) - sum(log(abs(diag(x$root)))) -
    0.5 * d * log(2 * pi)
  lp <- density_at(x$target, x$draws[weighed, , drop = FALSE])$value
  pad <- rep(NA_real_, n - length(weighed))
  x$lp <- c(lp, pad)
  x$lq <- c(lq, pad)
  w <- weigh_draws(lp, lq)
  x$info[names(w$info)] <- w$info
  x
}

# Importance weights of draws, and what follows from them. No draw is left out: one outside the
# support of the target (log density -Inf) has weight zero, and the ELBO is -Inf; one at which the
# density is not defined (NaN, NA, +Inf) could have any weight, so nothing is known. khat is Inf
# where the draws are not from where the target lives.
weigh_draws <- function(lp, lq) {
  undefined <- sum(is.na(lp) | lp == Inf, na.rm = TRUE)
  outside <- sum(lp == -Inf, na.rm = TRUE)
  gap <- lp - lq
  w <- psis(ifelse(gap == Inf, NaN, gap))
  elbo <- if (undefined) NA_real_ else mean(gap)
  mcse <- if (is.finite(elbo)) stats::sd(gap) / sqrt(length(gap)) else NA_real_
  known <- within_support(outside, undefined, length(lp))
  list(weights = w$weights, info = list(
    khat = if (known) w$khat else Inf,
    log_evidence = if (undefined) NA_real_ else w$log_mean, elbo = elbo, elbo_mcse = mcse,
    outside = outside, undefined = undefined, weighed = length(lp)
  ))
}

# A good fit near an edge may have one draw in a hundred outside the support.
within_support <- function(outside, undefined, n) undefined == 0 && outside <= 0.01 * n

fits_support <- function(info) within_support(info$outside, info$undefined, info$weighed)

# Draws that count as evidence against the fit are said, whatever the verdict.
warn_support <- function(x) {
  info <- x$info
  if (info$outside + info$undefined == 0) {
    return(invisible())
  }
  warn_covary("support", "The log density must be finite where the fit is; of ", info$weighed,
    " draws it is ",
    paste(c(
      if (info$outside) paste("-Inf at", info$outside),
      if (info$undefined) paste("NaN, NA or Inf at", info$undefined)
    ), collapse = " and "),
    ". khat, ELBO and verdict count them. Declare bounds by `transforms` in target_density(), or ",
    "write the density so that it stays finite.",
    fields = list(outside = info$outside, undefined = info$undefined, draws = info$weighed)
  )
}

# n x dim draws of the free numbers
free_draws <- function(x, n = NULL) {
  if (is.null(n)) {
    return(x$draws)
  }
  n <- check_count(n, "ndraws")
  if (n <= nrow(x$draws)) {
    at <- if (is.null(x$chain)) seq_len(n) else round(seq(1, nrow(x$draws), length.out = n))
    if (n == 1) at <- sample.int(nrow(x$draws), 1)
    return(x$draws[at, , drop = FALSE])
  }
  if (!is.null(x$root)) {
    return(sweep(tcrossprod(matched_noise(n, length(x$mean)), x$root), 2, x$mean, "+"))
  }
  x$draws[sample.int(nrow(x$draws), n, replace = TRUE), , drop = FALSE]
}

free_covariance <- function(x) {
  if (!is.null(x$root)) {
    return(tcrossprod(x$root))
  }
  stats::cov(x$draws)
}

free_mean <- function(x) if (!is.null(x$mean)) x$mean else colMeans(x$draws)

view_moments <- function(x, scale) {
  scale <- check_choice(scale, c("parameters", "free"), "scale")
  if (scale == "free" || (is_plain(x$target) && !is.null(x$root))) {
    return(list(
      mean = stats::setNames(free_mean(x), x$target$names),
      cov = structure(free_covariance(x), dimnames = list(x$target$names, x$target$names))
    ))
  }
  theta <- if (is.null(x$draws)) {
    sweep(
      tcrossprod(fixed_view_noise(length(x$mean)), x$root), 2,
      x$mean, "+"
    )
  } else {
    x$draws
  }
  draws <- constrain(x$target, theta)
  list(mean = colMeans(draws), cov = stats::cov(draws))
}

# In callbacks there are no draws yet, and none may be taken from the user's stream: a fixed design,
# Halton points (prime bases) through the normal quantile.
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
  z <- vapply(
    seq_len(d),
    function(j) {
      stats::qnorm((halton(primes[(j - 1) %% 20 + 1]) + (j - 1) %/% 20 * 0.37 +
        0.5 / n) %% 1)
    }, numeric(n)
  )
  z <- matrix(z, n)
  scale(z)[, , drop = FALSE]
}

#' @rdname approximation
#' @export
mean.covary_approximation <- function(x, ..., scale = c(
                                        "parameters",
                                        "free"
                                      )) {
  view_moments(check_approximation(x, "x"), scale)$mean
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
  retype(stats::sd(x, na.rm = na.rm), "argument", "`x` has no standard deviation: ",
    fields = list(arg = "x")
  )
}

#' @rdname sd
#' @export
sd.covary_approximation <- function(x, ..., scale = c("parameters", "free")) {
  sqrt(diag(view_moments(check_approximation(x, "x"), scale)$cov))
}

#' @rdname approximation
#' @importFrom stats vcov coef
#' @export
vcov.covary_approximation <- function(object, ..., scale = c(
                                        "parameters",
                                        "free"
                                      )) {
  view_moments(check_approximation(object), scale)$cov
}

#' @rdname approximation
#' @export
coef.covary_approximation <- function(object, ..., scale = c(
                                        "parameters",
                                        "free"
                                      )) {
  view_moments(check_approximation(object), scale)$mean
}

#' @rdname diagnostics
#' @export
elbo.covary_approximation <- function(object, ...) check_approximation(object)$info$elbo

#' @rdname diagnostics
#' @export
diagnostics.covary_approximation <- function(fit, ...) {
  check_approximation(fit, "fit")
  structure(c(list(method = fit$method, family = fit$family), fit$info), class = "covary_fit_info")
}

#' @export
print.covary_fit_info <- function(x, ...) {
  utils::str(unclass(x), give.attr = FALSE, no.list = TRUE)
  invisible(x)
}

method_label <- function(x) {
  switch(x$method,
    advi = paste0("ADVI, ", x$family),
    svgd = paste0("SVGD, ", nrow(x$draws), " particles"),
    laplace = "Laplace",
    pathfinder = "Pathfinder",
    nuts = paste0("NUTS, ", length(unique(x$chain)), " chains")
  )
}

#' @export
print.covary_approximation <- function(x, ...) {
  check_approximation(x, "x")
  cat("Approximation by ", method_label(x), if (isTRUE(x$info$converged)) {
    " (converged)"
  } else {
    " (NOT CONVERGED)"
  }, "\n", sep = "")
  cat("Target: ", x$target$label, "\n", sep = "")
  if (!is.null(x$info$elbo)) {
    cat("ELBO:   ", format(x$info$elbo, digits = 7), ", Pareto khat ",
      format(x$info$khat, digits = 2), "\n",
      sep = ""
    )
  }
  if (x$method == "nuts") {
    cat("R-hat:  ", format(max(x$info$rhat), digits = 4), ", ",
      x$info$divergences, " divergences\n",
      sep = ""
    )
  }
  m <- view_moments(x, "parameters")
  show <- utils::head(data.frame(mean = m$mean, sd = sqrt(diag(m$cov))), 12)
  print(show, digits = 4)
  if (length(m$mean) > 12) cat("... and", length(m$mean) - 12, "more; see summary()\n")
  invisible(x)
}

#' @rdname approximation
#' @export
summary.covary_approximation <- function(object, ...) {
  check_approximation(object)
  draws <- posterior::as_draws_array(object)
  keep <- setdiff(posterior::variables(draws), c("lp__", "lp_approx__"))
  draws <- posterior::subset_draws(draws, variable = keep)
  sampled <- object$method == "nuts"
  out <- as.data.frame(posterior::summarise_draws(
    draws, "mean", "median", "sd", "mad",
    ~ posterior::quantile2(.x, probs = c(0.05, 0.95)), "mcse_mean"
  ))
  out[-1] <- lapply(out[-1], as.double)
  names(out)[ncol(out)] <- "mcse"
  if (sampled) {
    out$rhat <- as.double(posterior::summarise_draws(draws, "rhat")$rhat)
    out$ess_bulk <- as.double(posterior::summarise_draws(draws, "ess_bulk")$ess_bulk)
  } else {
    # draws are independent; the optimiser's own error comes on top
    error <- if (is.null(object$info$error)) 0 else object$info$error
    out$mcse <- out$sd * sqrt(1 / nrow(object$draws) + error^2)
    out$khat <- if (is.null(object$info$khat)) NA_real_ else object$info$khat
  }
  out
}

check_same_target <- function(x, target) {
  if (!identical(x$target$names, target$names)) {
    stop_covary("argument", "The approximation belongs to another target: it has the free numbers ",
      enumerate(x$target$names), ".",
      fields = list(arg = "start")
    )
  }
}
