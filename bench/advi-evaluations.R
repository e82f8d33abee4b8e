# The table of evaluations in the help of advi(): d correlated normals (autoregressive, correlation
# .8, sds over two orders of magnitude), from a start at zero; density and gradient count each.
#   Rscript bench/advi-evaluations.R
library(covary)
chain <- function(d, gradient) {
  set.seed(2)
  m <- rnorm(d)
  s <- exp(rnorm(d))
  r <- 0.8
  a <- (1 + r^2 * (seq_len(d) %in% 2:(d - 1))) / (1 - r^2)
  b <- -r / (1 - r^2)
  times <- function(u) a * u + b * (c(0, u[-d]) + c(u[-1], 0))
  n <- 0
  target <- suppressMessages(target_density(function(t) {
    n <<- n + 1
    u <- (t - m) / s
    -0.5 * sum(u * times(u))
  }, if (gradient) {
    function(t) {
      n <<- n + 1
      -times((t - m) / s) / s
    }
  }, names = "x", transforms = list(x = transform_identity(d))))
  n <- 0
  list(target = target, count = function() n)
}
one <- function(d, family, gradient = TRUE) {
  made <- chain(d, gradient)
  set.seed(1)
  gc(reset = TRUE)
  seconds <- system.time(fit <- suppressWarnings(advi(made$target, family)))[[3]]
  cat(family, d, if (gradient) "gradient" else "none", made$count(), "of them", format(
    fit$info$evaluations_run
  ), "run; error", format(fit$info$error, digits = 2), "; seconds", format(
    seconds,
    digits = 2
  ), "; MB", format(gc()[2, 6]), "\n")
}
for (d in c(10, 100, 1000, 1e4, 1e5)) one(d, "meanfield")
for (d in c(10, 50, 100, 200, 500)) one(d, "fullrank")
for (d in c(10, 100, 1000, 1e4, 1e5)) one(d, "lowrank")
for (family in c("meanfield", "fullrank")) for (d in c(10, 50)) one(d, family, FALSE)
