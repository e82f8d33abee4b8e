# Posterior predictive checks of bayesplot, by the names of its functions without "ppc_".

own_checks <- c("dens", "correlation", "sd", "qq")

is_bayesplot_check <- function(type) {
  is_text(type) && !type %in% own_checks && requireNamespace("bayesplot", quietly = TRUE) &&
    paste0("ppc_", type) %in% getNamespaceExports("bayesplot")
}

# A ggplot. `group` and `x` in `more` may name covariates; the rest is handed on.
bayesplot_check <- function(fit, type, resp, ndraws, draw_ids, more) {
  need_rows(fit, "pp_check()")
  resp <- one_response(fit, resp, type)
  check <- getExportedValue("bayesplot", paste0("ppc_", type))
  more <- named_covariates(fit, more, c("group", "x"))
  surplus <- setdiff(names(more), names(formals(check)))
  if (length(surplus) || length(more) && is.null(names(more))) {
    given <- if (length(surplus)) surplus else ""
    refuse_arguments(given, paste0("ppc_", type), setdiff(names(formals(check)), c("y", "yrep")))
  }
  draws <- draws_of_check(fit, ndraws, draw_ids, checks_of_draws(type), least = 1)
  y <- fit$frame$y[, resp]
  used <- which(!is.na(y))
  replicates <- posterior_predict(fit, resp = resp, draw_ids = draws)
  replicates <- matrix(replicates, length(draws))[, used, drop = FALSE]
  more <- lapply(more, function(v) if (length(v) == length(y)) v[used] else v)
  if (grepl("^loo_", type)) more <- with_loo_weights(fit, type, resp, draws, used, more)
  with_typed_errors(do.call(check, c(list(y[used], replicates), more)), "argument",
    "bayesplot::ppc_", type, "() says: ",
    fields = list(arg = "type")
  )
}

# Rows that were not fitted have nothing to be left out of.
refuse_loo_check <- function(type) {
  if (grepl("^loo_", type)) {
    stop_covary("argument", "type = \"", type, "\" leaves rows out of the fit; rows of `newdata` ",
      "are not in it. Use type = \"", sub("^loo_", "", type), "\" if there is one, or \"qq\".",
      fields = list(arg = "newdata")
    )
  }
}

# Checks by leaving rows out need log weights (`lw`), or the object they are in.
with_loo_weights <- function(fit, type, resp, draws, used, more) {
  if (any(c("lw", "psis_object") %in% names(more))) {
    return(more)
  }
  need_package("loo", paste0("type = \"", type, "\""))
  densities <- log_lik(fit, resp = resp, draw_ids = draws)[, used, drop = FALSE]
  psis <- suppressWarnings(loo::psis(-densities, r_eff = NA))
  needed <- if (grepl("intervals|ribbon", type)) "psis_object" else "lw"
  c(more, list(lw = stats::weights(psis), psis_object = psis)[needed])
}

# The first of several, which is said.
one_response <- function(fit, resp, type) {
  chosen <- choose_responses(fit, resp)
  if (length(chosen) > 1) {
    inform_covary("first_response", "`type = \"", type, "\"` shows one response, here '", chosen[1],
      "'; `resp` chooses among ", enumerate(chosen, most = 20), ".",
      fields = list(resp = chosen[1])
    )
  }
  chosen[1]
}

# Few curves can be told apart; summaries take many draws.
checks_of_draws <- function(type) {
  if (grepl("overlay|^hist|^dens|^ecdf|^freqpoly|^boxplot|^error_hist", type)) 10L else 400L
}

named_covariates <- function(fit, more, arguments) {
  columns <- training_data(fit)
  for (arg in intersect(arguments, names(more))) {
    name <- more[[arg]]
    if (!is_text(name) || nrow(columns) == 1) next
    if (!name %in% names(columns)) {
      stop_covary("argument", "`", arg, "` must name a covariate of the fit, one of ",
        enumerate(names(columns), most = 20), ", not ", describe(name), ".",
        fields = list(arg = arg)
      )
    }
    more[[arg]] <- columns[[name]]
  }
  more
}
