# The same formulas with the responses in another order.

# order: names or ids of all responses. Where one formula has the means of all, its responses change
# places; else each response gets a formula of its own.
reorder_formulas <- function(formulas, order) {
  is_mean <- !vapply(formulas, function(f) is_dpar(f[[2]]), TRUE)
  responses <- list()
  right <- list()
  for (f in formulas[is_mean]) {
    parts <- response_labels(f[[2]])
    for (label in names(parts)) {
      at <- match_response(label, parts[[label]], responses)
      if (is.na(at)) responses[[label]] <- parts[[label]] else label <- names(responses)[at]
      right[[label]] <- f
    }
  }
  labels <- check_order(order, names(responses))
  together <- sum(is_mean) == 1
  means <- lapply(if (together) list(labels) else labels, function(some) {
    with_responses(right[[some[1]]], responses[some])
  })
  c(means, formulas[!is_mean])
}

# The formula with other responses on its left side, in cbind() where they are several or named.
with_responses <- function(f, responses) {
  named <- names(responses) != vapply(responses, label_of, "")
  parts <- if (any(named)) responses else unname(responses)
  f[[2]] <- if (length(parts) == 1 && !any(named)) parts[[1]] else as.call(c(quote(cbind), parts))
  f
}

check_order <- function(order, labels) {
  order <- check_names(order, "order")
  at <- match(order, labels)
  at[is.na(at)] <- match(order[is.na(at)], response_ids(labels))
  if (length(at) != length(labels) || anyNA(at) || anyDuplicated(at)) {
    stop_covary("argument", "`order` must name every response once: ", enumerate(labels),
      ", not ", enumerate(order), ".",
      fields = list(arg = "order")
    )
  }
  labels[at]
}
