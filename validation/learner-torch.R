# Step-for-step comparison of learn_categories() with PyTorch.
#
#   Rscript validation/learner-torch.R [python3]  > validation/learner-torch.txt
#
# The same 400 stimuli of the original study in the same order, five epochs: after each of the
# 2,000 trials every parameter must agree within 1e-6. Python needs PyTorch (Debian:
# python3-torch). Runs from the package root, with covary installed.

library(covary)
source("tests/testthat/helper-learner.R")
source("validation/learner-torch-call.R")

cases <- list(
  list(scale = "log_cholesky", rates = learning_rates(.002, 1e-4, .1)),
  list(scale = "log_cholesky", rates = learning_rates(.002, 1e-3, .1)),
  list(scale = "log_cholesky", rates = learning_rates(.002, 1e-2, .1)),
  list(scale = "cholesky", rates = learning_rates(.002, 1e-4, .1)),
  list(scale = "covariance", rates = learning_rates(.002, 1e-5, .1))
)

cat("PyTorch", torch_version(), "\n")
cat(R.version.string, "\n\n")
for (case in cases) {
  set.seed(4)
  stimuli <- original_stimuli()
  learner <- learn_categories(category ~ x1 + x2, stimuli, case$rates,
    momentum = .3, epochs = 5,
    start = original_start, scale = case$scale
  )
  torch <- torch_run(learner)
  ours <- as.matrix(trajectory(learner)[-1, -(1:6)])
  difference <- apply(abs(ours - torch$path), 1, max)
  cat(sprintf(
    "%-13s scale rate %-6g trials %d  largest difference %.2e (trial %d)  %s\n",
    case$scale,
    case$rates[["scale"]], nrow(ours), max(difference), which.max(difference),
    if (all(difference <= 1e-6)) "within 1e-6" else "NOT within 1e-6"
  ))
}
