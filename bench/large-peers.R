# Complete fits side by side on one machine (B9): CPU time and error against the truth, the same simulated rows.
#   Rscript bench/large-peers.R [largest N, default 1e5] [smallest N, default 1e3] [peers] > bench/results/large-peers.txt
# Peers are used if installed: mgcv (comes with R), VGAM, bamlss, GJRM. mgcv fits one response (means and log sds:
# gaulss; means only: bam); VGAM, bamlss, GJRM and ours fit two and their correlation. A peer that takes longer than
# COVARY_BENCH_LIMIT seconds (600) is stopped and not tried with more rows.
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))), "common-large.R"))
arguments <- commandArgs(TRUE)
range_of_n <- c(if (length(arguments) > 0) as.numeric(arguments[1]) else 1e5, if (length(arguments) > 1) as.numeric(arguments[2]) else 1e3)
cat(machine(), "\nCPU seconds of a whole fit; rms error of curves on a grid against the truth; x: seconds over ours\n\n")

load_quietly <- function(package) suppressMessages(library(package, character.only = TRUE))
have <- function(package) nzchar(system.file(package = package))
two <- c("y1", "y2")
parameters <- c("sigma1", "sigma2", "rho")
smooth <- function(left) stats::as.formula(paste(left, "~ s(x, k = 16)"), globalenv())

# who -> list(package, from, to (rows), fit: function(d), errors: function(fit), target: times ours)
peers <- list(
  "mgcv gaulss" = list(package = "mgcv", from = 1e3, to = 1e5, target = 1000,
    fit = function(d) gam(list(y1 ~ s(x, k = 16), ~ s(x, k = 16)), family = gaulss(), data = d),
    errors = function(fit) {
      p <- predict(fit, grid, type = "response")
      c(mu1 = rms(p[, 1], truth$mu1), log_sigma1 = rms(-log(p[, 2]), truth$s1))
    }),
  "mgcv bam" = list(package = "mgcv", from = 1e4, to = 1e7,
    fit = function(d) bam(y1 ~ s(x, k = 16), data = d, discrete = TRUE),
    errors = function(fit) c(mu1 = rms(predict(fit, grid), truth$mu1))),
  "VGAM" = list(package = "VGAM", from = 1e3, to = 1e6, target = 100,
    fit = function(d) suppressWarnings(vgam(cbind(y1, y2) ~ s(x, df = 12), binormal(zero = NULL), data = d)),
    errors = function(fit) {
      p <- predict(fit, grid)
      c(mu1 = rms(p[, 1], truth$mu1), log_sigma1 = rms(p[, 3], truth$s1), rho = rms(tanh(p[, 5] / 2), truth$rho))
    }),
  "bamlss" = list(package = "bamlss", from = 1e3, to = 1e6, target = 100,
    fit = function(d) bamlss(lapply(c(two, parameters), smooth), family = "bivnorm", data = d, sampler = FALSE, verbose = FALSE),
    errors = function(fit) {
      p <- predict(fit, grid, type = "parameter")
      c(mu1 = rms(p$mu1, truth$mu1), log_sigma1 = rms(log(p$sigma1), truth$s1), rho = rms(p$rho, truth$rho))
    }),
  "GJRM" = list(package = "GJRM", from = 1e3, to = 1e6, target = 100,
    fit = function(d) gjrm(c(lapply(two, smooth), lapply(rep("", 3), smooth)), data = d, margins = c("N", "N"), copula = "N", model = "B"),
    errors = function(fit) {
      at <- function(equation) predict(fit, eq = equation, newdata = grid)
      c(mu1 = rms(at(1), truth$mu1), log_sigma1 = rms(at(3), truth$s1), rho = rms(tanh(at(5)), truth$rho))
    })
)
missing <- names(peers)[!vapply(peers, function(p) have(p$package), TRUE)]
if (length(missing)) cat("not installed:", missing, "\n\n")
peers <- peers[setdiff(if (length(arguments) > 2) arguments[-(1:2)] else names(peers), missing)]

line <- function(n, who, seconds, base, errors = NULL, target = NULL) {
  errors <- errors[!is.na(errors)]
  shown <- paste0(names(errors), " ", formatC(errors, digits = 2, format = "g"), recycle0 = TRUE, collapse = "  ")
  cat(sprintf("N = %-7g %-32s %9s s %9s   %s%s\n", n, who, if (is.na(seconds)) paste(">", limit) else formatC(seconds, digits = 3, format = "f"),
    if (is.na(seconds)) sprintf("> %.0fx", limit / base) else sprintf("%.1fx", seconds / base), shown,
    if (is.null(target) || n != 1e5) "" else sprintf("  (target %gx)", target)))
  flush(stdout())
}
quietly <- function(expr) suppressWarnings(suppressMessages(expr))
invisible(quietly(covary(five16, data = simulate_rows(1e4)))) # loads what R loads at the first call

run_peer <- function(p, d) limited(function() {
  load_quietly(p$package)
  seconds <- cpu(fit <- p$fit(d))
  list(seconds = seconds, errors = p$errors(fit))
})

for (n in 10^(log10(range_of_n[2]):log10(range_of_n[1]))) {
  set.seed(9)
  d <- simulate_rows(n)
  gc()
  base <- min(vapply(1:(if (n < 1e6) 3 else 1), function(i) cpu(fit <<- quietly(covary(five16, data = d))), 0))
  line(n, "covary (two responses, rho)", base, base, covary_errors(fit))
  record_point("covary", n, base, covary_errors(fit), "whole call, rows in memory")
  mean_only <- min(vapply(1:(if (n < 1e6) 3 else 1), function(i) cpu(one <<- quietly(covary(y1 ~ s(x, k = 16), data = d))), 0))
  line(n, "covary, one mean only", mean_only, base, c(mu1 = rms(predict(one, grid, dpar = "mu")$estimate, truth$mu1)))
  if (n >= 1e5) {
    cells <- quietly(compress(d, two, by = ~ x))
    refit <- best(3, quote(quietly(covary(five16, data = cells))))
    line(n, "covary refit from cells", refit, base)
    refit_one <- best(3, quote(quietly(covary(y1 ~ s(x, k = 16), data = cells))))
    line(n, "covary refit, one mean only", refit_one, base)
  }
  for (who in names(peers)) {
    p <- peers[[who]]
    if (n < p$from || n > p$to) next
    out <- run_peer(p, d)
    if (inherits(out, "error") || inherits(out, "try-error")) {
      cat(sprintf("N = %-7g %-32s failed: %s\n", n, who, trimws(as.character(out))))
      next
    }
    if (is.null(out)) {
      peers[[who]]$to <- 0
      out <- list(seconds = NA, errors = c(mu1 = NA_real_))
    }
    line(n, who, out$seconds, base, out$errors, p$target)
    record_point(who, n, out$seconds, out$errors, if (is.na(out$seconds)) paste("stopped after", limit, "s") else "whole call")
    if (who == "mgcv bam" && n >= 1e5) {
      cat(sprintf("            bam over covary: whole five-smooth call %.2f, whole one-mean call %.2f, five-smooth refit %.2f, one-mean refit %.2f%s\n",
        out$seconds / base, out$seconds / mean_only, out$seconds / refit, out$seconds / refit_one,
        if (n == 1e6) " (targets 2 for a whole call, 10 for a refit)" else ""))
    }
  }
}
