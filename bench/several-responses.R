# Seconds of a fit of three, five and ten responses, smooths of one continuous covariate in all
# predictors, one core: CPU seconds of preparing (which compresses 10,000 rows or more to cells),
# fitting and drawing, second fit of the session.
#
#   Rscript bench/several-responses.R [responses [rows ...]] >> bench/results/several-responses.txt
suppressMessages(library(covary))
given <- as.integer(commandArgs(TRUE))
k <- if (length(given)) given[1] else 3L
rows <- if (length(given) > 1) given[-1] else c(1000L, 100000L, 1000000L)

simulate_rows <- function(k, n) {
  set.seed(1)
  x <- stats::runif(n)
  e <- matrix(stats::rnorm(k * n), n)
  y <- sapply(seq_len(k), function(i) {
    before <- if (i > 1) 0.6 * sin(2 * pi * x + i) * e[, i - 1] else 0
    sin(2 * pi * x + i) + exp(0.3 * cos(2 * pi * x - i)) * (before + e[, i])
  })
  colnames(y) <- paste0("y", seq_len(k))
  data.frame(x, y)
}

formulas <- list(
  stats::as.formula(paste0("cbind(", paste0("y", seq_len(k), collapse = ", "), ") ~ s(x)")),
  sigma ~ s(x), rho ~ s(x)
)
cat(sprintf("# %s, BLAS %s\n", Sys.Date(), basename(extSoftVersion()["BLAS"])))
for (n in rows) {
  data <- simulate_rows(k, n)
  for (i in 1:2) {
    cpu <- system.time(
      fit <- suppressMessages(suppressWarnings(covary(formulas, data = data, seed = 1)))
    )
  }
  info <- diagnostics(fit)
  cat(sprintf(
    "K = %2d, %7d rows, %5d cells: %6.2f s; fresh draws: shift %.3f, sd ratio %.3f to %.3f\n",
    k, n, info$cells, sum(cpu[1:2]), info$fresh$shift, info$fresh$sd_ratio[1],
    info$fresh$sd_ratio[2]
  ))
}
