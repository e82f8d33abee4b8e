# A billion rows streamed in chunks (B7): CPU time of the pass with everything R does, of the fit, peak memory.
#   Rscript bench/billion.R > bench/results/billion.txt
source(file.path(dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))), "common-large.R"))
cat(machine(), "\n")
set.seed(1)
chunks <- lapply(1:4, function(i) simulate_rows(1e6))
i <- 0
reader <- function(reset) {
  i <<- if (reset) 0 else i + 1
  if (!reset && i <= 1000) chunks[[(i - 1) %% 4 + 1]]
}
invisible(gc(reset = TRUE))
t <- cpu(cells <- compress(reader, c("y1", "y2"), by = ~ x))
cat("1000 chunks of 1e6 rows, 4 different ones in turn; making them is not counted\n")
print(cells)
fit_time <- min(vapply(1:5, function(i) cpu(fit <<- covary(five, data = cells)), 0))
cat(sprintf("pass %.1f s CPU (target 10), fit %.3f s CPU (target 0.05)\n", t, fit_time))
cat(sprintf("peak memory of R %.0f MB (target 500), of the process %s\n", sum(gc()[, 6]), sub("VmHWM:\\s*", "", grep("VmHWM", readLines("/proc/self/status"), value = TRUE))))
cat(sprintf("certificate (bound from the moments) %.1e posterior sds, %d nodes\n", diagnostics(fit)$certificate, diagnostics(fit)$compression$nodes))
