# Speed of the category learner against a PyTorch loop over the same trials, one core each.
#
#   Rscript bench/learner.R [python3] > bench/results/learner.md
#
# Runs from the package root with covary installed; Python needs PyTorch (Debian: python3-torch).
# Ours is learn_categories() from formula to result; the rival's clock holds only its loop.
# Processor time is given beside elapsed time because other programs share the machine.

library(covary)
source("tests/testthat/helper-learner.R")
source("validation/learner-torch-call.R")

speed <- function(trials, expression) {
  time <- system.time(expression)
  trials / c(elapsed = time[["elapsed"]], processor = time[["user.self"]] + time[["sys.self"]])
}

fit <- function(stimuli, epochs, scale = "log_cholesky", thin = 1) {
  learn_categories(category ~ x1 + x2, stimuli, learning_rates(.002, 1e-4, .1),
    momentum = .3,
    epochs = epochs,
    start = original_start, scale = scale, thin = thin
  )
}

set.seed(5)
stimuli <- original_stimuli()
trials <- 2e6
ours <- replicate(5, speed(trials, fit(stimuli, trials / 400, thin = 1e5)))
middle <- apply(ours, 1, median)

set.seed(6)
same <- fit(stimuli, 50)
torch <- torch_run(same, last = TRUE)
difference <- max(abs(same$parameter - torch$path))

cat("# Category learner: speed\n\n")
cat(paste0(
  "D = 2, G = 2, one core, one trial per step, momentum .3, log-Cholesky, rates .002 / .0001 ",
  "/ .1.\n\n"
))
number <- function(x) format(signif(x, 3), big.mark = ",", scientific = FALSE)
cat(paste0(
  "| | trials | trials per second, elapsed | trials per second of processor time ",
  "|\n|---|---|---|---|\n"
))
cat(sprintf(
  "| `learn_categories()`, median of 5 | %s | %s | %s |\n", number(trials),
  number(middle[1]), number(middle[2])
))
cat(sprintf(
  "| PyTorch %s loop | %s | %s | %s |\n", torch_version(), number(nrow(same$trials)),
  number(torch$speed[1]),
  number(torch$speed[2])
))
cat(sprintf(
  "| ratio | | %s | %s |\n\n", number(middle[1] / torch$speed[1]),
  number(middle[2] / torch$speed[2])
))
cat(sprintf("Range of ours, elapsed: %s to %s. ", number(min(ours[1, ])), number(max(ours[1, ]))))
cat(sprintf(
  "Largest difference of any parameter after %s common trials: %.1e.\n\n",
  number(nrow(same$trials)), difference
))
machine <- trimws(sub(".*: ", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1]))
cat("Machine: ", machine, ", shared with other programs; ", R.version.string, "\n\n", sep = "")
cat("Command: `Rscript bench/learner.R > bench/results/learner.md`\n")
