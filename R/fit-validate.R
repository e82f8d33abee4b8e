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

check_fit <- function(fit, arg = "object") {
  if (!inherits(fit, "covary")) {
    stop_covary("argument", "`", arg, "` must be a fit of covary(), not ", describe(fit), ".",
      fields = list(arg = arg)
    )
  }
  check_object(fit, "covary", arg)
}

register_class("covary",
  title = "fit of covary()", remedy = "fit again",
  rules = fit_rules, inside = list(info = fit_info_rules),
  sealed = c(
    "formulas", "algorithm", "responses", "ids", "pairs", "draws", "design", "priors",
    "frame", "cell", "n_cells"
  ),
  by_field = c("design", "frame")
)
