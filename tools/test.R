# Runs tests/testthat against the installed package; writes the counts to the file named on the
# command line.
suppressPackageStartupMessages(library(testthat))
suppressPackageStartupMessages(library(covary))
results <- as.data.frame(test_dir("tests/testthat",
  reporter = "summary", package = "covary",
  load_package = "installed",
  stop_on_failure = FALSE, stop_on_warning = FALSE
))
slowest <- utils::head(results[order(-results$real), c("file", "test", "real")], 5)
cat("\nSlowest tests (seconds):\n")
cat(sprintf("  %6.1f  %s: %s\n", slowest$real, slowest$file, substr(slowest$test, 1, 70)), sep = "")
writeLines(
  sprintf(
    "%d passed, %d failed, %d skipped", sum(results$passed),
    sum(results$failed) + sum(results$error), sum(results$skipped)
  ),
  commandArgs(TRUE)[1]
)
