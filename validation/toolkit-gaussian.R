# Default ADVI on 20 Gaussian targets whose optimum is known for each family. Writes
# toolkit-gaussian.csv.
library(covary)
here <- if (dir.exists("validation")) "validation" else "."

one <- function(seed, d, condition) {
  set.seed(seed)
  q <- qr.Q(qr(matrix(stats::rnorm(d^2), d)))
  cov <- q %*% (exp(seq(0, log(condition), length.out = d)) * t(q))
  precision <- solve(cov)
  mean <- stats::rnorm(d, 0, 5)
  constant <- -0.5 * as.numeric(determinant(2 * pi * cov)$modulus)
  target <- target_density(
    function(theta) {
      constant -
        0.5 * sum((theta - mean) * (precision %*% (theta - mean)))
    },
    function(theta) -as.vector(precision %*% (theta - mean)),
    names = paste0("x", seq_len(d))
  )
  run <- function(family, best_sd, best_elbo) {
    seconds <- system.time(fit <- advi(target, family))[["elapsed"]]
    data.frame(seed, d, condition, family,
      converged = fit$info$converged,
      mean_error = max(abs(fit$mean - mean) / sqrt(diag(cov))),
      sd_error = max(abs(sd(fit) / best_sd - 1)), elbo_error = abs(elbo(fit) - best_elbo), seconds
    )
  }
  field <- 1 / sqrt(diag(precision))
  best <- sum(log(field)) - 0.5 * as.numeric(determinant(cov)$modulus)
  rbind(run("fullrank", sqrt(diag(cov)), 0), run("meanfield", field, best))
}
grid <- data.frame(
  seed = 1:20, d = rep(c(2, 5, 10, 25, 50), 4),
  condition = rep(c(1, 1e2, 1e4, 1e6), each = 5)
)
out <- do.call(
  rbind,
  lapply(seq_len(nrow(grid)), function(i) one(grid$seed[i], grid$d[i], grid$condition[i]))
)
out[] <- lapply(out, function(v) if (is.numeric(v)) signif(v, 4) else v)
utils::write.csv(out, file.path(here, "toolkit-gaussian.csv"), row.names = FALSE)
print(stats::aggregate(cbind(mean_error, sd_error, elbo_error, seconds) ~ family, out, max))
cat("all converged:", all(out$converged), "\n")
