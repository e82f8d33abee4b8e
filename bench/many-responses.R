# Time of a cell and of a row in the likelihoods of many responses: value, gradient and Hessian, and
# expectations by cubature, in models with one column a predictor; CPU, ratios to the value of a row
# of two responses, whose kernel is its own.
#   Rscript bench/many-responses.R > bench/results/many-responses.txt
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "common-large.R"
))
cat(machine(), "\nCPU times (user + system), best of several; other jobs may share the cores\n\n")
m <- 3200

model_of <- function(name, k, rows) {
  q <- 2 * k + k * (k - 1) / 2
  triangle <- k * (k + 1) / 2
  stats <- rbind(
    if (rows) 1 else 6, matrix(rnorm(k * m), k),
    if (rows) matrix(0, triangle, m) else matrix(rnorm(triangle * m), triangle)
  )
  list(
    likelihood = list(name = name, responses = k),
    size = list(cells = m, coefficients = q, smooths = 0), cells = stats,
    offset = matrix(0.2 * rnorm(q * m), q), x = rep(list(matrix(1, 1, m)), q),
    group = rep(0L, q), family = rep(0L, q), prior = rbind(rep(0, q), 1, 4),
    sd_family = integer(), sd_prior = matrix(0, 3, 0)
  )
}

# Seconds of one call: of so many that they take a tenth of a second
fastest <- function(f) {
  calls <- 1
  while ((taken <- cpu(for (i in seq_len(calls)) f())) < 0.1) calls <- 4 * calls
  min(taken, cpu(for (i in seq_len(calls)) f())) / calls
}

times_of <- function(name, k, rows) {
  set.seed(k)
  model <- model_of(name, k, rows)
  q <- model$size$coefficients
  beta <- rep(0, q)
  cov <- diag(0.02, q)
  order <- function(o) fastest(function() .Call(internal$C_loglik_and_priors, model, beta, o))
  expect <- function(every) {
    fastest(function() .Call(internal$C_expect_loglik_and_priors, model, beta, cov, every))
  }
  c(order(0L), order(1L), order(2L), expect(0L), expect(1L)) / m * 1e6
}

cat("microseconds: value, gradient, Hessian, expectations with the Hessian at the mean, with the\n")
cat("expected Hessian (regressions and one or two responses: closed forms)\n\n")
unit <- times_of("normal", 2L, TRUE)[1]
for (rows in c(TRUE, FALSE)) {
  for (name in c("normal", "normal_regression")) {
    for (k in c(2L, 3L, 5L, 10L)) {
      at <- times_of(name, k, rows)
      cat(sprintf(
        paste0(
          "%-4s %-17s K = %2d  %8.3f %8.3f %8.3f %9.2f %9.2f   ",
          "ratios %5.1f %5.1f %6.1f %7.0f %7.0f\n"
        ),
        if (rows) "row" else "cell", name, k, at[1], at[2], at[3], at[4], at[5], at[1] / unit,
        at[2] / unit, at[3] / unit, at[4] / unit, at[5] / unit
      ))
    }
  }
}
