# Rows streamed in chunks, up to a billion (B7, B5): CPU time of the pass with everything R does, of
# the fit, peak memory, the error of the curves, and how far a compression 8 times finer of the same
# stream moves the mode.
#   Rscript bench/billion.R [largest N, default 1e9] > bench/results/billion.txt
# All rows are simulated anew, about three minutes; that and the finer compression are not counted.
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "common-large.R"
))
cat(machine(), "\nchunks of 1e6 simulated rows, one core; CPU seconds without making the rows\n\n")
largest <- as.numeric(c(commandArgs(TRUE), 1e9)[1])
formulas <- list(
  cbind(y1, y2) ~ s(x, bs = "ps", k = 24), sigma ~ s(x, bs = "ps", k = 24),
  rho ~ s(x, bs = "ps", k = 24)
)

# Two compressions of one stream: list(cells, finer, seconds)
stream <- function(n) {
  finer <- NULL
  elsewhere <- 0
  left <- n / 1e6
  reader <- function(reset) {
    if (reset || left == 0) {
      return(NULL)
    }
    left <<- left - 1
    elsewhere <<- elsewhere + cpu({
      chunk <- simulate_rows(1e6)
      one <- compress(chunk, c("y1", "y2"), by = ~x, resolution = 8000)
      finer <<- if (is.null(finer)) one else merge(finer, one)
    })
    chunk
  }
  total <- cpu(cells <- compress(reader, c("y1", "y2"), by = ~x))
  list(cells = cells, finer = finer, seconds = total - elsewhere)
}

set.seed(1)
for (n in 10^(7:log10(largest))) {
  invisible(gc(reset = TRUE))
  out <- stream(n)
  memory <- sum(gc()[, 6])
  fit_time <- min(vapply(
    1:5,
    function(i) cpu(fit <<- suppressMessages(covary(formulas, data = out$cells))), 0
  ))
  errors <- covary_errors(fit)
  cat(sprintf(
    paste0(
      "B7 N = %g: pass %.2f s (%.1f ns/row), fit %.3f s, peak memory of R %.0f MB; rms ",
      "errors %s; certificate (bound from the moments) %.1e\n"
    ), n,
    out$seconds, out$seconds / n * 1e9, fit_time, memory,
    paste(names(errors), signif(errors, 2), collapse = ", "), diagnostics(fit)$certificate
  ))
  shift <- shift_between(out$cells, out$finer, formulas)
  cat(sprintf(
    paste0(
      "B5 N = %g: the mode moves by %.1e posterior sds (target 1e-4 at 1e9) when %d nodes ",
      "are replaced by %d cells 8 times finer\n"
    ), n,
    shift[["shift"]], shift[["nodes"]], shift[["finer"]]
  ))
  flush(stdout())
  record_point("covary", n, out$seconds + fit_time, errors, "streamed; making the rows not counted")
}
cat(sprintf(
  "targets at 1e9: 8 s of CPU, 500 MB; peak memory of the process %s\n",
  sub("VmHWM:\\s*", "", grep("VmHWM", readLines("/proc/self/status"), value = TRUE))
))
print(out$cells)
