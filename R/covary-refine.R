# refine() of a fit of covary(): what ?`when-a-fit-warns` would try by hand, within a stated time.

#' @rdname refine
#' @export
refine.covary <- function(object, seconds = 60, ..., refresh = NULL) {
  check_dots(...)
  check_fit(object, margins = TRUE)
  check_number(seconds, "seconds", 0, open = TRUE)
  if (!engines()[[object$algorithm]]$likelihood) {
    stop_covary("algorithm", "Draws from the prior have seen no data; there is nothing to refine.",
      fields = list(arg = "object")
    )
  }
  caller <- parent.frame()
  until <- proc.time()[["elapsed"]] + seconds
  best <- object
  log <- refinement_line(object, NA_real_)
  for (step in refinement_steps(object)) {
    left <- until - proc.time()[["elapsed"]]
    if (fit_concern(best) == 0 || left <= 0) break
    try <- refine_once(object, step, left, refresh, caller)
    log <- rbind(log, try$line)
    if (!is.null(try$fit) && is_better_fit(try$fit, best)) best <- try$fit
    if (isTRUE(try$fit$info$interrupted)) break
  }
  say_refinement(log, object, best, seconds)
  best$info$refined <- log
  best
}

# Changes of the call, each a list of arguments of covary(), the cheapest first, without those that
# the fit has had. NUTS knows no evidence, by which margins are estimated.
refinement_steps <- function(fit) {
  draws <- as.numeric(nrow(fit$draws))
  steps <- list(
    list(algorithm = "nested", draws = draws),
    list(algorithm = "nested", draws = max(draws, min(max(4 * draws, 4000), 20000))),
    list(algorithm = "nuts", draws = 4000),
    list(algorithm = "nuts", draws = 16000)
  )
  estimated <- length(margin_draw_names(fit)) > 0
  Filter(function(step) {
    (step$algorithm != fit$algorithm || step$draws > draws) &&
      !(estimated && step$algorithm == "nuts")
  }, unique(steps))
}

# list(fit (NULL if it failed or the time was over), line of the log). An outer limit of time that
# the caller had set is gone after it: R does not tell which it was.
refine_once <- function(fit, step, left, refresh, caller) {
  begun <- proc.time()[["elapsed"]]
  inform_covary(
    "refine", "refine(): ", refinement_text(step), ", at most ", format(left, digits = 2), " s"
  )
  step$refresh <- refresh
  new <- tryCatch(
    {
      setTimeLimit(elapsed = left, transient = TRUE)
      on.exit(setTimeLimit())
      without_warnings(eval(as.call(c(list(stats::update, fit), step)), caller))
    },
    error = function(e) if (is_limit(e)) "out of time" else conditionMessage(e)
  )
  seconds <- proc.time()[["elapsed"]] - begun
  if (inherits(new, "covary")) {
    return(list(fit = new, line = refinement_line(new, seconds)))
  }
  list(fit = NULL, line = data.frame(
    algorithm = step$algorithm, draws = step$draws,
    seconds = seconds, verdict = new
  ))
}

refinement_text <- function(step) {
  paste0(
    "algorithm = \"", step$algorithm, "\", draws = ", format(step$draws, scientific = FALSE)
  )
}

refinement_line <- function(fit, seconds) {
  concern <- names(fit_concerns(fit))
  data.frame(
    algorithm = fit$algorithm, draws = nrow(fit$draws), seconds = seconds,
    verdict = if (length(concern)) paste(concern, collapse = ", ") else "good"
  )
}

# How bad each of the warnings of a fit is, named: 1 an approximation whose error is known or
# bounded, 2 draws of something else. Pairs that are never together are so by any algorithm.
fit_concerns <- function(fit) {
  found <- character()
  without_warnings(withCallingHandlers(warn_quality(fit), covary_warning = function(w) {
    found <<- c(found, sub("covary_warning_", "", class(w)[1]))
  }))
  size <- c(khat = 1, rough = 1, not_converged = 2, infinite = 2, interrupted = 2)
  size[intersect(found, names(size))]
}

fit_concern <- function(fit) max(fit_concerns(fit), 0)

# Of two fits that are as bad, the one with the smaller khat.
is_better_fit <- function(new, old) {
  concern <- c(fit_concern(new), fit_concern(old))
  if (concern[1] != concern[2]) {
    return(concern[1] < concern[2])
  }
  worst <- function(fit) max(fit$info$khat, -Inf, na.rm = TRUE)
  concern[1] > 0 && new$algorithm == old$algorithm && worst(new) < worst(old)
}

say_refinement <- function(log, before, after, seconds) {
  outcome <- if (fit_concern(after) == 0) {
    if (nrow(log) == 1) "nothing warned" else "nothing warns any more"
  } else if (identical(before, after)) {
    "nothing that was tried is better; the fit is returned as it was"
  } else {
    "better than before, and still not good"
  }
  advice <- paste0(
    " Give more than ", format(seconds), " `seconds`, or ask for less: fewer terms on sigma and ",
    "rho, a smaller `k`. See ?`when-a-fit-warns`."
  )
  inform_covary(
    "refine", "refine(): ", outcome, " (\"", after$algorithm, "\", ", nrow(after$draws), " draws; ",
    nrow(log) - 1, " further fit", if (nrow(log) != 2) "s", ").", if (fit_concern(after) > 0) advice
  )
}
