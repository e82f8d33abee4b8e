#' Printed and summarised fits
#'
#' `print()` shows what was fitted and whether to trust it; `summary()` adds the posterior.
#'
#' @param x A fit of [covary()].
#' @param digits Significant digits; default 3.
#' @param ... Not used.
#' @return `print()` returns its argument invisibly. See [summary.covary()].
#' @examples
#' fit <- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, data = mtcars, draws = 500)
#' fit
#' @export
print.covary <- function(x, digits = 3, ...) {
  check_dots(...)
  check_fit(x, "x", margins = TRUE)
  check_number(digits, "digits", 1, 22, whole = TRUE)
  print_head(x)
  means <- stats::coef(x)
  shown <- coefficient_triangles(x, means)
  if (length(means)) {
    cat("\nPosterior means of coefficients:\n")
    print(means[!names(means) %in% shown$names], digits = digits)
  }
  print_triangles(shown$tables, digits)
  invisible(x)
}

# `x`: a fit or its summary.
print_head <- function(x, draws = nrow(x$draws)) {
  cat("Call:\n", paste(deparse(short_call(x$call)), collapse = "\n"), "\n\nPredictors (link):\n",
    sep = ""
  )
  cat(paste0("  ", predictor_lines(x$design$predictors, x$responses), "\n"), sep = "")
  order <- order_lines(x$design$predictors, x$responses)
  if (length(order)) cat("", order, sep = "\n")
  cat(if (is.null(x$draws)) x$margin_lines else margin_lines(x), sep = "")
  frame <- x$frame
  cat("\nData:       ", format(frame$n, scientific = FALSE), " rows in ", x$n_cells, " cells",
    paste(";", missing_texts(frame, x$responses), recycle0 = TRUE), "\n",
    if (length(x$info$apart)) {
      c("            no row has both of ", paste(x$info$apart, collapse = ", "), "\n")
    },
    sep = ""
  )
  if (!is.null(x$info$certificate)) {
    cat("Compressed: ", x$info$compression$cells, " cells, certificate ",
      format(x$info$certificate, digits = 2), " posterior sds\n",
      sep = ""
    )
  }
  if (!is.null(x$info$bound)) {
    cat("Within rows: sd ", format(100 * x$info$bound$row_sd, digits = 2),
      " % of the residual sd, which bounds the likelihood\n",
      sep = ""
    )
  }
  cat("Algorithm:  ", x$algorithm, ", ", draws, " draws; ", verdict(x$info, draws), "\n", sep = "")
}

# "Margin:     mpg: power(lambda = -0.5)", a line for each, with 95 % limits where it was estimated.
margin_lines <- function(fit) {
  columns <- margin_draw_names(fit)
  of <- vapply(names(fit$margins), function(label) {
    margin <- fit$margins[[label]]
    drawn <- intersect(margin_columns(margin, label, fit$ids), columns)
    limits <- column_quantiles(unclass(fit$draws)[, drawn, drop = FALSE], c(0.025, 0.975))
    paste0(label, ": ", margin_text(margin), paste0(
      ", estimated, 95 % from ", format_each(limits[, 1], 3), " to ", format_each(limits[, 2], 3),
      recycle0 = TRUE
    ), collapse = "")
  }, "")
  if (length(of)) c("\n", paste0("Margin:     ", of, "\n"))
}

# Data and functions that stand in the call themselves (do.call()) are not printed.
short_call <- function(call) {
  if (is.function(call[[1]])) call[[1]] <- quote(covary)
  for (i in seq_along(call)[-1]) if (is.list(call[[i]])) call[[i]] <- as.name(class(call[[i]])[1])
  call
}

# One line a predictor: what it is, its formula, and marks for defaults and known functions. Of
# three responses or more, one line for all predictors of a kind that have one formula.
predictor_lines <- function(predictors, responses) {
  units <- vapply(predictors, function(p) paste(p$resp, collapse = ", "), "")
  dpar <- vapply(predictors, `[[`, "", "dpar")
  link <- vapply(predictors, function(p) paste0("[", dpar_of(p)$link$name, "]"), "")
  right <- vapply(predictors, function(p) {
    paste0(deparse1(p$rhs), if (!p$stated) " (default)", if (p$known) " (known)")
  }, "")
  if (length(responses) > 2) {
    group <- paste(dpar, right, sep = "\r")
    pairs <- lengths(lapply(predictors, `[[`, "resp")) == 2
    units <- vapply(split(seq_along(units), factor(group, unique(group))), function(at) {
      group_text(units[at], pairs[at[1]], sum(dpar == dpar[at[1]]))
    }, "")
    first <- !duplicated(group)
    dpar <- dpar[first]
    link <- link[first]
    right <- right[first]
  }
  paste(format(paste0(dpar, "(", units, ")")), format(link), right)
}

# What predictors that share a formula are of, of so many in all.
group_text <- function(units, pairs, all) {
  if (length(units) == 1) {
    return(units)
  }
  kind <- if (pairs) "pairs" else "responses"
  if (length(units) == all) {
    return(paste("all", all, kind))
  }
  if (pairs) units <- gsub(", ", ":", units, fixed = TRUE)
  if (length(units) > 4) paste(length(units), kind) else paste(units, collapse = ", ")
}

# Whether to trust the draws, in words.
verdict <- function(info, draws) {
  limit <- khat_threshold(draws)
  state <- if (isTRUE(info$interrupted)) {
    "INTERRUPTED"
  } else if (isTRUE(info$converged)) {
    "converged"
  } else {
    "NOT CONVERGED"
  }
  if (!is.null(info$rhat)) {
    return(paste0(state, ", ", chains_text(info)))
  }
  if (rests_on_gaussian(info)) {
    return(paste0(state, fresh_verdict_text(info$fresh)))
  }
  khat <- info$khat[!is.na(info$khat)]
  # Where weights are nearly equal their tail index says nothing (see warn_quality()).
  if (isTRUE(info$efficiency > nearly_equal)) khat <- khat[names(khat) != "coefficients"]
  if (length(khat) == 0) {
    return(state)
  }
  worst <- max(khat)
  if (has_forgotten(info$moves)) {
    return(paste0(state, ", draws moved to the posterior by Markov chains"))
  }
  paste0(
    state, ", khat ", format(worst, digits = 2), if (worst > limit) " TOO HIGH",
    " (reliable below ", format(limit, digits = 2),
    if (isTRUE(is_khat_near(worst, draws))) "; near it: see diagnostics()", ")"
  )
}

chains_text <- function(info) {
  paste0(
    "R-hat ", format(round(info$rhat, 3), nsmall = 2), " (good below 1.01), at least ",
    round(info$ess), " effective draws, ", info$divergences, " divergent transitions"
  )
}

fresh_verdict_text <- function(fresh) {
  paste0(
    ", by fresh draws means within ", format(max(fresh$shift, 0.01), digits = 1),
    " posterior sds and sds ", percent_range(fresh$sd_ratio),
    if (!is_right_gaussian(fresh)) " NOT ACCURATE", " (good: ", newton_check_limits$shift, ", ",
    percent_range(newton_check_limits$sd_ratio), ")"
  )
}
