# The margins of a fit: from the argument to transformed responses.

# Margins by response label, in the order of the responses; NULL for none. margin: what the user
# gave; parsed: the formulas.
check_response_margins <- function(margin, parsed, data, algorithm) {
  if (is.null(margin)) {
    return(NULL)
  }
  labels <- names(parsed$responses)
  if (inherits(margin, "covary_margin") && length(labels) == 1) margin <- list(margin)
  is_list <- is.list(margin) && !inherits(margin, "covary_margin") && length(margin) > 0
  if (!is_list || !all(vapply(margin, inherits, TRUE, "covary_margin"))) {
    stop_covary("argument", "`margin` must be a list of margins by response, such as list(",
      labels[1], " = power()), not ", describe(margin), ".",
      fields = list(arg = "margin")
    )
  }
  if (is.null(names(margin)) && length(labels) == 1 && length(margin) == 1) names(margin) <- labels
  names(margin) <- margin_labels(names(margin), parsed)
  check_margin_source(margin, data, algorithm)
  lapply(margin[intersect(labels, names(margin))], plain_margin)
}

margin_labels <- function(given, parsed) {
  labels <- names(parsed$responses)
  at <- match(given, labels)
  at[is.na(at)] <- match(given[is.na(at)], parsed$ids)
  if (length(given) == 0 || anyNA(at) || anyDuplicated(at)) {
    stop_covary("argument", "The names of `margin` must be responses, each once: ",
      enumerate(labels), ", not ", if (length(given)) enumerate(given) else "none", ".",
      fields = list(arg = "margin")
    )
  }
  labels[at]
}

check_margin_source <- function(margin, data, algorithm) {
  advice <- if (inherits(data, "cells")) {
    paste0(
      "Cells hold sums of responses, which cannot be transformed any more: give the data frame, ",
      "or compress() a column that holds the transformed response"
    )
  } else if (algorithm %in% c("none", "prior")) {
    paste0(
      "algorithm = \"", algorithm, "\" knows no margins: write the transformation into the ",
      "formula, such as log(", names(margin)[1], ") ~ x"
    )
  }
  if (!is.null(advice)) stop_covary("margin", advice, ".", fields = list(arg = "margin"))
}

any_estimated <- function(margins) any(vapply(margins, is_estimated, TRUE))

# The margins with what they take from the rows of a frame, after a check that they can transform
# them.
margins_of_frame <- function(margins, frame) {
  Map(function(margin, label) {
    check_margin_support(margin, frame$y[, label], label)
    margin_of_data(margin, frame$y[, label])
  }, margins, names(margins))
}

# The frame with transformed responses.
latent_frame <- function(frame, margins) {
  for (label in names(margins)) {
    y <- to_latent(margins[[label]], frame$y[, label])
    check_latent(y, margins[[label]], label)
    frame$y[, label] <- y
    frame$columns[[match(label, colnames(frame$y))]] <- y
  }
  frame
}

check_latent <- function(y, margin, label) {
  spread <- stats::sd(y, na.rm = TRUE)
  if (any(is.infinite(y)) || isTRUE(spread == 0)) {
    stop_covary("margin", margin_text(margin), " makes ",
      if (isTRUE(spread == 0)) "one number" else "infinite numbers", " of the values of '", label,
      "'; use a parameter nearer to 1.",
      fields = list(arg = "margin", response = label)
    )
  }
}

# Log Jacobian of the transformations of all rows, weights included.
margin_log_jacobian <- function(margins, frame) {
  slopes <- lapply(names(margins), function(label) {
    latent_log_slope(margins[[label]], frame$y[, label]) * row_weights(frame)
  })
  sum(unlist(slopes), na.rm = TRUE)
}

# A prepared model of transformed responses (covary-prepare.R) with what the fit must know: its
# margins, and the responses as given.
with_margins <- function(prepared, margins, frame) {
  if (length(margins) == 0) {
    return(prepared)
  }
  prepared$margins <- margins
  prepared$given <- frame$y
  prepared$target$log_jacobian <- prepared$target$log_jacobian + margin_log_jacobian(margins, frame)
  prepared
}

# A warning where more of a distribution than this lies beyond the limit of its margin.
most_beyond_limit <- 1e-4

warn_margin_limit <- function(fit) {
  if (length(fit$margins) == 0) {
    return(fit)
  }
  latent <- without_margins(thin_fit(fit, 1000))
  mean <- central_parameters(latent, "mean")
  sd <- central_parameters(latent, "sd")
  for (label in names(fit$margins)) {
    margin <- fit$margins[[label]]
    beyond <- -expm1(min(log_mass_within(margin, mean[, label], sd[, label]), na.rm = TRUE))
    if (beyond > most_beyond_limit) {
      warn_covary("margin_limit", "At some row ", format(beyond, digits = 2), " of the normal ",
        "distribution of the transformed '", label, "' lies beyond the limit of ",
        margin_text(margin), ", where there is no response. Means, sds and far centiles are not ",
        "to be relied on there; use a power nearer to 0.",
        fields = list(response = label, beyond = beyond)
      )
    }
  }
  fit
}
