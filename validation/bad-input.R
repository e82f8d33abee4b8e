# Every bad input 300 times in one R process, in random order, with gc(): all outcomes typed, R
# alive.
#
#   Rscript validation/bad-input.R [times] > validation/bad-input.txt     (about 20 minutes)

library(covary)
here <- "tests/testthat" # from the project's root
source(file.path(here, "bad-input-cases.R"))
times <- as.integer(c(commandArgs(TRUE), "300")[1])
data <- bad_input_data()
cases <- bad_input_cases()
failed <- integer(length(cases))
outcomes <- vector("list", length(cases))
started <- proc.time()[["elapsed"]]
set.seed(2)
for (run in seq_len(times)) {
  for (i in sample(length(cases))) {
    found <- bad_input_outcome(cases[[i]], data)
    failed[i] <- failed[i] + !found$ok
    outcomes[[i]] <- union(outcomes[[i]], paste(c(found$outcome, found$warnings), collapse = " + "))
    if (i %% 10 == 0) gc()
  }
}
cat("Bad inputs: ", length(cases), " cases, ", times, " times each in one process, ",
  as.character(utils::packageVersion("covary")), ", ",
  R.version.string, "\n",
  sep = ""
)
cat("Runs: ", length(cases) * times, "; untyped or unexpected: ", sum(failed),
  "; R alive at the end: yes; ",
  round((proc.time()[["elapsed"]] - started) / 60), " minutes\n\n",
  sep = ""
)
for (i in seq_along(cases)) {
  cat(sprintf(
    "%-48s %s%s\n", cases[[i]]$name,
    gsub("covary_", "", paste(outcomes[[i]], collapse = " | ")),
    if (failed[i]) paste0("   FAILED ", failed[i], " times") else ""
  ))
}
if (sum(failed)) quit(status = 1)
