# Analytic gradients of the category learner against complex step on the plain-R twin:
# 10,000 random states, D = 1..5, G = 2..4, all parameterisations, both activations.
#
#   Rscript validation/learner-gradients.R > validation/learner-gradients.txt
#
# Runs from the package root, with covary installed. The error of a state is the largest
# error of its gradient as a share of the gradient's largest entry. States with a loss below 1e-250
# (about 3 in 100, nearly all of them exactly 0) are drawn again: there the complex step of 1e-30
# underflows in the twin.

library(covary)
source("tests/testthat/helper-learner.R")

set.seed(20)
errors <- learner_gradient_errors(10000)
cat("states ", nrow(errors), ", largest scaled error ", format(max(errors$error), digits = 3),
  ", limit 1e-9\n",
  sep = ""
)
cat("largest error of the loss, as a share of max(1, loss): ",
  format(max(errors$loss_error), digits = 3), "\n\n",
  sep = ""
)
cat("Largest scaled error by dimensions and categories\n")
print(tapply(errors$error, errors[c("d", "g")], max), digits = 3)
cat("\nLargest scaled error by parameterisation and activation\n")
print(tapply(errors$error, errors[c("scale", "activation")], max), digits = 3)
cat("\nStates\n")
print(table(errors$scale, errors$activation))
