# Microseconds per iteration of minibatch ADVI: K = 2, 10,000 rows, 50 coefficients, batches of 500.
#   Rscript bench/advi-iteration.R
library(covary)
set.seed(1)
n <- 10000
d <- data.frame(x = runif(n))
d$y <- sin(6 * d$x) + exp(d$x - 1) * rnorm(n)
d$z <- d$x + 0.5 * d$y + rnorm(n)
target <- covary(cbind(y, z) ~ splines::bs(x, 9), sigma ~ splines::bs(x, 9),
  rho ~ splines::bs(x, 9),
  data = d, algorithm = "none"
)
time_of <- function(label, ...) {
  step <- function(k) {
    sum(system.time(suppressWarnings(advi(target,
      batch_size = 500, iterations = k, draws = 100,
      ...
    )))[c("user.self", "sys.self")])
  }
  short <- min(replicate(3, step(200)))
  long <- min(replicate(3, step(1500)))
  data.frame(run = label, microseconds = signif((long - short) / 1300 * 1e6, 3))
}
endless <- advi_control(tolerance = 1e-9) # fits that converge would stop short
parity <- advi_control(parity = "pymc")
out <- rbind(
  time_of("mean-field, default", "meanfield", control = endless),
  time_of("full-rank, default", "fullrank", control = endless),
  time_of("mean-field, parity", "meanfield", control = parity),
  time_of("full-rank, parity", "fullrank", control = parity)
)
print(out)
