# How far compression moves the posterior mode, against the exact rows with the same basis, and how
# good the certificate is at saying so. Prints one line a case.
#
# Smoothing sds are fixed at exp(-2): a weak penalty under which the rows have a mode. At exp(-1)
# they need not: smooths of the skewed covariate with equally spaced knots run through its last row,
# where the sd and 1 - |rho| go to zero together; the exact Hessian is indefinite along the way and
# Newton's method does not end.
#   Rscript validation/compression.R [rows] [results file] [first letters of cases]
library(covary)
internal <- asNamespace("covary")
arguments <- commandArgs(TRUE)
n <- if (length(arguments) > 0) as.numeric(arguments[1]) else 1e5
sink_to <- if (length(arguments) > 1) arguments[2]

simulate_rows <- function(n, x) {
  u <- (x - min(x)) / diff(range(x))
  r <- tanh(sin(5 * u))
  z <- matrix(rnorm(2 * n), n)
  data.frame(
    x = x, y1 = sin(6 * u) + exp(0.5 * cos(4 * u) - 1) * z[, 1],
    y2 = cos(7 * u) + exp(0.3 * sin(8 * u)) * (r * z[, 1] + sqrt(1 - r^2) * z[, 2])
  )
}

compare <- function(d, basis, k) {
  formulas <- list(
    substitute(cbind(y1, y2) ~ s(x, bs = B, k = K), list(B = basis, K = k)),
    substitute(sigma ~ s(x, bs = B, k = K), list(B = basis, K = k)),
    substitute(rho ~ s(x, bs = B, k = K), list(B = basis, K = k))
  )
  parsed <- internal$parse_formulas(lapply(formulas, as.formula, env = globalenv()),
    data_names = names(d)
  )
  control <- covary_control(compress = "always")
  ready <- internal$prepare_fit(
    parsed, d, list(na_action = na.omit),
    list(algorithm = "nested", control = control)
  )
  t <- rep(-2, ready$target$n_sds)
  ridge <- internal$penalty(ready$target, t)
  mode <- internal$newton_mode(ready$target, ridge, tolerance = 1e-13)
  # The same columns at the rows themselves, in blocks that fit into memory.
  rows_at <- function(beta, order) {
    total <- NULL
    for (block in split(seq_len(nrow(d)), ceiling(seq_len(nrow(d)) / 2e5))) {
      part <- d[block, ]
      frame <- internal$read_frame(parsed, part, NULL, NULL, na.omit)
      design <- internal$at_nodes(ready$design, part["x"])
      stats <- rbind(1, t(frame$y), 0, 0, 0)
      cells <- list(
        id = NULL, first = block, m = length(block), y_scale = c(1, 1),
        y_centre = c(0, 0), stats = stats
      )
      target <- internal$new_cells_model(
        design, cells, ready$priors,
        internal$response_scales(
          internal$response_moments(ready$suffstats), ready$suffstats$responses
        )
      )
      at <- internal$loglik_and_priors(target, beta, order)
      if (is.null(total)) {
        prior <- internal$likelihood_free_gradient(target, beta)
      } else {
        at$gradient <- at$gradient - prior
      }
      total <- if (is.null(total)) {
        at
      } else {
        list(
          value = 0, gradient = total$gradient + at$gradient,
          hessian = if (order > 1) total$hessian + at$hessian
        )
      }
    }
    total
  }
  # Newton steps: to the mode of the rows, and what of it is compression and not left over by the
  # optimiser.
  cov <- chol2inv(chol(diag(ridge) - internal$loglik_and_priors(ready$target, mode$mean)$hessian))
  exact <- rows_at(mode$mean, 1L)$gradient
  result <- list(beta = rbind(mode$mean, mode$mean), log_tau = rbind(t, t))
  c(
    whole = internal$shift_in_sds(exact - ridge * mode$mean, cov),
    shift = internal$shift_in_sds(exact - internal$loglik_and_priors(
      ready$target, mode$mean,
      1L
    )$gradient, cov),
    certificate = internal$compression_error_of_rows(ready, result),
    quadrature_error = ready$compression$quadrature_error,
    nodes = ready$target$core$size$cells
  )
}

set.seed(20)
if (!is.null(sink_to)) sink(sink_to, split = TRUE)
machine <- sub(".*: ", "", grep("model name", readLines("/proc/cpuinfo"), value = TRUE)[1])
cat(
  "Rscript validation/compression.R", arguments, "|", format(Sys.Date()), "|", machine, "|",
  R.version.string, "| rows:", n, "\n"
)
cat(paste0(
  "distance: of the compressed mode from that of the rows, in posterior sds; shift: the part ",
  "of it that is compression; limit 1e-5 at 1e6 rows\n"
))
covariates <- list(
  uniform = runif(n), skewed = rexp(n)^1.5, tied = round(rnorm(n), 3),
  clustered = c(rnorm(n / 2, 0, 0.01), runif(n - n / 2, -1, 1))
)
for (x in grep(paste0("^[", if (length(arguments) > 2) arguments[3] else "a-z", "]"),
  names(covariates),
  value = TRUE
)) {
  d <- simulate_rows(n, covariates[[x]])
  for (basis in c("ps", "cr", "tp", "bs")) {
    for (k in c(8, 16, 20)) {
      out <- tryCatch(compare(d, basis, k), error = function(e) conditionMessage(e))
      cat(sprintf("%-10s %-3s k = %2d  ", x, basis, k), if (is.numeric(out)) {
        sprintf(
          "distance %.1e  shift %.1e  certificate %.1e  quadrature %.1e  nodes %d", out[1],
          out[2], out[3], out[4], out[5]
        )
      } else {
        out
      }, "\n")
    }
  }
}
