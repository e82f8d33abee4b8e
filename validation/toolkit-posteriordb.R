# Full-rank ADVI and NUTS on the Gaussian regressions of posteriordb, against exact posterior means
# and sds (or long NUTS runs where there is no exact answer). Writes toolkit-posteriordb.csv.
#   Rscript validation/toolkit-posteriordb.R
library(covary)

here <- if (dir.exists("validation")) "validation" else "."
folder <- file.path(here, "posteriordb")
index <- utils::read.csv(file.path(folder, "index.csv"))
exact <- utils::read.csv(file.path(folder, "exact_moments.csv"))

# Priors in words to priors. Flat is flat.
priors_of <- function(text) {
  beta <- NULL
  sigma <- NULL
  if (grepl("beta: normal\\(0, 10\\) each", text)) beta <- normal(0, 10)
  if (grepl("alpha: normal\\(9.31", text)) {
    beta <- list(
      Intercept = normal(9.31290322580645, 100),
      x = normal(0, 0.0333333333333333)
    )
  }
  if (grepl("sigma: half-Cauchy\\(0, 2.5\\)", text)) sigma <- half_t(1, 0, 2.5)
  if (grepl("sigma: half-normal\\(0, 10\\)", text)) sigma <- half_normal(0, 10)
  list(beta = beta, sigma = sigma)
}

run_one <- function(row) {
  data <- utils::read.csv(file.path(folder, "data", paste0(row$data, ".csv")))
  p <- priors_of(row$prior)
  target <- linear_regression(stats::as.formula(row$formula), data, prior = p$beta, sigma = p$sigma)
  set.seed(1)
  seconds_advi <- system.time(fit <- advi(target))[["elapsed"]]
  seconds_nuts <-
    system.time(mc <- nuts(target, start = fit, warmup = 500, iterations = 2500))[["elapsed"]]
  s <- summary(mc)
  reference <- data.frame(mean = s$mean, sd = s$sd)
  known <- exact[exact$posterior == row$posterior, ]
  is_exact <- nrow(known) == nrow(reference)
  if (is_exact) reference <- data.frame(mean = known$exact_mean, sd = known$exact_sd)
  data.frame(
    posterior = row$posterior, parameter = s$variable, exact = is_exact,
    reference_mean = reference$mean, reference_sd = reference$sd,
    advi_error = (mean(fit) - reference$mean) / reference$sd,
    advi_sd_ratio = sd(fit) / reference$sd, advi_converged = fit$info$converged,
    khat = fit$info$khat,
    nuts_error_mcse = (s$mean - reference$mean) / s$mcse, nuts_sd_ratio = s$sd / reference$sd,
    rhat = s$rhat, divergences = mc$info$divergences,
    seconds_advi, seconds_nuts
  )
}

index <- index[index$kind == "lm" & index$data %in% c(
  "earnings", "kidiq", "kidiq_with_mom_work",
  "kilpisjarvi_mod", "mesquite", "nes1972", "nes1976", "nes1980", "nes1984",
  "nes1988", "nes1992", "nes1996", "nes2000", "sblrc", "sblri", "arK"
), ]
out <- do.call(rbind, lapply(seq_len(nrow(index)), function(i) run_one(index[i, ])))
rownames(out) <- NULL
out[] <- lapply(out, function(v) if (is.numeric(v)) signif(v, 5) else v)
utils::write.csv(out, file.path(here, "toolkit-posteriordb.csv"), row.names = FALSE)
cat("parameters:", nrow(out), " with exact answer:", sum(out$exact), "\n")
cat("ADVI |mean error| <= 0.1 sd:", mean(abs(out$advi_error) <= 0.1), "\n")
cat("ADVI sd ratio in 0.9-1.1:  ", mean(abs(out$advi_sd_ratio - 1) <= 0.1), "\n")
cat("ADVI converged:            ", all(out$advi_converged), "\n")
cat("NUTS largest |error| in MCSE (exact ones):", max(abs(out$nuts_error_mcse[out$exact])), "\n")
cat(
  "NUTS largest R-hat:", max(out$rhat), " divergences:",
  sum(out$divergences[!duplicated(out$posterior)]), "\n"
)
