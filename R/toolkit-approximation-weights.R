# Draws of approximations weighed against their targets: khat, ELBO, and draws outside the support.

# The Gaussian fit x with n draws, the densities of target and fit at them, and what these say:
# khat, ELBO, draws outside the support. Densities of all draws could cost more than the fit: the
# first `weighed` of them are looked at, and those of the others are NA. noise(n, width): how
# standard normal noise is drawn.
add_gaussian_draws <- function(
  x, n, weighed = weighed_draws(x$target, n), noise = matched_noise
) {
  z <- noise(n, spread_width(x))
  x$draws <- gaussian_draws(x, z)
  weighed <- seq_len(min(n, weighed))
  lq <- spread_log_density(x, z[weighed, , drop = FALSE])
  lp <- density_at(x$target, x$draws[weighed, , drop = FALSE])$value
  pad <- rep(NA_real_, n - length(weighed))
  x$lp <- c(lp, pad)
  x$lq <- c(lq, pad)
  w <- weigh_draws(lp, lq)
  x$info[names(w$info)] <- w$info
  x
}

# How many of n draws have their densities looked at: at most `most`, fewer over many rows.
weighed_draws <- function(target, n, most = n) {
  if (target$rows <= 20000) {
    min(n, most)
  } else if (target$kind == "r") 30 else 100
}

# Draws kept where the user says no number: 4000, as long as they are no more than 1e7 numbers, but
# at least 100.
default_draws <- function(d) as.integer(min(4000, max(100, floor(1e7 / d))))

# Importance weights of draws, from the log densities of target (lp) and fit (lq): list(weights,
# info: list(khat, log_evidence, elbo, elbo_mcse, outside, undefined, weighed)). No draw is left
# out: one outside the support of the target (log density -Inf) has weight zero, and the ELBO is
# -Inf; one at which the density is not defined (NaN, NA, +Inf) could have any weight, so nothing is
# known. khat is Inf where the draws are not from where the target lives.
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

# Are the draws where the target lives? A good fit near an edge may have one in a hundred outside.
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
