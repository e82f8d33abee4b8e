# One fit: prepared, run, and checked until what stands for the rows is good enough.

# asked: list(parsed, data, choice, settings (see prepare_fit()), draws, refresh, call, no_rows (are
# the rows stand-ins?), clock).
fit_once <- function(asked) {
  if (asked$settings$algorithm == "none") {
    prepared <- prepare_bounded(asked, asked$settings$control)
    return(regression_density(prepared$target, prepared$design))
  }
  run <- run_once(asked)
  warn_margin_limit(fit_of_run(asked, run))
}

prepare_bounded <- function(asked, control) {
  settings <- replace(asked$settings, "control", list(control))
  prepared <- prepare_fit(asked$parsed, asked$data, asked$choice, settings)
  prepared$target <- bound_likelihood(prepared$target, control$row_sd, fit_pilot)
  prepared
}

# list(prepared, result (of the engine), compression (its error, NULL for rows))
run_once <- function(asked) {
  control <- asked$settings$control
  repeat {
    prepared <- prepare_bounded(asked, control)
    asked$clock$lap("prepare")
    result <- run_engine(
      engines()[[asked$settings$algorithm]], prepared$target, asked$draws, asked$settings$control,
      new_progress(asked$refresh)
    )
    asked$clock$lap("fit")
    compression <- estimate_compression_error(prepared, result, control)
    if (is.null(compression)) break
    asked$clock$lap("certificate")
    if (is_accepted(compression)) break
    control <- refine_compression(compression, control)
  }
  result$info$bound <- bound_effect(prepared$target, result)
  check_usable(prepared, result) # which reads the bound
  list(prepared = prepared, result = result, compression = compression)
}

fit_of_run <- function(asked, run) {
  prepared <- if (asked$no_rows) forget_rows(run$prepared) else run$prepared
  fit <- new_fit(asked$call, prepared, run$result, asked$settings$algorithm, asked$clock)
  record_compression(run$compression, fit)
}
