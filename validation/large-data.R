# The run of 1e8 rows that vignette("large-data") quotes: 200 chunks, simulated anew, compressed on
# one core. Writes the cells and how they were made.
#   Rscript validation/large-data.R [rows, default 1e8]
suppressMessages(library(covary))
total <- as.numeric(c(commandArgs(TRUE), 1e8)[1])
simulate_chunk <- function(n) {
  x <- runif(n)
  rho <- tanh(sin(5 * x))
  z <- rnorm(n)
  data.frame(
    x = x, sbp = 120 + 5 * sin(6 * x) + 10 * exp(0.3 * x) * z,
    dbp = 80 + 3 * cos(7 * x) + 6 * (rho * z + sqrt(1 - rho^2) * rnorm(n))
  )
}
size <- 5e5
left <- total
making <- 0
reader <- function(reset) {
  if (reset || left <= 0) {
    return(NULL)
  }
  left <<- left - size
  begin <- proc.time()
  chunk <- simulate_chunk(size)
  making <<- making + sum((proc.time() - begin)[1:2])
  chunk
}
set.seed(1)
invisible(gc(reset = TRUE))
seconds <- sum(system.time(cells <- compress(reader, c("sbp", "dbp"), by = ~x))[1:2])
memory <- sum(gc()[, 6])
made <- list(
  command = "Rscript validation/large-data.R", date = format(Sys.Date()),
  r = R.version.string,
  machine = sub(".*: ", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1]),
  compress = seconds - making, simulate = making, memory = memory
)
saveRDS(list(cells = cells, made = made), file.path("vignettes", "hundred-million.rds"))
utils::str(made)
print(cells)
