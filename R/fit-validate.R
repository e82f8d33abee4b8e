# What a fit must be when it comes back from a user.

fit_rules <- list(
  call = rule("a call", alone(is.call)),
  info = rule("a list", alone(is.list))
)

# Inside `info` of a fit, where a field may be absent.
fit_info_rules <- local({
  number <- rule("a number", alone(is.numeric))
  flag <- rule("TRUE or FALSE", alone(is_flag))
  named <- rule("numbers with names", function(v, x) {
    is.numeric(v) && (length(v) == 0 || !is.null(names(v)))
  })
  list(
    elbo = number, elbo_mcse = number, log_evidence = number, trace = number,
    iterations = number,
    importance_ess = number, efficiency = number, chains = number, rhat = number,
    ess = number, certificate = number,
    converged = flag, resampled = flag, interrupted = flag, khat = named, timings = named,
    note = rule("text", alone(is.character)), compression = rule("a list", alone(is.list))
  )
})

# margins: does the caller know margins? A fit that has some is refused else.
check_fit <- function(fit, arg = "object", margins = FALSE) {
  if (!inherits(fit, "covary")) {
    stop_covary("argument", "`", arg, "` must be a fit of covary(), not ", describe(fit), ".",
      fields = list(arg = arg)
    )
  }
  check_object(fit, "covary", arg)
  if (!margins && length(fit$margins)) stop_margins(fit, caller_name(sys.call(sys.parent())), arg)
  fit
}

# "predict()" of a call of predict.covary()
caller_name <- function(call) {
  name <- if (is.name(call[[1]])) as.character(call[[1]]) else "This function"
  paste0(sub("[.](covary|covary_reference)$", "", name), if (is.name(call[[1]])) "()")
}

stop_margins <- function(fit, what, arg = "object") {
  stop_covary("margin", what, " cannot answer yet for a fit with margins (",
    paste0(names(fit$margins), ": ", vapply(fit$margins, margin_text, ""), collapse = ", "),
    "): its answer would be on the scale of the transformed response. predict(), ",
    "posterior_epred() and posterior_predict() answer on the scale of the response, ",
    "as_draws_df() has coefficients of the transformed one (see ?margins).",
    fields = list(arg = arg, margins = names(fit$margins))
  )
}

register_class("covary",
  title = "fit of covary()", remedy = "fit again",
  rules = fit_rules, inside = list(info = fit_info_rules),
  sealed = c(
    "formulas", "algorithm", "responses", "ids", "pairs", "draws", "design", "priors",
    "frame", "cell", "n_cells", "margins"
  ),
  by_field = c("design", "frame")
)
