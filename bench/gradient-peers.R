# One value and gradient of the log likelihood of the same rows (B8): our pass over rows, our cells,
# Stan, TMB.
#   Rscript bench/gradient-peers.R > bench/results/gradient-peers.txt
# Five predictors of J = 16 cubic B-splines each; Stan's program is vectorised, TMB's template takes
# the sparse basis. Peers are used if installed (rstan, TMB); compiling them, about a minute each,
# is not counted. Compiled programs are kept in the folder COVARY_BENCH_CACHE if it is set.
source(file.path(
  dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE))),
  "common-large.R"
))
cat(
  machine(),
  paste0(
    "\nCPU time of one value and gradient, best of many; no priors; ratios to our rows in ",
    "any order and in order of x\n\n"
  )
)
have <- function(package) nzchar(system.file(package = package))
cache <- Sys.getenv("COVARY_BENCH_CACHE", tempdir())
dir.create(cache, showWarnings = FALSE, recursive = TRUE)

stan_code <- "
data { int<lower=1> n; int<lower=1> j; matrix[n, j] b; vector[n] y1; vector[n] y2; }
parameters { matrix[j, 5] beta; }
model {
  matrix[n, 5] eta = b * beta;
  vector[n] rho = tanh(0.5 * col(eta, 5));
  vector[n] z1 = (y1 - col(eta, 1)) .* exp(-col(eta, 3));
  vector[n] z2 = (y2 - col(eta, 2)) .* exp(-col(eta, 4));
  vector[n] q = 1 - square(rho);
  target += -sum(col(eta, 3)) - sum(col(eta, 4)) - 0.5 * sum(log(q)) - 0.5 *
    sum((square(z1) - 2 * rho .* z1 .* z2 + square(z2)) ./ q);
}"
tmb_code <- "
#include <TMB.hpp>
template<class Type> Type objective_function<Type>::operator()() {
  DATA_SPARSE_MATRIX(b); DATA_VECTOR(y1); DATA_VECTOR(y2);
  PARAMETER_VECTOR(mu1); PARAMETER_VECTOR(mu2);
  PARAMETER_VECTOR(s1); PARAMETER_VECTOR(s2); PARAMETER_VECTOR(r);
  vector<Type> m1 = b * mu1, m2 = b * mu2, l1 = b * s1, l2 = b * s2, e = b * r;
  Type out = 0;
  for (int i = 0; i < y1.size(); i++) {
    Type rho = tanh(e(i) / 2), z1 = (y1(i) - m1(i)) * exp(-l1(i)),
      z2 = (y2(i) - m2(i)) * exp(-l2(i)), q = 1 - rho * rho;
    out += l1(i) + l2(i) + log(q) / 2 + (z1 * z1 - 2 * rho * z1 * z2 + z2 * z2) / q / 2;
  }
  return out;
}"

j <- 16
knots <- seq(-3, j)[1:(j + 4)] / (j - 3) # uniform, 13 intervals on (0, 1)
basis <- function(x, sparse = FALSE) splines::splineDesign(knots, x, sparse = sparse)

# Each peer: function(d, b) -> function(beta (j x 5)) -> list(value, gradient).
ours <- function(d, b) {
  cells <- j - 3
  t <- internal$chebyshev_nodes(4)
  at_nodes <- basis(as.vector(outer((t + 1) / 2, seq_len(cells) - 1, "+")) / cells)
  # The power coefficients of every basis function in every cell, (4 x cells) x j.
  cubics <- matrix(solve(outer(t, 0:3, "^")) %*% matrix(at_nodes, 4), 4 * cells)
  y <- cbind(d$y1, d$y2)
  scaling <- cbind(c(0, 0), c(1, 1))
  table <- matrix(0, 5, 4 * cells)
  function(beta) {
    table[] <- t(cubics %*% beta)
    out <- .Call(
      internal$C_rows, y, NULL, scaling,
      list(list(
        x = d$x, group = NULL, groups = 1L,
        grid = list(inverse_width = cells, first = 0, count = cells),
        coefficients = as.vector(table)
      )), list(
        likelihood = list(name = "normal", responses = 2),
        level = 2, threads = 1, value = TRUE
      )
    )
    list(value = out$value, gradient = as.vector(t(matrix(out$scores, 5) %*% cubics)))
  }
}
from_cells <- function(d, b) {
  cells <- suppressMessages(compress(d, c("y1", "y2"), by = ~x))
  parsed <- internal$parse_formulas(five16, data_names = "x")
  target <- internal$prepare_fit(
    parsed, cells, list(na_action = na.omit),
    list(algorithm = "nested", control = covary_control())
  )$target
  theta <- target$start
  function(beta) internal$loglik_and_priors(target, theta, 1L)
}
stan <- function(d, b) {
  suppressMessages(library(rstan))
  file <- file.path(cache, "gradient_peer.stan")
  writeLines(stan_code, file)
  boost <- if (!nzchar(system.file("include", package = "BH"))) "/usr/include" # where Debian has it
  model <- stan_model(file, auto_write = TRUE, boost_lib = boost)
  fit <- suppressMessages(sampling(model, list(n = nrow(d), j = j, b = b, y1 = d$y1, y2 = d$y2),
    chains = 0
  ))
  function(beta) {
    g <- grad_log_prob(fit, as.vector(beta), adjust_transform = FALSE)
    list(value = attr(g, "log_prob"), gradient = as.vector(g))
  }
}
tmb <- function(d, b) {
  file <- file.path(cache, "gradient_peer_tmb.cpp")
  if (!file.exists(file)) writeLines(tmb_code, file)
  library <- TMB::dynlib(sub("[.]cpp$", "", file))
  if (!file.exists(library)) utils::capture.output(TMB::compile(file, flags = "-O2 -w"))
  dyn.load(library)
  start <- stats::setNames(rep(list(numeric(j)), 5), c("mu1", "mu2", "s1", "s2", "r"))
  f <- TMB::MakeADFun(list(
    b = methods::as(basis(d$x, TRUE), "CsparseMatrix"), y1 = d$y1,
    y2 = d$y2
  ), start, DLL = "gradient_peer_tmb", silent = TRUE)
  # gr() runs the tape forward and back: the value is a by-product that R does not see.
  function(beta) list(value = NULL, gradient = -as.vector(f$gr(as.vector(beta))))
}

contenders <- list(
  "covary, rows in any order" = ours, "covary, rows in order of x" = ours,
  "covary, cells (16 functions s(x) each)" = from_cells
)
if (have("rstan")) contenders[["Stan"]] <- stan
if (have("TMB")) contenders[["TMB"]] <- tmb
targets <- c(Stan = 40, TMB = 80)
time_of <- function(evaluate, beta) {
  evaluate(beta)
  times <- max(1, min(2000, ceiling(0.3 / max(1e-4, cpu(evaluate(beta))))))
  min(vapply(1:5, function(i) cpu(for (k in seq_len(times)) evaluate(beta)), 0)) / times
}
for (n in c(1e4, 1e5)) {
  set.seed(4)
  d <- simulate_rows(n)
  b <- basis(d$x)
  beta <- cbind(
    sin(6 * (1:j - 2) / 13), cos(7 * (1:j - 2) / 13), -0.7, 0.2,
    sin(5 * (1:j - 2) / 13)
  )
  first <- NULL
  ordered <- NA # what fits of many rows use: they put the rows in order once
  for (who in names(contenders)) {
    rows <- if (grepl("order of x", who)) order(d$x) else seq_len(n)
    out <- tryCatch(
      {
        evaluate <- contenders[[who]](d[rows, ], b[rows, ])
        at <- evaluate(beta)
        list(seconds = time_of(evaluate, beta), gradient = at$gradient)
      },
      error = function(e) e
    )
    if (inherits(out, "error")) {
      cat(sprintf("N = %-6g %-40s failed: %s\n", n, who, conditionMessage(out)))
      next
    }
    if (is.null(first)) first <- out
    if (grepl("order of x", who)) ordered <- out$seconds
    cat(sprintf(
      "N = %-6g %-40s %8.1f ns/row %8.1fx %8.1fx%s%s\n", n, who, out$seconds / n * 1e9,
      out$seconds / first$seconds, out$seconds / ordered,
      if (length(out$gradient) == length(first$gradient) && !grepl("cells", who)) {
        sprintf(
          "   largest gradient difference %.1e of the largest entry",
          max(abs(out$gradient - first$gradient)) / max(abs(first$gradient))
        )
      } else {
        ""
      },
      if (who %in% names(targets)) sprintf(" (target %gx)", targets[[who]]) else ""
    ))
    flush(stdout())
  }
}
