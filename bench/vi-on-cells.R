# Laplace and full-rank variational fit on cells (B6): five functions of 16 coefficients (P = 80),
# smoothing sds held.
#   Rscript bench/vi-on-cells.R > bench/results/vi-on-cells.txt
# Newton's method from the start values until a step is 1e-4 posterior sds, then the closed-form
# fixed point until no mean or log sd moves by more than 1e-4 (N = 1e3) or 1e-8 posterior sds. The
# loops are in R, over the compiled values and derivatives.
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "common-large.R"
))
cat(machine(), "\nCPU milliseconds, best of 20; targets: 5 ms together, 12 + 10 iterations\n\n")
formulas <- list(
  cbind(y1, y2) ~ s(x, bs = "ps", k = 16), sigma ~ s(x, bs = "ps", k = 16),
  rho ~ s(x, bs = "ps", k = 16)
)
for (n in c(1e3, 1e4, 1e5, 1e6)) {
  set.seed(12)
  d <- simulate_rows(n)
  parsed <- internal$parse_formulas(lapply(formulas, stats::as.formula, env = globalenv()),
    data_names = names(d)
  )
  ready <- suppressMessages(internal$prepare_fit(
    parsed, d, list(na_action = na.omit),
    list(
      algorithm = "nested",
      control = covary_control(compress = if (n < 1e4) "never" else "always")
    )
  ))
  target <- ready$target
  ridge <- internal$penalty(target, rep(log(2), target$n_sds))
  tolerance <- if (n < 1e4) 1e-4 else 1e-8
  expect <- function(mean, cov) {
    at <- internal$expect_loglik_and_priors(target, mean, cov)
    at$value <- at$value - 0.5 * sum(ridge * (mean^2 + diag(cov)))
    at$gradient <- at$gradient - ridge * mean
    at$hessian <- at$hessian - diag(ridge, length(mean))
    at
  }
  laplace <- function() internal$newton_mode(target, ridge, tolerance = 1e-8)
  vi <- function(mode) {
    internal$gaussian_vi(expect, mode$mean, chol2inv(mode$chol_precision),
      limits = internal$vi_limits(tolerance = tolerance)
    )
  }
  mode <- laplace()
  fit <- vi(mode)
  milliseconds <- function(f, ...) {
    1e3 * min(vapply(1:20, function(i) cpu(for (k in 1:3) f(...)) / 3, 0))
  }
  t <- c(milliseconds(laplace), milliseconds(vi, mode))
  sd_ratio <- range(sqrt(diag(fit$cov)) / sqrt(diag(chol2inv(mode$chol_precision))))
  cat(sprintf(
    paste0(
      "N = %-7g P = %d, %4d %s: Laplace %5.1f ms, %2d iterations; full-rank %5.1f ms, %2d ",
      "iterations (%s); together %.1f ms\n"
    ), n, target$dim,
    target$core$size$cells, if (n < 1e4) "rows " else "nodes", t[1], mode$iterations, t[2],
    fit$iterations, if (fit$converged) "converged" else "NOT CONVERGED", sum(t)
  ))
  cat(sprintf(
    paste0(
      "            means move by %.3f sds at most from Laplace, sds by factors %.3f to %.3f; ",
      "one expectation %.2f ms\n"
    ),
    max(abs(fit$mean - mode$mean) / sqrt(diag(fit$cov))), sd_ratio[1], sd_ratio[2],
    milliseconds(function() expect(fit$mean, fit$cov))
  ))
}
