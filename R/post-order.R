# What the order of three responses or more means for the predictors of their pairs, in words for
# print().

# Lines on the order, what coefficients of pairs mean, and pairs that a formula pins; none for fewer
# responses.
order_lines <- function(predictors, responses) {
  if (length(responses) < 3) {
    return(character())
  }
  pairs <- Filter(function(p) length(p$resp) == 2, predictors)
  last <- responses[length(responses)]
  example <- paste0("rho(", responses[2], ", ", last, ")")
  meaning <- if (is_correlation(pairs[[1]])) {
    paste0(
      "rho is a partial correlation given the responses before the pair: ", example, " given ",
      responses[1], ". For pairs with ", responses[1], " it is the correlation itself. ",
      "correlation() has marginal correlations."
    )
  } else {
    paste0(
      "rho is a coefficient in the regression of the later response on all before it: ", example,
      " that of ", responses[2], " for ", last, "; its sigma is the sd of what these leave. ",
      "correlation() and sigma() have marginal values."
    )
  }
  c(
    paste0("Order:      ", paste(responses, collapse = ", ")),
    strwrap(meaning, 78, indent = 2, exdent = 2),
    if (any(lengths(lapply(pairs, `[[`, "shared_sds")) > 0)) {
      strwrap(paste0(
        "Smooths of one term in the rho of a response with those before it share one standard ",
        "deviation; see `shared_sds` in covary_control()."
      ), 78, indent = 2, exdent = 2)
    },
    pinned_lines(pairs, responses)
  )
}

# Pairs with a formula `~ 0` that are not uncorrelated for it.
pinned_lines <- function(pairs, responses) {
  bad <- pairs[vapply(pairs, is_pinned, TRUE)]
  bad <- bad[!vapply(bad, is_uncorrelated, TRUE, root = root_pattern(pairs, responses), responses)]
  if (length(bad) == 0) {
    return(character())
  }
  named <- vapply(bad, function(p) paste0("rho(", paste(p$resp, collapse = ", "), ")"), "")
  first <- c(bad[[1]]$resp, setdiff(responses, bad[[1]]$resp))
  given <- if (is_correlation(bad[[1]])) {
    "no partial correlation given the responses before"
  } else {
    "no coefficient in the regression on all responses before"
  }
  text <- paste0(
    enumerate(named, quote = FALSE), " ~ 0 means ", given, ", which is not a correlation of zero. ",
    "For that put the pair first: update(fit, order = c(",
    paste0("\"", first, "\"", collapse = ", "), "))."
  )
  strwrap(text, 78, indent = 2, exdent = 2)
}

is_pinned <- function(p) p$known && length(p$offsets) == 0

# Which elements of a root of the covariance may differ from zero, K x K.
root_pattern <- function(pairs, responses) {
  k <- length(responses)
  out <- diag(k) > 0
  for (p in pairs) {
    at <- match(p$resp, responses)
    out[max(at), min(at)] <- !is_pinned(p)
  }
  if (!is_correlation(pairs[[1]])) {
    for (step in seq_len(k)) out <- out %*% out > 0 # what is regressed on, and what that is
  }
  out
}

is_uncorrelated <- function(p, root, responses) {
  at <- match(p$resp, responses)
  !any(root[at[1], ] & root[at[2], ])
}
