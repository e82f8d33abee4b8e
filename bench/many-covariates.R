# Three continuous covariates, each a smooth (k = 20) in all five predictors: time, memory and
# density of fresh rows.
#   Rscript bench/many-covariates.R [N ...] > bench/results/many-covariates.txt      (default 1e3
#   1e4 1e5 1e6) Rscript bench/many-covariates.R sets N M      the densities alone, over M data sets
#   of N rows, against bamlss; ours also with m = 3
# Every fit has its own process, which is stopped after COVARY_BENCH_LIMIT seconds of CPU time (600)
# or at 12 GB. Peers are used if installed: VGAM, bamlss.
# CPU seconds of the whole call; namespaces are loaded before. "density" is the mean log density of
# 10,000 rows that were not in the data: of the mean parameters, and (draws) of the posterior mean
# density; "less than covary" is the mean difference of the first on the same rows and its standard
# error.

me <- sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))
here <- dirname(me)
arguments <- commandArgs(TRUE)
limits <- sprintf("ulimit -t %s; ulimit -v 12000000;", Sys.getenv("COVARY_BENCH_LIMIT", "600"))

simulate_rows <- function(n) {
  d <- data.frame(x1 = runif(n), x2 = runif(n), x3 = runif(n))
  p <- truth(d)
  z1 <- rnorm(n)
  z2 <- rnorm(n)
  d$y1 <- p$mu1 + exp(p$s1) * z1
  d$y2 <- p$mu2 + exp(p$s2) * (tanh(p$r / 2) * z1 + sqrt(1 - tanh(p$r / 2)^2) * z2)
  d
}

truth <- function(d) {
  with(d, list(
    mu1 = sin(6 * x1) + cos(5 * x2) + 2 * x3^2, mu2 = cos(7 * x1) + exp(-3 * x2) +
      sin(8 * x3),
    s1 = 0.4 * cos(4 * x1) - 1 + 0.3 * x2 + 0.2 * sin(6 * x3), s2 = 0.3 * sin(6 * x1) +
      0.3 * cos(5 * x2) - 0.2 * x3,
    r = sin(5 * x1) + x2 - cos(4 * x3)
  ))
}

# Log density from predictors on the link scale: vectors, or matrices draws x rows (y along
# columns).
log_density <- function(y1, y2, p) {
  rho <- tanh(p$r / 2)
  z1 <- (y1 - p$mu1) * exp(-p$s1)
  z2 <- (y2 - p$mu2) * exp(-p$s2)
  -log(2 * pi) - p$s1 - p$s2 - 0.5 * log1p(-rho^2) - 0.5 * (z1^2 - 2 * rho * z1 * z2 + z2^2) /
    (1 - rho^2)
}

# Mean over rows of log(mean over draws of the density); at(rows): list of draws x rows matrices.
mixture_density <- function(new, at) {
  blocks <- split(seq_len(nrow(new)), ceiling(seq_len(nrow(new)) / 500))
  mean(unlist(lapply(blocks, function(rows) {
    p <- at(new[rows, ])
    each <- rep(1, nrow(p$r))
    log(colMeans(exp(log_density(outer(each, new$y1[rows]), outer(each, new$y2[rows]), p))))
  })))
}

cpu <- function(expr) {
  before <- proc.time()
  force(expr)
  sum((proc.time() - before)[c(1, 2, 4, 5)])
}

terms_of <- function(one) paste(sprintf(one, c("x1", "x2", "x3")), collapse = " + ")

run_covary <- function(d, new, smooth = "s(%s, k = 20)") {
  library(covary)
  formulas <- lapply(paste(c("cbind(y1, y2) ~", "sigma ~", "rho ~"), terms_of(smooth)), as.formula)
  suppressMessages(covary(y1 ~ s(x1), data = d[1:200, ])) # loads what is loaded on first use
  seconds <- cpu(fit <- suppressMessages(covary(formulas, data = d)))
  peak <- peak_memory()
  some <- round(seq(1, nrow(fit$draws), length.out = 1000))
  at <- function(rows) {
    one <- function(dpar, resp) {
      posterior_linpred(fit,
        newdata = rows, dpar = dpar, resp = resp,
        draw_ids = some
      )
    }
    list(
      mu1 = one("mu", "y1"), mu2 = one("mu", "y2"), s1 = one("sigma", "y1"),
      s2 = one("sigma", "y2"), r = one("rho", "y1:y2")
    )
  }
  list(
    seconds = seconds, density = log_density(new$y1, new$y2, lapply(at(new), colMeans)),
    mixture = mixture_density(new, at), peak = peak,
    evidence = diagnostics(fit)$log_evidence
  )
}

run_vgam <- function(d, new) {
  suppressMessages(library(VGAM))
  formula <- as.formula(paste("cbind(y1, y2) ~", terms_of("s(%s, df = 6)")))
  seconds <- cpu(fit <- suppressWarnings(vgam(formula, binormal(zero = NULL), data = d)))
  peak <- peak_memory()
  p <- stats::setNames(as.data.frame(predict(fit, new)), c("mu1", "mu2", "s1", "s2", "r"))
  list(seconds = seconds, density = log_density(new$y1, new$y2, p), mixture = NA, peak = peak)
}

run_bamlss <- function(d, new, sampler = FALSE) {
  suppressMessages(library(bamlss))
  formulas <- lapply(paste(
    c("y1", "y2", "sigma1", "sigma2", "rho"), "~",
    terms_of("s(%s, k = 20)")
  ), as.formula)
  seconds <- cpu(fit <-
    suppressWarnings(bamlss(formulas,
      family = "bivnorm", data = d, sampler = sampler,
      verbose = FALSE
    )))
  peak <- peak_memory()
  at <- function(rows, fun) {
    p <- lapply(predict(fit, rows, type = "link", FUN = fun), function(samples) {
      if (is.list(samples)) do.call(rbind, samples) else samples
    })
    # its rho = r / sqrt(1 + r^2) of the predictor
    list(mu1 = p$mu1, mu2 = p$mu2, s1 = p$sigma1, s2 = p$sigma2, r = 2 * asinh(p$rho))
  }
  mixture <- NA
  if (!isFALSE(sampler)) mixture <- mixture_density(new, function(rows) at(rows, identity))
  list(
    seconds = seconds, density = log_density(new$y1, new$y2, at(new, mean)), mixture = mixture,
    peak = peak
  )
}

peak_memory <- function() {
  line <- tryCatch(grep("VmHWM", readLines("/proc/self/status"), value = TRUE),
    error = function(e) {
      character()
    }
  )
  if (length(line)) as.numeric(gsub("[^0-9]", "", line)) / 2^20 else NA
}

runs <- list(
  "covary (nested)" = run_covary, "VGAM vgam s(df = 6)" = run_vgam,
  "bamlss (AICc mode)" = run_bamlss,
  "bamlss (MCMC)" = function(d, new) run_bamlss(d, new, sampler = sam_GMCMC)
)

# One data set says little of small differences: those of several, by their means.
if (length(arguments) && arguments[1] == "sets") {
  set.seed(7)
  new <- simulate_rows(10000)
  gaps <- vapply(seq_len(as.numeric(arguments[3])), function(seed) {
    set.seed(seed)
    d <- simulate_rows(as.numeric(arguments[2]))
    ours <- run_covary(d, new)
    third <- run_covary(d, new, "s(%s, k = 20, m = 3)")
    theirs <- run_bamlss(d, new)
    c(
      ours = mean(ours$density), gap = mean(ours$density - theirs$density),
      third = mean(third$density - theirs$density),
      evidence = third$evidence - ours$evidence, ratio = theirs$seconds / ours$seconds,
      ratio_third = theirs$seconds / third$seconds
    )
  }, numeric(6))
  show <- function(x) {
    sprintf(
      "%.5f (standard error over data sets %.5f)", mean(x),
      stats::sd(x) / sqrt(length(x))
    )
  }
  cat(sprintf(
    paste0(
      "N = %s, %s data sets: density of covary %.4f; bamlss (AICc mode) less by %s, its time ",
      "%.1f times ours\n"
    ), arguments[2], arguments[3],
    mean(gaps["ours", ]), show(gaps["gap", ]), mean(gaps["ratio", ])
  ))
  cat(sprintf(
    paste0(
      "  covary with m = 3 (log evidence larger by %s): bamlss less by %s, its time %.1f ",
      "times ours\n"
    ),
    paste(round(gaps["evidence", ]), collapse = ", "), show(gaps["third", ]),
    mean(gaps["ratio_third", ])
  ))
  quit("no")
}

# One fit in this process.
if (length(arguments) && arguments[1] == "one") {
  n <- as.numeric(arguments[3])
  set.seed(100 + log10(n))
  d <- simulate_rows(n)
  set.seed(7)
  new <- simulate_rows(10000)
  set.seed(1)
  if (grepl("bamlss", arguments[2])) suppressMessages(library(bamlss))
  saveRDS(runs[[arguments[2]]](d, new), arguments[4])
  quit("no")
}

sizes <- if (length(arguments)) as.numeric(arguments) else 10^(3:6)
model <- tryCatch(sub(".*: ", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1]),
  error = function(e) Sys.info()[["machine"]]
)
cat(sprintf(
  "%s | %s | %s | BLAS %s\n", format(Sys.Date()), model, R.version.string,
  basename(extSoftVersion()[["BLAS"]])
))
set.seed(7)
new <- simulate_rows(10000)
cat(sprintf(
  "density of the true functions %.4f\n\n",
  mean(log_density(new$y1, new$y2, truth(new)))
))
for (n in sizes) {
  base <- NULL
  for (who in names(runs)) {
    peer <- sub(" .*", "", who)
    if (!requireNamespace(peer, quietly = TRUE) || (who == "bamlss (MCMC)" && n > 1e3)) next
    file <- tempfile()
    command <- paste(
      limits, "exec", shQuote(file.path(R.home("bin"), "Rscript")), shQuote(me),
      "one", shQuote(who), n, file, "2>&1"
    )
    out <- suppressWarnings(system2("sh", c("-c", shQuote(command)), stdout = TRUE))
    cat(sprintf("N = %-7g %-20s", n, who))
    if (file.exists(file)) {
      r <- readRDS(file)
      if (is.null(base)) base <- r
      less <- base$density - r$density
      cat(sprintf(
        "%9.2f s %8.2fx   density %.4f%s   peak %.2f GB%s\n", r$seconds,
        r$seconds / base$seconds, mean(r$density),
        if (is.na(r$mixture)) "" else sprintf(" (draws %.4f)", r$mixture), r$peak,
        if (identical(r, base)) {
          ""
        } else {
          sprintf(
            "   less than covary by %.4f (se %.4f)", mean(less),
            sd(less) / sqrt(length(less))
          )
        }
      ))
    } else {
      cat(if (isTRUE(attr(out, "status") > 128)) {
        "stopped after ten minutes\n"
      } else {
        paste("failed:", paste(tail(out, 2), collapse = " "), "\n")
      })
    }
    flush(stdout())
  }
}
