# print() and summary() of approximations.

#' @export
print.covary_fit_info <- function(x, ...) {
  check_dots(...)
  utils::str(unclass(x), give.attr = FALSE, no.list = TRUE)
  invisible(x)
}

# The algorithm as print() and pictures name it.
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
  m <- mean(x)
  print(utils::head(data.frame(mean = m, sd = sd(x)), 12), digits = 4)
  if (length(m) > 12) cat("... and", length(m) - 12, "more; see summary()\n")
  invisible(x)
}

#' @rdname approximation
#' @export
summary.covary_approximation <- function(object, ...) {
  check_dots(...)
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
    out$mcse <- out$sd * sqrt(1 / posterior::ndraws(draws) + error^2)
    out$khat <- if (is.null(object$info$khat)) NA_real_ else object$info$khat
  }
  out
}
