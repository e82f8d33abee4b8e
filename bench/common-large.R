# What the benchmarks of large data share: the simulated rows, CPU time, time limits, machine and
# date, and the table of points (bench/results/time-error.csv) from which bench/chart.R draws.
suppressMessages(library(covary))
internal <- asNamespace("covary")

simulate_rows <- function(n) {
  x <- runif(n)
  r <- tanh(sin(5 * x))
  z1 <- rnorm(n)
  z2 <- rnorm(n)
  data.frame(
    x = x, y1 = sin(6 * x) + exp(0.5 * cos(4 * x) - 1) * z1,
    y2 = cos(7 * x) + exp(0.3 * sin(8 * x)) * (r * z1 + sqrt(1 - r^2) * z2)
  )
}
truth <- list(
  mu1 = function(x) sin(6 * x), mu2 = function(x) cos(7 * x),
  s1 = function(x) 0.5 * cos(4 * x) - 1, s2 = function(x) 0.3 * sin(8 * x),
  rho = function(x) tanh(sin(5 * x))
)

cpu <- function(expr) {
  before <- proc.time()
  force(expr)
  sum((proc.time() - before)[c(1, 2, 4, 5)])
}
best <- function(times, expr) {
  min(vapply(seq_len(times), function(i) cpu(eval(expr, globalenv())), 0))
}

machine <- function() {
  model <- tryCatch(sub(
    ".*: ", "",
    grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1]
  ), error = function(e) {
    Sys.info()[["machine"]]
  })
  load <- tryCatch(strsplit(readLines("/proc/loadavg"), " ")[[1]][1], error = function(e) "unknown")
  sprintf(
    "%s | %s, %d cores | load average at the start %s | %s | BLAS %s",
    format(Sys.time(), "%Y-%m-%d %H:%M"), model,
    parallel::detectCores(), load, R.version.string, basename(extSoftVersion()[["BLAS"]])
  )
}
five <- list(cbind(y1, y2) ~ s(x), sigma ~ s(x), rho ~ s(x))
five16 <- list(cbind(y1, y2) ~ s(x, k = 16), sigma ~ s(x, k = 16), rho ~ s(x, k = 16))

# Root mean square errors of curves against the truth, on a grid.
grid <- data.frame(x = seq(0.01, 0.99, length.out = 99))
rms <- function(estimate, f) sqrt(mean((as.vector(estimate) - f(grid$x))^2))
covary_errors <- function(fit) {
  at <- function(dpar, resp) predict(fit, grid, dpar = dpar, resp = resp)$estimate
  c(
    mu1 = rms(at("mu", "y1"), truth$mu1), log_sigma1 = rms(log(at("sigma", "y1")), truth$s1),
    rho = rms(at("rho", "y1:y2"), truth$rho)
  )
}

# Shift of the mode in posterior sds when the cells are replaced by others, one basis for both,
# smoothing sds exp(log_sd).
shift_between <- function(cells, finer, formulas, log_sd = -1) {
  parsed <- internal$parse_formulas(lapply(formulas, stats::as.formula, env = globalenv()),
    data_names = "x"
  )
  prepared <- internal$prepare_compressed(parsed, cells)
  priors <- internal$resolve_priors(prepared$design, prepared$scales, NULL)
  coarse <- internal$choose_nodes(prepared$suffstats, prepared, priors)$target
  prepared$suffstats <- finer
  fine <- internal$target_at(prepared, internal$quadrature_nodes(finer), priors)$target
  mode <- internal$newton_mode(coarse, internal$penalty(coarse, rep(log_sd, coarse$n_sds)),
    tolerance = 1e-12
  )
  c(
    shift = internal$mode_shift(fine, coarse, mode), nodes = coarse$core$size$cells,
    finer = fine$core$size$cells / 4
  )
}

# job() in a process of its own, killed after `limit` seconds; NULL then. An error comes back as its
# condition.
limit <- as.numeric(Sys.getenv("COVARY_BENCH_LIMIT", "600"))
limited <- function(job) {
  child <- parallel::mcparallel(tryCatch(job(), error = function(e) e), silent = TRUE)
  out <- parallel::mccollect(child, wait = FALSE, timeout = limit)
  if (is.null(out)) tools::pskill(child$pid, tools::SIGKILL)
  suppressWarnings(parallel::mccollect(child))
  out[[1]]
}

# A point of the chart. A peer that was stopped has no seconds and never replaces a measured one.
record_point <- function(who, n, seconds, errors, note = "") {
  file <- file.path(Sys.getenv("COVARY_BENCH_RESULTS", "bench/results"), "time-error.csv")
  new <- data.frame(
    who = who, n = n, seconds = signif(seconds, 4),
    error = signif(errors[["mu1"]], 4), error_rho = signif(unname(errors["rho"]), 4),
    note = paste(note, format(Sys.Date()))
  )
  if (file.exists(file)) {
    old <- utils::read.csv(file)
    same <- old$who == who & old$n == n
    if (is.na(seconds) && any(same & !is.na(old$seconds))) {
      return(invisible())
    }
    new <- rbind(old[!same, ], new)
  }
  new <- new[order(new$who != "covary", new$who, new$n), ]
  utils::write.csv(new, file, row.names = FALSE)
}
