# Whole covary() calls with the package before and after it went to R's BLAS and LAPACK, under the
# reference BLAS and under OpenBLAS: CPU seconds and wall time, least of several interleaved
# repeats, and what the results differ by.
#
#   Rscript bench/blas.R LIBRARY_BEFORE LIBRARY_AFTER OPENBLAS [REPEATS] > bench/results/blas.txt
#
# The libraries hold covary built from the two commits; OPENBLAS is a directory with its
# libblas.so.3 and liblapack.so.3, on Debian /usr/lib/x86_64-linux-gnu/openblas-pthread. Every call
# has its own process. CPU seconds count all threads, so wall time is what many threads are for;
# it only says something on a quiet machine.
arguments <- commandArgs(TRUE)

# Smooths of three covariates in all five predictors, 2000 rows: 15 (k - 1) + 5 coefficients; and
# the ordinary calls: one covariate, rows and compressed.
calls <- data.frame(
  name = c(
    "50 coefficients", "155 coefficients", "305 coefficients", "605 coefficients",
    "1e3 rows, five s(x)", "1e5 rows, five s(x)"
  ),
  k = c(4, 11, 21, 41, 10, 10), rows = c(2000, 2000, 2000, 2000, 1e3, 1e5),
  covariates = c(3, 3, 3, 3, 1, 1)
)

fit_call <- function(call) {
  set.seed(1)
  n <- call$rows
  d <- data.frame(x1 = runif(n), x2 = runif(n), x3 = runif(n))
  d$a <- sin(6 * d$x1) + d$x2^2 + exp(0.5 * d$x3 - 0.5) * rnorm(n)
  d$b <- cos(5 * d$x2) + 0.5 * d$a + rnorm(n)
  smooths <- sprintf("s(x%d, k = %d)", seq_len(call$covariates), call$k)
  formulas <- lapply(c("cbind(a, b)", "sigma", "rho"), function(left) {
    stats::reformulate(smooths, str2lang(left))
  })
  set.seed(2)
  time <- system.time(fit <- do.call(covary, c(formulas, list(data = d))))
  at <- data.frame(x1 = 1:40, x2 = (17 * 1:40) %% 41, x3 = (11 * 1:40) %% 41) / 41
  list(
    cpu = sum(time[1:2]), wall = time[[3]],
    predicted = do.call(predict, list(fit, newdata = at))[c("estimate", "sd")]
  )
}

if (length(arguments) && arguments[1] == "one") {
  suppressMessages(library(covary, lib.loc = arguments[2]))
  loadNamespace("mgcv")
  saveRDS(suppressMessages(suppressWarnings(
    fit_call(calls[as.integer(arguments[3]), ])
  )), arguments[4])
  quit()
}

libraries <- c(before = arguments[1], after = arguments[2])
openblas <- arguments[3]
repeats <- if (length(arguments) > 3) as.integer(arguments[4]) else 5L
script <- sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))
paths <- sprintf(
  "R_LD_LIBRARY_PATH=%s", paste(c(openblas, R.home("lib"), dirname(openblas)), collapse = ":")
)
blas <- list(
  `reference` = character(), `OpenBLAS, 1 thread` = c(paths, "OPENBLAS_NUM_THREADS=1"),
  `OpenBLAS` = paths
)

run_one <- function(library, i, environment) {
  file <- tempfile()
  system2("env", c(
    environment, file.path(R.home("bin"), "Rscript"), shQuote(script), "one", library, i, file
  ), stderr = FALSE)
  readRDS(file)
}

cat(
  format(Sys.time(), "%Y-%m-%d %H:%M"), " | ", R.version.string, " | ", parallel::detectCores(),
  " cores | load average ", readLines("/proc/loadavg"), "\n",
  "Rscript bench/blas.R ", paste(arguments, collapse = " "), "\n\n",
  "CPU: seconds of all threads, least of ", repeats, ". ratio: of CPU seconds to before with the ",
  "same BLAS, and to before with the\nreference BLAS; wall: of wall times to the latter. ",
  "difference: largest of posterior means, in posterior sds, from before\nwith the same BLAS. ",
  "Another BLAS may turn the basis of a smooth, and draws with it.\n\n",
  sep = ""
)
cat(sprintf(
  "%-20s %-18s %8s %8s %7s %9s %6s %11s\n", "", "", "before", "after", "ratio", "(to ref.)",
  "wall", "difference"
))
for (i in seq_len(nrow(calls))) {
  runs <- replicate(repeats, lapply(blas, function(environment) {
    lapply(libraries, run_one, i = i, environment = environment)
  }), simplify = FALSE)
  least <- function(b, l, what) min(vapply(runs, function(r) r[[b]][[l]][[what]], 0))
  for (b in names(blas)) {
    one <- runs[[1]][[b]]
    cat(sprintf(
      "%-20s %-18s %8.2f %8.2f %7.2f %9.2f %6.2f %11.1e\n",
      if (b == names(blas)[1]) calls$name[i] else "", b,
      least(b, "before", "cpu"), least(b, "after", "cpu"),
      least(b, "after", "cpu") / least(b, "before", "cpu"),
      least(b, "after", "cpu") / least("reference", "before", "cpu"),
      least(b, "after", "wall") / least("reference", "before", "wall"),
      max(abs(one$before$predicted$estimate - one$after$predicted$estimate) /
        one$before$predicted$sd)
    ))
  }
}
