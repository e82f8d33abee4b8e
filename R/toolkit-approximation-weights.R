# Draws of approximations weighed against their targets: khat, ELBO, and draws outside the support.

# Draws of a Gaussian fit, with khat of the target against it, and the ELBO.
add_gaussian_draws <- function(x, n) {
  d <- x$target$dim
  z <- matched_noise(n, d)
  x$draws <- sweep(z %*% x$chol_cov, 2, x$mean, "+")
  # Over many rows, densities of all draws would cost more than the fit.
  weighed <- if (x$target$rows > 20000) {
    seq_len(min(n, if (x$target$kind == "r") 30 else 100))
  } else {
    seq_len(n)
  }
  lq <- -0.5 * rowSums(z[weighed, , drop = FALSE]^2) - sum(log(abs(diag(x$chol_cov)))) -
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
