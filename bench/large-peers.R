# Side by side on one machine: time and error against the truth for the same simulated rows (B8, B9).
#   Rscript bench/large-peers.R [largest N, default 1e6] [smallest N] > bench/results/large-peers.txt
# Peers are used if installed: mgcv (comes with R), VGAM, bamlss; install.packages() them first.
# mgcv fits one response (means and log sds: gaulss; means only: bam); ours fits both and the correlation.
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))), "common-large.R"))
suppressMessages(library(mgcv))
largest <- as.numeric(c(commandArgs(TRUE), 1e6)[1])
cat(machine(), "\nCPU seconds of a whole fit; rms error of functions on a grid against the truth\n\n")
grid <- data.frame(x = seq(0.01, 0.99, length.out = 99))
rms <- function(estimate, f) sqrt(mean((estimate - f(grid$x))^2))
line <- function(n, who, seconds, ratio, errors) {
  cat(sprintf("N = %-7g %-34s %9.3f s %9.1fx   %s\n", n, who, seconds, ratio,
    paste0(names(errors), " ", formatC(errors, digits = 2, format = "g"), collapse = "  ")))
  flush(stdout())
}
ours <- function(n, d) {
  seconds <- cpu(fit <- suppressMessages(covary(list(cbind(y1, y2) ~ s(x, k = 16), sigma ~ s(x, k = 16), rho ~ s(x, k = 16)), data = d)))
  at <- function(dpar, resp) predict(fit, grid, dpar = dpar, resp = resp)$estimate
  r <- at("rho", "y1:y2")
  line(n, "covary (both responses, rho)", seconds, 1, c(mu1 = rms(at("mu", "y1"), truth$mu1),
    log_sigma1 = rms(log(at("sigma", "y1")), truth$s1), rho = rms(r, truth$rho)))
  seconds
}
set.seed(9)
smallest <- if (length(commandArgs(TRUE)) > 1) as.numeric(commandArgs(TRUE)[2]) else 1e3
for (n in 10^(log10(smallest):log10(largest))) {
  d <- simulate_rows(n)
  gc()
  base <- ours(n, d)
  if (n <= 1e5) {
    t <- cpu(g <- gam(list(y1 ~ s(x, k = 16), ~ s(x, k = 16)), family = gaulss(), data = d))
    p <- predict(g, grid, type = "response")
    line(n, "mgcv gaulss (one response)", t, t / base, c(mu1 = rms(p[, 1], truth$mu1), log_sigma1 = rms(-log(p[, 2]), truth$s1)))
  }
  if (n >= 1e4) {
    t <- cpu(b <- bam(y1 ~ s(x, k = 16), data = d, discrete = TRUE))
    line(n, "mgcv bam discrete (one mean)", t, t / base, c(mu1 = rms(as.vector(predict(b, grid)), truth$mu1)))
    cells <- suppressMessages(compress(d, c("y1", "y2"), by = ~ x))
    t2 <- best(3, quote(covary(list(cbind(y1, y2) ~ s(x, k = 16), sigma ~ s(x, k = 16), rho ~ s(x, k = 16)), data = cells)))
    line(n, "covary refit from cells", t2, t2 / base, c(bam_over_refit = t / t2))
  }
  if (n <= 1e5 && requireNamespace("VGAM", quietly = TRUE)) {
    suppressMessages(library(VGAM)) # vgam() looks for its own s()
    t <- cpu(v <- tryCatch(suppressWarnings(VGAM::vgam(cbind(y1, y2) ~ s(x, df = 6), binormal(zero = NULL), data = d)), error = function(e) e))
    if (inherits(v, "error")) cat("VGAM:", conditionMessage(v), "\n")
    else {
      p <- predict(v, grid)
      line(n, "VGAM binormal s(df = 6)", t, t / base, c(mu1 = rms(p[, 1], truth$mu1), log_sigma1 = rms(p[, 3], truth$s1), rho = rms(tanh(p[, 5] / 2), truth$rho)))
    }
    detach("package:VGAM")
  }
  if (n <= 1e5 && requireNamespace("bamlss", quietly = TRUE)) {
    suppressMessages(library(bamlss))
    t <- cpu(m <- tryCatch(bamlss(list(y1 ~ s(x, k = 16), y2 ~ s(x, k = 16), sigma1 ~ s(x, k = 16), sigma2 ~ s(x, k = 16), rho ~ s(x, k = 16)),
      family = "bivnorm", data = d, sampler = FALSE, verbose = FALSE), error = function(e) e))
    if (inherits(m, "error")) cat("bamlss:", conditionMessage(m), "\n")
    else {
      p <- predict(m, grid, type = "parameter")
      line(n, "bamlss bivnorm (AICc mode)", t, t / base, c(mu1 = rms(p$mu1, truth$mu1), log_sigma1 = rms(log(p$sigma1), truth$s1), rho = rms(p$rho, truth$rho)))
    }
  }
}
