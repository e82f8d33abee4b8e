# Complete fits side by side on one machine (B9): CPU time and error against the truth, the same
# simulated rows.
#   Rscript bench/large-peers.R [largest N, default 1e5] [smallest N, default 1e3] [peers] >
#   bench/results/large-peers.txt
# Peers are used if installed: mgcv (comes with R), VGAM, bamlss, GJRM. mgcv fits one response
# (means and log sds: gaulss; means only: bam); VGAM, bamlss, GJRM and ours fit two and their
# correlation. A peer that takes longer than COVARY_BENCH_LIMIT seconds (600) is stopped and not
# tried with more rows.
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
source(file.path(here, "common-large.R"))
arguments <- commandArgs(TRUE)
range_of_n <- c(
  if (length(arguments) > 0) as.numeric(arguments[1]) else 1e5,
  if (length(arguments) > 1) as.numeric(arguments[2]) else 1e3
)
cat(
  machine(),
  paste0(
    "\nCPU seconds of a whole fit; rms error of curves on a grid against the truth; x: ",
    "seconds over ours\n\n"
  )
)

source(file.path(here, "peers.R"))
if (length(arguments) > 2) peers <- peers[intersect(arguments[-(1:2)], names(peers))]

line <- function(n, who, seconds, base, errors = NULL, target = NULL) {
  errors <- errors[!is.na(errors)]
  shown <- paste0(names(errors), " ", formatC(errors, digits = 2, format = "g"),
    recycle0 = TRUE,
    collapse = "  "
  )
  cat(sprintf(
    "N = %-7g %-32s %9s s %9s   %s%s\n", n, who, if (is.na(seconds)) {
      paste(">", limit)
    } else {
      formatC(seconds, digits = 3, format = "f")
    },
    if (is.na(seconds)) sprintf("> %.0fx", limit / base) else sprintf("%.1fx", seconds / base),
    shown,
    if (is.null(target) || n != 1e5) "" else sprintf("  (target %gx)", target)
  ))
  flush(stdout())
}
quietly <- function(expr) suppressWarnings(suppressMessages(expr))
invisible(quietly(covary(five16, data = simulate_rows(1e4)))) # loads what R loads at the first call

for (n in 10^(log10(range_of_n[2]):log10(range_of_n[1]))) {
  set.seed(9)
  d <- simulate_rows(n)
  gc()
  base <- min(vapply(1:3, function(i) cpu(fit <<- quietly(covary(five16, data = d))), 0))
  line(n, "covary (two responses, rho)", base, base, covary_errors(fit))
  record_point("covary", n, base, covary_errors(fit), "whole call, rows in memory")
  third <- min(vapply(
    1:3,
    function(i) cpu(smoother <<- quietly(covary(lapply(five_left, smooth, ", m = 3"), data = d))),
    0
  ))
  line(n, "covary, s(x, k = 16, m = 3)", third, base, covary_errors(smoother))
  mean_only <- min(vapply(
    1:3,
    function(i) cpu(one <<- quietly(covary(y1 ~ s(x, k = 16), data = d))), 0
  ))
  line(
    n, "covary, one mean only", mean_only, base,
    c(mu1 = rms(predict(one, grid, dpar = "mu")$estimate, truth$mu1))
  )
  if (n >= 1e5) {
    cells <- quietly(compress(d, two, by = ~x))
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
    record_point(who, n, out$seconds, out$errors, if (is.na(out$seconds)) {
      paste("stopped after", limit, "s")
    } else {
      "whole call"
    })
    if (who == "mgcv bam" && n >= 1e5) {
      cat(sprintf(
        paste0(
          "            bam over covary: whole five-smooth call %.2f, whole one-mean call ",
          "%.2f, five-smooth refit %.2f, one-mean refit %.2f%s\n"
        ),
        out$seconds / base, out$seconds / mean_only, out$seconds / refit, out$seconds / refit_one,
        if (n == 1e6) " (targets 2 for a whole call, 10 for a refit)" else ""
      ))
    }
    # gaulss ends with a Gaussian around the mode of one response's mean and log sd: the nearest of
    # ours is "laplace".
    if (who == "mgcv gaulss" && n >= 1e5) {
      alike <- list(y1 ~ s(x, k = 16), sigma ~ s(x, k = 16))
      ours <- c(
        whole = best(5, bquote(quietly(covary(.(alike), data = d)))),
        whole_laplace = best(
          5,
          bquote(quietly(covary(.(alike), data = d, algorithm = "laplace", draws = 1000)))
        ),
        refit_laplace = best(
          5,
          bquote(quietly(covary(.(alike), data = cells, algorithm = "laplace", draws = 1000)))
        )
      )
      cat(sprintf(
        paste0(
          "            gaulss over covary, the same model of one response: whole call %.0f, ",
          "whole call by \"laplace\" with 1000 draws %.0f, refit from cells %.0f\n"
        ),
        out$seconds / ours[["whole"]], out$seconds / ours[["whole_laplace"]],
        out$seconds / ours[["refit_laplace"]]
      ))
    }
  }
}
