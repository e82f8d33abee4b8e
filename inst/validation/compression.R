# How far compression moves the posterior mode, against the exact rows with the same basis, and how
# good the certificate is at saying so. Prints one line a case.
#   Rscript inst/validation/compression.R [rows] [results file] [first letters of cases]
library(covary)
internal <- asNamespace("covary")
arguments <- commandArgs(TRUE)
n <- if (length(arguments) > 0) as.numeric(arguments[1]) else 1e5
sink_to <- if (length(arguments) > 1) arguments[2]

simulate_rows <- function(n, x) {
  u <- (x - min(x)) / diff(range(x))
  r <- tanh(sin(5 * u))
  z <- matrix(rnorm(2 * n), n)
  data.frame(x = x, y1 = sin(6 * u) + exp(0.5 * cos(4 * u) - 1) * z[, 1],
    y2 = cos(7 * u) + exp(0.3 * sin(8 * u)) * (r * z[, 1] + sqrt(1 - r^2) * z[, 2]))
}

compare <- function(d, basis, k) {
  formulas <- list(substitute(cbind(y1, y2) ~ s(x, bs = B, k = K), list(B = basis, K = k)), substitute(sigma ~ s(x, bs = B, k = K), list(B = basis, K = k)),
    substitute(rho ~ s(x, bs = B, k = K), list(B = basis, K = k)))
  parsed <- internal$parse_formulas(lapply(formulas, as.formula, env = globalenv()), data_names = names(d))
  control <- covary_control(compress = "always")
  ready <- internal$prepare_fit(parsed, d, NULL, NULL, na.omit, NULL, "nested", control)
  ridge <- internal$penalty(ready$target, rep(-1, ready$target$n_sds))
  mode <- internal$newton_mode(ready$target, ridge, tolerance = 1e-16)
  # The same columns at the rows themselves, in blocks that fit into memory.
  rows_at <- function(beta, order) {
    total <- NULL
    for (block in split(seq_len(nrow(d)), ceiling(seq_len(nrow(d)) / 2e5))) {
      part <- d[block, ]
      frame <- internal$new_frame(parsed, part, NULL, NULL, na.omit)
      design <- internal$at_nodes(ready$design, part["x"])
      stats <- rbind(1, t(frame$y), 0, 0, 0)
      cells <- list(id = NULL, first = block, m = length(block), y_scale = c(1, 1), y_centre = c(0, 0), stats = stats)
      target <- internal$new_target(design, cells, ready$priors, internal$compressed_scales(ready$object))
      at <- internal$target_base(target, beta, order)
      if (is.null(total)) prior <- internal$likelihood_free_gradient(target, beta)
      else at$gradient <- at$gradient - prior
      total <- if (is.null(total)) at else list(value = 0, gradient = total$gradient + at$gradient, hessian = if (order > 1) total$hessian + at$hessian)
    }
    total
  }
  # Newton step from the compressed mode; what the optimiser left over is not compression.
  change <- rows_at(mode$mean, 1L)$gradient - internal$target_base(ready$target, mode$mean, 1L)$gradient
  shift <- internal$shift_in_sds(change, chol2inv(mode$root))
  result <- list(beta = sweep(matrix(rnorm(4000 * ncol(mode$root)), 4000) %*% chol(chol2inv(mode$root)), 2, mode$mean, "+"))
  c(shift = shift, certificate = internal$certify_rows(ready, result),
    bound = ready$compression$bound, nodes = ready$target$model$size[2])
}

set.seed(20)
if (!is.null(sink_to)) sink(sink_to, split = TRUE)
cat(format(Sys.Date()), R.version.string, " rows:", n, "\n")
cat("shift: largest move of the mode in posterior sds (exact); limit 1e-5 at 1e6 rows\n")
covariates <- list(uniform = runif(n), skewed = rexp(n)^1.5, tied = round(rnorm(n), 3), clustered = c(rnorm(n / 2, 0, 0.01), runif(n - n / 2, -1, 1)))
for (x in grep(paste0("^[", if (length(arguments) > 2) arguments[3] else "a-z", "]"), names(covariates), value = TRUE)) {
  d <- simulate_rows(n, covariates[[x]])
  for (basis in c("ps", "cr", "tp")) for (k in c(8, 16, 20)) {
    out <- tryCatch(compare(d, basis, k), error = function(e) conditionMessage(e))
    cat(sprintf("%-10s %-3s k = %2d  ", x, basis, k), if (is.numeric(out)) sprintf("shift %.1e  certificate %.1e  bound %.1e  nodes %d", out[1], out[2], out[3], out[4]) else out, "\n")
  }
}
