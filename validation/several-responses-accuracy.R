# Accuracy of "nested" with three, five and ten responses against long runs of NUTS on the same
# posterior: smooths of one covariate in all means, log standard deviations and correlations.
#
#   Rscript validation/several-responses-accuracy.R [responses [rows [draws of NUTS]]] \
#     >> validation/several-responses-accuracy.txt
#
# Errors are of posterior means of all predictors at 25 values of x, in posterior sds of NUTS, and
# ratios of sds. `floor`: the error that two samples of so many effective draws have of
# themselves. Gates: rms .03 (K = 3, 5 at 1000 rows) and .05 (K = 10 at 2000), sd ratios .93 to
# 1.07.
library(covary)

given <- as.integer(commandArgs(TRUE))
k <- if (length(given)) given[1] else 3L
n <- if (length(given) > 1) given[2] else 1000L
kept <- if (length(given) > 2) given[3] else 8000L

# Rows at 100 values of x. Partial correlations, log sds and means are waves of random phase.
simulate_rows <- function(k, n) {
  set.seed(100 * k + 1)
  x <- sample(100, n, TRUE) / 100
  wave <- function(least, most) {
    height <- stats::runif(1, least, most)
    phase <- stats::runif(1, 0, 2 * pi)
    height * sin(2 * pi * x + phase)
  }
  y <- e <- matrix(stats::rnorm(k * n), n)
  for (i in seq_len(k)) {
    left <- 1
    y[, i] <- 0
    for (j in seq_len(i - 1)) {
      partial <- tanh(wave(0.3, 1) / 2)
      y[, i] <- y[, i] + partial * sqrt(left) * e[, j]
      left <- left * (1 - partial^2)
    }
    y[, i] <- wave(0.3, 1) + exp(wave(0.1, 0.4)) * (y[, i] + sqrt(left) * e[, i])
  }
  colnames(y) <- paste0("y", seq_len(k))
  data.frame(x, y)
}

formulas <- list(
  stats::as.formula(paste0("cbind(", paste0("y", seq_len(k), collapse = ", "), ") ~ s(x)")),
  sigma ~ s(x), rho ~ s(x)
)
data <- simulate_rows(k, n)
# Sharing of smoothing sds and orders are the defaults of the version that is run.
run <- function(...) suppressWarnings(covary(formulas, data = data, seed = 1, ...))

# draws x (predictors x values of x), one after the other
predictors <- function(fit) {
  at <- data.frame(x = seq(0.01, 1, length.out = 25))
  keys <- fit$design$predictors
  do.call(cbind, lapply(keys, function(p) {
    posterior_linpred(fit, newdata = at, dpar = p$dpar, resp = paste(p$resp, collapse = ":"))
  }))
}

seconds <- function(expr) sum(system.time(expr)[1:2])

time <- seconds(nuts <- run(
  algorithm = "nuts", draws = kept, control = covary_control(nuts = list(warmup = 500))
))
truth <- predictors(nuts)
chains <- function(v) matrix(v, ncol = 4)
ess <- apply(truth, 2, function(v) posterior::ess_basic(chains(v)))
of <- rep(vapply(nuts$design$predictors, `[[`, "", "dpar"), each = 25)
cat(sprintf(
  "\n# %s covary %s: K = %d, %d rows, %d coefficients, %d smoothing sds\n", Sys.Date(),
  utils::packageVersion("covary"), k, n, sum(!grepl("^sds_|^lp_", colnames(nuts$draws))),
  sum(startsWith(colnames(nuts$draws), "sds"))
))
cat(sprintf(
  "nuts: %d draws in %.0f s, effective draws %.0f to %.0f (median), R-hat %.3f, %d divergent\n",
  nrow(truth), time, min(ess), stats::median(ess), diagnostics(nuts)$rhat,
  as.integer(diagnostics(nuts)$divergences)
))

for (algorithm in c("nested", "laplace")) {
  time <- seconds(fit <- run(algorithm = algorithm))
  found <- predictors(fit)
  shift <- (colMeans(found) - colMeans(truth)) / apply(truth, 2, stats::sd)
  ratio <- apply(found, 2, stats::sd) / apply(truth, 2, stats::sd)
  rms <- function(v) sqrt(mean(v^2))
  info <- diagnostics(fit)
  cat(sprintf(
    paste0(
      "%-8s %6.1f s: rms %.3f (mu %.3f, sigma %.3f, rho %.3f; floor %.3f), max %.2f; ",
      "sd ratio %.3f to %.3f (means %.3f %.3f %.3f)\n"
    ), algorithm, time, rms(shift), rms(shift[of == "mu"]),
    rms(shift[of == "sigma"]), rms(shift[of == "rho"]), sqrt(mean(1 / ess)), max(abs(shift)),
    min(ratio), max(ratio), mean(ratio[of == "mu"]), mean(ratio[of == "sigma"]),
    mean(ratio[of == "rho"])
  ))
  cat(sprintf(
    "         fresh draws: shift %.3f, sd ratio %.3f to %.3f; khat %s; weighed: %s\n",
    info$fresh$shift, info$fresh$sd_ratio[1], info$fresh$sd_ratio[2],
    paste(format(info$khat, digits = 2), collapse = " "), info$resampled
  ))
}
