# Where the time of covary() goes: CPU milliseconds of a call by stage, least of several calls, and
# the share of compiled code. Five smooths, two responses.
#
#   Rscript bench/overhead.R                    rows 1e3 .. 1e6 and cells; with the argument large
#   1e7 too
source(file.path(
  dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])),
  "common-large.R"
))
fit_once <- function(data) suppressMessages(covary(five16, data = data))

stages <- c(
  parse_formulas = "formulas", read_frame = "frame", try_compression = "pass over rows",
  new_design = "design", resolve_priors = "priors",
  new_cells = "exact cells", prepare_fit = "nodes, target", choose_nodes = "nodes, target",
  fit_inner = "mode and ELBO", sample_sds = "sds of smooths",
  matched_noise = "noise", surrogate_draws = "draws of coefficients", weigh_nested = "weights",
  loglik_and_priors_draws = "weights", estimate_compression_error = "certificate",
  new_fit = "fit object", covary = "rest"
)

# Time of a stage without that of the stages it calls.
spent <- numeric()
inside <- numeric()
timed <- function(f, stage) {
  force(f)
  force(stage)
  function(...) {
    start <- sum(proc.time()[1:2])
    inside <<- c(inside, 0)
    on.exit({
      took <- sum(proc.time()[1:2]) - start
      spent[stage] <<- sum(spent[stage], took - inside[length(inside)], na.rm = TRUE)
      inside <<- inside[-length(inside)]
      if (length(inside)) inside[length(inside)] <<- inside[length(inside)] + took
    })
    f(...)
  }
}

stage_times <- function(data, times) {
  plain <- mget(intersect(setdiff(names(stages), "covary"), names(internal)), internal)
  for (name in names(plain)) {
    unlockBinding(name, internal)
    assign(name, timed(plain[[name]], stages[[name]]), internal)
  }
  on.exit(for (name in names(plain)) assign(name, plain[[name]], internal))
  runs <- lapply(seq_len(times), function(i) {
    spent <<- setNames(numeric(length(unique(stages))), unique(stages))
    timed(fit_once, "rest")(data)
    spent
  })
  do.call(pmin, runs)
}

# Functions that call C spend nearly all of their own time there, as do the matrix functions of R.
compiled_share <- function(data, times) {
  calls_c <- Filter(function(name) {
    is.function(f <- internal[[name]]) &&
      ".Call" %in% all.names(body(f))
  }, names(internal))
  file <- tempfile()
  Rprof(file, interval = 0.004)
  for (i in seq_len(times)) fit_once(data)
  Rprof(NULL)
  own <- summaryRprof(file)$by.self
  c_time <- gsub("\"", "", rownames(own)) %in% c(
    calls_c, ".C", ".Call", ".External", "%*%",
    "crossprod", "eigen",
    "chol.default", "stats::rnorm", "sum"
  )
  sum(own$self.time[c_time]) / sum(own$self.time)
}

cat(machine(), "| milliseconds\n")
sizes <- c(1e3, 1e4, 1e5, 1e6, if ("large" %in% commandArgs(TRUE)) 1e7)
table <- list()
for (n in c(sizes, 0)) {
  set.seed(1)
  data <- if (n > 0) simulate_rows(n) else compress(simulate_rows(1e6), c("y1", "y2"), "x")
  times <- if (n > 1e6) 2 else 5
  fit_once(data)
  whole <- min(vapply(seq_len(times), function(i) cpu(fit_once(data)), 0))
  table[[if (n > 0) format(n, big.mark = ",", scientific = FALSE) else "cells"]] <-
    c(round(1000 * c(stage_times(data, times), total = whole)),
      "% compiled" = round(100 * compiled_share(data, times))
    )
}
print(do.call(cbind, table))
