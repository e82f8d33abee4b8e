# predict() given the responses that a row has: means and standard deviations of the others.

# Data frame as predict.covary() returns it; `dpars`: names of those asked for. The mean of a
# response that a row has is that response, and its sd zero.
predict_given_observed <- function(fit, newdata, dpars, responses, interval, draw_ids) {
  newdata <- prepare_newdata(fit, newdata, distribution_keys(fit, fit$responses))
  y <- given_responses(fit, newdata)
  likelihood <- fit_likelihood(fit)
  e <- new_evaluation(fit, newdata, draw_ids, fit$responses)
  columns <- newdata_columns(fit, newdata, c("dpar", "resp"))
  keys <- distribution_keys(fit, fit$responses)
  parts <- lapply(dpars, function(dpar) {
    role <- likelihood$dpars[[dpar]]$role
    values <- function(rows) {
      eta <- evaluation_block(e, rows = rows)
      out <- moment_given_observed(likelihood, y[rows, , drop = FALSE], eta, role, e$margins)
      out[match(responses, fit$responses)]
    }
    summaries <- summarise_rows(values, responses, e$n, e$s, interval)
    lapply(responses, function(label) {
      out <- summaries[[label]]
      labels <- unchecked_frame(list(dpar = rep(dpar, e$n), resp = rep(label, e$n)))
      cbind(labels, out, extrapolated = mark_extrapolated(fit, newdata, out, keys))
    })
  })
  join_parts(columns, unlist(parts, recursive = FALSE))
}

# Names of the parameters that predict() knows given some responses.
given_dpars <- function(fit, dpar, default) {
  likelihood <- fit_likelihood(fit)
  known <- c(dpars_as(likelihood, "mean"), dpars_as(likelihood, "sd"))
  if (default) {
    return(known)
  }
  unknown <- setdiff(dpar, known)
  if (length(unknown)) {
    stop_covary("argument", "Given observed responses, predict() has ", enumerate(known),
      ", not ", enumerate(as.character(unknown)), ".",
      fields = list(arg = "dpar")
    )
  }
  dpar
}
