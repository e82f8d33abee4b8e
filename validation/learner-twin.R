# Step-for-step comparison of learn_categories() with plain R: gradients by complex step of the
# loss as it is written, descent in a loop.
#
#   Rscript validation/learner-twin.R > validation/learner-twin.txt
#
# The same 400 stimuli of the original study in the same order, five epochs: after each of the
# 2,000 trials every parameter must agree within 1e-6. Runs from the package root, with covary
# installed.

library(covary)
source("tests/testthat/helper-learner.R")

cases <- list(c("log_cholesky", 1e-3), c("cholesky", 1e-4), c("covariance", 1e-5))
cat(R.version.string, "\n\n")
for (case in cases) {
  set.seed(4)
  learner <- learn_categories(category ~ x1 + x2, original_stimuli(),
    learning_rates(.002, as.numeric(case[2]), .1),
    momentum = .3, epochs = 5, start = original_start, scale = case[1]
  )
  model <- list(d = 2, g = 2, scale = case[1], activation = "density", bias = FALSE)
  twin <- learner_twin_run(
    learner$start, learner$x, as.integer(learner$category),
    learner$trials$row, model,
    rep(learner$plan$rates, c(4, 6, 4)), .3
  )
  difference <- apply(abs(as.matrix(trajectory(learner)[-1, -(1:6)]) - twin), 1, max)
  cat(sprintf(
    "%-13s scale rate %-6s trials %d  largest difference %.2e (trial %d)  %s\n", case[1],
    case[2],
    nrow(twin), max(difference), which.max(difference), if (all(difference <= 1e-6)) {
      "within 1e-6"
    } else {
      "NOT within 1e-6"
    }
  ))
}
