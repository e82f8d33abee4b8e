# What the benchmarks of large data share: the simulated rows, CPU time, machine and date.
library(covary)
internal <- asNamespace("covary")

simulate_rows <- function(n) {
  x <- runif(n)
  r <- tanh(sin(5 * x))
  z1 <- rnorm(n)
  z2 <- rnorm(n)
  data.frame(x = x, y1 = sin(6 * x) + exp(0.5 * cos(4 * x) - 1) * z1, y2 = cos(7 * x) + exp(0.3 * sin(8 * x)) * (r * z1 + sqrt(1 - r^2) * z2))
}
truth <- list(mu1 = function(x) sin(6 * x), mu2 = function(x) cos(7 * x), s1 = function(x) 0.5 * cos(4 * x) - 1, s2 = function(x) 0.3 * sin(8 * x),
  rho = function(x) tanh(sin(5 * x)))

cpu <- function(expr) {
  before <- proc.time()
  force(expr)
  sum((proc.time() - before)[c(1, 2, 4, 5)])
}
best <- function(times, expr) min(vapply(seq_len(times), function(i) cpu(eval(expr, globalenv())), 0))

machine <- function() {
  model <- tryCatch(sub(".*: ", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1]), error = function(e) Sys.info()[["machine"]])
  sprintf("%s | %s | %s | BLAS %s", format(Sys.Date()), model, R.version.string, basename(extSoftVersion()[["BLAS"]]))
}
five <- list(cbind(y1, y2) ~ s(x), sigma ~ s(x), rho ~ s(x))
