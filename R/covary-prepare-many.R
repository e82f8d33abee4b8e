# Many rows: compressed to cells, by tables of their terms, or in blocks.

# Rows that cannot be compressed are tabulated from here on; fewer are as quick, and exact, as they
# are.
tabulate_rows_from <- 20000L

# Of more than two responses columns are quicker, 1.2 s against 7.1 s at 25,000 rows of three, as
# long as they fit into memory.
tabulate_from <- function(frame) if (ncol(frame$y) > 2) blocks_from else tabulate_rows_from

# NULL where rows are few, or better as they are.
prepare_many <- function(parsed, frame, settings) {
  control <- settings$control
  if (frame$n < min(compress_rows_from, tabulate_from(frame)) && control$compress != "always") {
    return(NULL)
  }
  held <- if (control$compress %in% c("never", "exact")) {
    list(frame = frame, refusal = NULL)
  } else {
    hold_terms(parsed, frame, control)
  }
  compressed <- try_compression(parsed, held, settings)
  if (!is.null(compressed)) {
    prepare <- function() prepare_compressed_fit(parsed, compressed, settings)
    prepared <- if (control$compress == "always") {
      prepare()
    } else {
      tryCatch(prepare(), covary_error_nodes = function(e) e)
    }
    if (!inherits(prepared, "condition")) {
      return(prepared)
    }
    inform_covary("rows", frame$n, " rows are fitted one by one: ", conditionMessage(prepared))
  }
  if (may_tabulate(parsed, held, settings)) prepare_tables_or_blocks(parsed, held, settings)
}

# Can tables or blocks stand for the rows of `held` (hold_terms())?
may_tabulate <- function(parsed, held, settings) {
  held$frame$n >= tabulate_from(held$frame) && settings$control$compress != "never" &&
    engines()[[settings$algorithm]]$sums_only &&
    (is.null(held$refusal) || length(row_functions(parsed)) == 0) &&
    # Without a continuous covariate rows repeat, and exact cells are few.
    length(continuous_covariates(held$frame)) > 0
}
