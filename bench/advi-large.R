# advi() of 100,000 parameters: independent normals of different means and sds, with a gradient,
# from zeros. Evaluations (density and gradient counted each), seconds of CPU, and root mean squares
# of the errors of means (in sds) and of log sds. One number of parameters a process, so that memory
# is its own:
#   Rscript bench/advi-large.R meanfield 100000 >> bench/results/advi-large.txt
suppressMessages(library(covary))
asked <- commandArgs(TRUE)
family <- asked[1]
d <- as.integer(asked[2])
set.seed(1)
mean <- rnorm(d)
sd <- exp(rnorm(d, 0, 0.5))
calls <- 0
target <- target_density(
  function(x) {
    calls <<- calls + 1
    -0.5 * sum(((x - mean) / sd)^2)
  },
  gradient = function(x) {
    calls <<- calls + 1
    -(x - mean) / sd^2
  },
  names = paste0("x", seq_len(d))
)
time <- system.time(fit <- advi(target, family = family, draws = 200, refresh = FALSE))
draws <- as.matrix(fit)[, seq_len(d)]
found <- sqrt(colMeans(draws^2) - colMeans(draws)^2)
cat(sprintf(
  "%-9s %6d parameters: %5d evaluations, %5.1f s, %5.0f MB; errors: means %.1e, log sds %.1e\n",
  family, d, calls, sum(time[1:2]), sum(gc()[, 6]),
  sqrt(mean(((fit$mean - mean) / sd)^2)), sqrt(mean(log(found / sd)^2))
))
