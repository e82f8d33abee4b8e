# One fit: prepared, run, and checked until what stands for the rows is good enough.

# asked: list(parsed, data, choice, settings (see prepare_fit()), draws, refresh, call, no_rows (are
# the rows stand-ins?), clock).
fit_once <- function(asked) {
  settings <- asked$settings
  control <- settings$control
  repeat {
    prepared <- prepare_fit(asked$parsed, asked$data, asked$choice, settings)
    prepared$target <- bound_likelihood(prepared$target, control$row_sd, fit_pilot)
    if (settings$algorithm == "none") {
      return(regression_density(prepared$target, prepared$design))
    }
    asked$clock$lap("prepare")
    result <- run_engine(
      engines()[[settings$algorithm]], prepared$target, asked$draws, control,
      new_progress(asked$refresh)
    )
    asked$clock$lap("fit")
    compression <- estimate_compression_error(prepared, result, settings$control)
    if (is.null(compression)) break
    asked$clock$lap("certificate")
    if (is_accepted(compression)) break
    settings$control <- refine_compression(compression, settings$control)
  }
  result$info$bound <- bound_effect(prepared$target, result)
  check_usable(prepared, result)
  if (asked$no_rows) prepared <- forget_rows(prepared)
  fit <- new_fit(asked$call, prepared, result, settings$algorithm, asked$clock)
  warn_margin_limit(record_compression(compression, fit))
}
