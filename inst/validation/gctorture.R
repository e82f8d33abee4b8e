# Every registered door under gctorture2(step = 10), through the fits and calls that reach it.
#
#   Rscript inst/validation/gctorture.R

library(covary)
ns <- asNamespace("covary")

set.seed(1)
n <- 25
d <- data.frame(x = round(runif(n), 1), g = factor(rep(letters[1:5], length.out = n)))
d$y1 <- d$x + rnorm(n)
d$y2 <- d$y1 + rnorm(n)

# A small model list, as new_target() makes it, reached without the R code around it.
grab <- function(...) {
  parsed <- ns$parse_formulas(..., data_names = names(d))
  frame <- ns$new_frame(parsed, d, NULL, NULL, na.omit)
  cells <- ns$new_cells(frame)
  scales <- ns$response_scales(cells, frame)
  design <- ns$new_design(parsed, frame, cells, d)
  ns$new_target(design, cells, ns$resolve_priors(design, scales, NULL), scales)
}
target <- grab(cbind(y1, y2) ~ s(x, k = 4), sigma ~ x, rho ~ 1)
model <- target$model
beta <- rnorm(target$dim, 0, 0.1)
theta <- c(beta, rep(0, target$n_sds))
cov <- diag(0.01, target$dim)
k <- sum(model$group > 0)
group <- model$group[model$group > 0]
t0 <- matrix(0, target$n_sds, 3)
cell <- model$cells
eta <- matrix(0.1, 5, ncol(cell))

doors <- list(
  kernel = function() .Call(ns$C_kernel, 2L, cell, eta),
  kernel_expect = function() .Call(ns$C_kernel_expect, 2L, cell, eta, matrix(as.vector(diag(0.1, 5)), 25, ncol(cell))),
  prior = function() .Call(ns$C_prior, 11L, c(0, 1, 3), c(-1, 0, 1), NULL),
  prior_expect = function() .Call(ns$C_prior, 2L, c(0, 1, 3), c(-1, 0, 1), c(1, 1, 1)),
  base = function() for (o in 0:2) .Call(ns$C_base, model, beta, o),
  base_expect = function() .Call(ns$C_base_expect, model, beta, cov),
  base_draws = function() .Call(ns$C_base_draws, model, matrix(0.1, 130, target$dim)),
  smooths = function() .Call(ns$C_smooths, model, theta),
  smooths_expect = function() .Call(ns$C_smooths_expect, model, theta, diag(0.01, length(theta))),
  surrogate_marginal = function() .Call(ns$C_surrogate_marginal, diag(k), rep(1, k), group, t0, TRUE),
  surrogate_draws = function() .Call(ns$C_surrogate_draws, diag(k), rep(1, k), group, t0, matrix(0, k, 3)),
  cells = function() .Call(ns$C_cells, rep(1:5, 5), 5L, cbind(d$y1, d$y2), rep(1, n))
)

failed <- 0
for (name in names(doors)) {
  plain <- doors[[name]]()
  gctorture2(step = 10)
  tortured <- tryCatch(doors[[name]](), error = function(e) e)
  gctorture2(step = 0)
  ok <- identical(plain, tortured)
  failed <- failed + !ok
  cat(sprintf("%-20s %s\n", name, if (ok) "clean" else "DIFFERS"))
}
cat(length(doors) - failed, "clean,", failed, "not\n")
if (failed) quit(status = 1)
