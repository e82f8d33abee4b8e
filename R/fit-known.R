# Standard deviations that the user gives, sigma ~ 0 + offset(log(sd)), against the rows: the rows
# have no say in them, and a correlation given wrong ones is wrong.

# The mean square of residuals divided by known sds is too far from 1 where it is so by more than
# chance (five standard errors) and by this factor.
known_factor <- 1.25

# Its root, named by response, where it is too far from 1; NULL where all is well, nothing is known,
# or the rows are not there.
known_misfit <- function(fit) {
  keys <- role_keys(fit, "sd")
  known <- vapply(fit$design$predictors[keys], function(p) nrow(p$columns) == 0, TRUE)
  if (!any(known) || !has_rows(fit) || fit$algorithm == "prior") {
    return(NULL)
  }
  square <- central_residuals(fit)[, known, drop = FALSE]^2
  weights <- fit$frame$weights
  if (is.null(weights)) weights <- rep(1, nrow(square))
  mean <- apply(square, 2, function(v) {
    there <- !is.na(v)
    w <- weights[there] / sum(weights[there])
    m <- sum(w * v[there])
    error <- sqrt(sum(w * (v[there] - m)^2) / sum(weights[there]))
    if (abs(m - 1) > 5 * error && max(m, 1 / m) > known_factor) m else 1
  })
  out <- sqrt(mean[mean != 1])
  if (length(out)) out
}

# `off`: as known_misfit() returns it
warn_known <- function(off) {
  warn_covary("known_sd", "Residuals of ", enumerate(names(off)), " are ",
    paste(signif(off, 2), collapse = ", "), " times as large as the standard deviation ",
    "that `sigma ~ 0` or its offset states; correlations rest on it. `sigma ~ 0` alone states 1: ",
    "write sigma(", names(off)[1], ") ~ 0 + offset(log(sd)), or ~ 1 to estimate it.",
    fields = list(ratio = off)
  )
}
