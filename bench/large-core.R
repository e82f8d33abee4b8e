# Our own times: kernels, one pass, threads, a billion streamed rows, whole calls (B1-B5, B7, B11).
#   Rscript bench/large-core.R > bench/results/large-core.txt
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "common-large.R"
))
cat(machine(), "\nCPU times (user + system), best of several; other jobs may share the cores\n\n")
set.seed(1)
n <- 4e6
d <- simulate_rows(n)
y <- as.matrix(d[c("y1", "y2")])
dimnames(y) <- NULL
scaling <- cbind(c(0, 0), c(1, 1))
pass <- function(level, threads = 1) {
  .Call(
    internal$C_moments, d$x, list(d$y1, d$y2), NULL, NULL,
    c(1024, 0, 1024), scaling, list(level = level, threads = threads, groups = 1)
  )
}
coefficients <- as.vector(array(rnorm(5 * 4 * 1024) / 10, c(5, 4, 1024)))
rows <- function(level, threads = 1, x = d$x, value = 0) {
  .Call(
    internal$C_rows, y, NULL, scaling,
    list(list(
      x = x, group = NULL, grid = list(inverse_width = 1024, first = 0, count = 1024), groups = 1L,
      coefficients = coefficients
    )), list(
      likelihood = list(name = "normal", responses = 2),
      level = level, threads = threads, value = value
    )
  )
}
names <- c("plain C", "base vectors", "AVX2")
for (level in 0:2) {
  cat(sprintf(
    "B4 pass, 1024 cells x 4 moments, %-13s %5.1f ns/row (target 9 base, 6 AVX2)\n",
    names[level + 1], best(6, quote(pass(level))) / n * 1e9
  ))
}
for (level in 0:2) {
  cat(sprintf(
    "B2 row score, rows in any order, %-13s  %5.1f ns/row (prototype 26 base, 16 AVX2)\n",
    names[level + 1], best(5, quote(rows(level))) / n * 1e9
  ))
}
sorted <- sort(d$x)
for (level in 1:2) {
  cat(sprintf(
    "B2 row score, rows in order of x, %-13s %5.1f ns/row (target 20 base, 8 AVX2)\n",
    names[level + 1], best(5, quote(rows(level, x = sorted))) / n * 1e9
  ))
}
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "threads.R"
))
e <- runif(1e6, -690, 690)
cat(sprintf(
  "B1 vector exp: largest error %.1f ulp\n\n",
  max(vapply(1:2, function(l) max(abs(.Call(internal$C_exponential, e, l) / exp(e) - 1)), 0)) /
    2^-52
))

# Evaluations of the regression model, each row a cell of its own or nodes of compressed rows.
for (case in list(c(1e3, 10), c(9999, 10), c(1e5, 16))) {
  d <- simulate_rows(case[1])
  formulas <- eval(substitute(list(
    cbind(y1, y2) ~ s(x, k = K), sigma ~ s(x, k = K),
    rho ~ s(x, k = K)
  ), list(K = case[2])))
  target <- internal$prepare_fit(
    internal$parse_formulas(formulas, data_names = names(d)), d, list(na_action = na.omit),
    list(algorithm = "nested", control = covary_control())
  )$target
  m <- target$core$size$cells
  beta <- target$start
  some <- matrix(rep(beta, each = 1000), 1000) + rnorm(1000 * target$dim, sd = 0.02)
  cov <- diag(1e-4, target$dim)
  times <- ceiling(2e5 / m)
  loglik <- internal$C_loglik_and_priors
  cat(sprintf(
    paste0(
      "evaluations, %d %s x %d coefficients, ns per cell: draws %.1f, value + gradient %.1f, ",
      "Hessian %.1f, expectation %.1f\n"
    ), m,
    if (is.null(target$rows) || target$rows == m) "rows" else "nodes", target$dim,
    best(3, quote(.Call(internal$C_loglik_and_priors_draws, target$core, some))) / m / 1000 * 1e9,
    best(5, quote(for (i in seq_len(times)) .Call(loglik, target$core, beta, 1L))) / m /
      times * 1e9,
    best(5, quote(for (i in seq_len(times)) .Call(loglik, target$core, beta, 2L))) / m /
      times * 1e9,
    best(5, quote(for (i in seq_len(times)) {
      .Call(internal$C_expect_loglik_and_priors, target$core, beta, cov, 1L)
    })) / m / times * 1e9
  ))
}

for (n in c(1e3, 1e4, 1e5, 1e6, 1e7)) {
  d <- simulate_rows(n)
  gc()
  t <- best(if (n < 1e7) 3 else 1, quote(fit <- suppressMessages(covary(five, data = d))))
  certificate <- diagnostics(fit)$certificate
  cat(sprintf(
    "B11 covary(), five s(x), N = %g: %.2f s CPU; certificate %s posterior sds\n", n, t,
    if (is.null(certificate)) "-" else format(certificate, digits = 2)
  ))
  if (n == 1e6) {
    cells <- compress(d, c("y1", "y2"), ~x)
    cat(sprintf("    refit from cells: %.3f s CPU\n", best(8, quote(covary(five, data = cells)))))
    Rprof(profile <- tempfile(), interval = 0.002)
    for (i in 1:20) covary(five, data = cells)
    Rprof(NULL)
    self <- summaryRprof(profile)$by.self
    in_c <- sum(self[rownames(self) %in% c(
      "\".Call\"", "\".C\"", "\"La_chol\"", "\"La_chol2inv\"",
      "\"La_rs\""
    ), "self.time"])
    cat(sprintf(
      "    of a refit %.3f s are inside compiled code, %.3f s in R\n", in_c / 20,
      (sum(self$self.time) - in_c) / 20
    ))
  }
}
