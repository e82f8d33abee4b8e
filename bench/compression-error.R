# How far compression moves the posterior mode (B5): the fit's own nodes against cells 8 times
# finer, not gathered, with the same basis, and the certificate that the fit reports from one exact
# pass over the rows.
#   Rscript bench/compression-error.R [N, default 1e6] > bench/results/compression-error.txt
# Smoothing sds are exp(-2): at exp(-1) the skewed covariate has no mode (see
# validation/compression.R), and a shift in sds of an indefinite Hessian, where Newton's method gave
# up, says nothing.
# At a billion rows: bench/billion.R. Against the rows themselves, by the naive route:
# validation/compression.R.
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "common-large.R"
))
n <- as.numeric(c(commandArgs(TRUE), 1e6)[1])
cat(machine(), "\nN =", n, "rows; largest move of the mode in posterior sds (target 1e-5)\n\n")
set.seed(20)
covariates <- list(uniform = runif(n), skewed = rexp(n)^1.5, tied = round(rnorm(n), 3))
for (name in names(covariates)) {
  x <- covariates[[name]]
  u <- (x - min(x)) / diff(range(x))
  z <- matrix(rnorm(2 * n), n)
  r <- tanh(sin(5 * u))
  d <- data.frame(
    x = x, y1 = sin(6 * u) + exp(0.5 * cos(4 * u) - 1) * z[, 1],
    y2 = cos(7 * u) + exp(0.3 * sin(8 * u)) * (r * z[, 1] + sqrt(1 - r^2) * z[, 2])
  )
  cells <- suppressMessages(compress(d, c("y1", "y2"), by = ~x))
  finer <- suppressMessages(compress(d, c("y1", "y2"), by = ~x, resolution = 8000))
  for (basis in c("ps", "tp")) {
    for (k in if (basis == "ps") c(8, 16, 20) else 16) {
      s <- sprintf("s(x, bs = '%s', k = %d)", basis, k)
      formulas <- lapply(paste(c("cbind(y1, y2)", "sigma", "rho"), "~", s), stats::as.formula)
      shift <- shift_between(cells, finer, formulas, log_sd = -2)
      fit <- suppressMessages(suppressWarnings(covary(formulas, data = d, draws = 500)))
      cat(sprintf(
        "%-8s %s J = %2d  shift %.1e  certificate %.1e  (%d nodes, %d finer cells)\n", name,
        basis, k, shift[["shift"]],
        diagnostics(fit)$certificate, shift[["nodes"]], shift[["finer"]]
      ))
      flush(stdout())
    }
  }
}
