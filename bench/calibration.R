# Are posterior sds right (B10)? Full-rank and mean-field sds of the five curves against
# importance-corrected draws (nested) and NUTS, on the same model and data.
#   Rscript bench/calibration.R > bench/results/calibration.txt
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "common-large.R"
))
cat(
  machine(),
  paste0(
    "\nRatio of sds of curves on a grid to those of the reference: geometric mean (smallest ",
    "to largest)\n\n"
  )
)
points <- data.frame(x = seq(0.02, 0.98, length.out = 49))
curves <- list(c("mu", "y1"), c("mu", "y2"), c("sigma", "y1"), c("sigma", "y2"), c("rho", "y1:y2"))
sds <- function(fit) {
  unlist(lapply(
    curves,
    function(k) {
      apply(
        posterior_linpred(fit, newdata = points, dpar = k[1], resp = k[2]), 2,
        stats::sd
      )
    }
  ))
}
means <- function(fit) {
  unlist(lapply(
    curves,
    function(k) colMeans(posterior_linpred(fit, newdata = points, dpar = k[1], resp = k[2]))
  ))
}
ratio <- function(a, b) {
  sprintf(
    "%.3f (%.3f to %.3f)", exp(mean(log(a / b))), min(a / b),
    max(a / b)
  )
}
draws <- 40000
# Smooths without and with smoothing sds to learn: "fixed" has splines with wide normal priors
# instead.
models <- list(
  fixed = list(
    cbind(y1, y2) ~ splines::bs(x, 9), sigma ~ splines::bs(x, 9),
    rho ~ splines::bs(x, 9)
  ),
  smooth = five
)
for (n in c(1e4, 1e5)) {
  for (name in names(models)) {
    set.seed(13)
    d <- simulate_rows(n)
    cells <- suppressMessages(compress(d, c("y1", "y2"), by = ~x))
    fits <- lapply(stats::setNames(nm = c("nested", "fullrank", "meanfield")), function(a) {
      set.seed(1)
      suppressMessages(suppressWarnings(covary(models[[name]],
        data = cells, algorithm = a,
        draws = draws
      )))
    })
    if (n == 1e4) {
      set.seed(1)
      seconds <- cpu(fits$nuts <-
        suppressMessages(suppressWarnings(covary(models[[name]],
          data = cells, algorithm = "nuts",
          draws = 24000
        ))))
      cat(sprintf(
        "NUTS took %.0f s of CPU, worst rhat %.3f, least effective draws %.0f\n", seconds,
        max(fits$nuts$info$rhat), min(fits$nuts$info$ess)
      ))
    }
    reference <- if (is.null(fits$nuts)) "nested" else "nuts"
    truth_sd <- sds(fits[[reference]])
    for (a in setdiff(names(fits), reference)) {
      cat(sprintf(
        "N = %-6g %-7s %-10s sd over %-6s %s, means off by %.3f sds (rms); khat %s%s\n", n,
        name, a, reference, ratio(sds(fits[[a]]), truth_sd),
        sqrt(mean(((means(fits[[a]]) - means(fits[[reference]])) / truth_sd)^2)),
        paste(format(fits[[a]]$info$khat, digits = 2), collapse = " "),
        if (a == "fullrank") " (target: within 2 %)" else ""
      ))
      flush(stdout())
    }
  }
}
