# Value, gradient and Hessian of three, five and ten responses by partial correlations against
# complex steps of the naive twins, at 10,000 random points each: |partial correlation| up to
# 1 - 1e-8, residuals of the model or not. Largest errors over the largest entry of the truth; bound
#   1e-9. Rscript validation/gradients-many-responses.R > validation/gradients-many-responses.txt
#   COVARY_POINTS=1000 for fewer
library(covary)
C_likelihood <- covary:::C_likelihood
helpers <- file.path(dirname(sub(
  "--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)
)), "..", "tests", "testthat", c("helper-bounds.R", "helper-oracle.R", "helper-partial.R"))
for (file in helpers) source(file)

points <- as.integer(Sys.getenv("COVARY_POINTS", "10000"))
batch <- 500
cat("responses  residuals     points     value  gradient   hessian\n")
for (k in c(3L, 5L, 10L)) {
  for (fit in c(TRUE, FALSE)) {
    set.seed(1000 * k + fit)
    worst <- c(value = 0, gradient = 0, hessian = 0)
    for (i in seq_len(points / batch)) {
      errors <- likelihood_errors(random_points(k, batch, fit))
      worst <- pmax(worst, apply(errors, 2, max))
    }
    cat(sprintf(
      "%9d  %-9s %10d  %8.1e  %8.1e  %8.1e\n", k, if (fit) "model" else "misfit", points,
      worst[1], worst[2], worst[3]
    ))
  }
}
