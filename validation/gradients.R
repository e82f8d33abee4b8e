# Worst errors of the kernels and of their expectations over many random points.
# From the root of the sources, with the package installed:
#   Rscript validation/gradients.R > validation/gradients.txt
# The last part needs Rmpfr and is left out without it. Takes about a minute.

library(covary)
C_likelihood <- covary:::C_likelihood
C_likelihood_expect <- covary:::C_likelihood_expect
source("tests/testthat/helper-oracle.R")

n_points <- 10000
n_exact <- 500
set.seed(20240601)

report <- data.frame()
add <- function(kernel, check, quantity, error, gap) {
  i <- which.max(error)
  report <<- rbind(report, data.frame(
    kernel = kernel, check = check, quantity = quantity,
    points = length(error), worst_error = signif(error[i], 2), one_minus_rho = signif(gap[i], 2)
  ))
}
gap_of <- function(data) {
  if (data$k == 1) rep(NA_real_, ncol(data$eta)) else correlation_parts(data$eta[5, ])$gap
}
label <- function(fit) if (fit) "residuals of the model" else "misfit residuals"

## 1. Complex steps of the naive twins ---------------------------------------------------------

for (k in 1:2) {
  for (fit in c(TRUE, FALSE)) {
    data <- random_points(k, n_points, fit)
    errors <- likelihood_errors(data)
    for (what in colnames(errors)) {
      add(k, paste("complex step,", label(fit)), what, errors[, what], gap_of(data))
    }
  }
}

## 2. Expectations without uncertainty against the kernel --------------------------------------

for (k in 1:2) {
  q <- predictors_of(k)
  data <- random_points(k, n_points, TRUE)
  got <- likelihood_expect(normal_of(k), data$cells, data$eta, matrix(0, q * q, n_points))
  truth <- .Call(C_likelihood, normal_of(k), data$cells, data$eta)
  parts <- list(value = 1, gradient = 1 + 1:q, hessian = 1 + q + seq_len(q * q))
  bands <- if (k == 2) list(c(1e-4, 1), c(1e-6, 1e-4), c(0, 1e-6)) else list(c(NA, NA))
  for (what in names(parts)) {
    for (band in bands) {
      gap <- gap_of(data)
      use <- if (k == 1) rep(TRUE, n_points) else gap > band[1] & gap <= band[2]
      error <- scaled_errors(
        got[parts[[what]], use, drop = FALSE],
        truth[parts[[what]], use, drop = FALSE],
        data$cells[1, use]
      )
      add(k, "expectation, no uncertainty", what, error, gap[use])
    }
  }
}

## 3. Arbitrary precision ----------------------------------------------------------------------
# The textbook density, with 1 - rho^2 formed, in numbers of 300 bits; central differences of
# step 2^-60 then have errors of 1e-36.

exact_rows <- function(y, eta) {
  one <- Rmpfr::mpfr(1, 300)
  log_2pi <- log(2 * Rmpfr::Const("pi", 300))
  if (length(y) == 1) {
    return(-log_2pi / 2 - eta[[2]] - ((y[[1]] - eta[[1]]) * exp(-eta[[2]]))^2 / 2)
  }
  z1 <- (y[[1]] - eta[[1]]) * exp(-eta[[3]])
  z2 <- (y[[2]] - eta[[2]]) * exp(-eta[[4]])
  rho <- tanh(eta[[5]] / 2)
  det <- one - rho^2
  -log_2pi - eta[[3]] - eta[[4]] - log(det) / 2 - (z1^2 - 2 * rho * z1 * z2 + z2^2) / (2 * det)
}

# value, gradient, Hessian of every cell: (1 + q + q^2) x m doubles
exact_kernel <- function(data) {
  q <- nrow(data$eta)
  h <- Rmpfr::mpfr(2, 300)^-60
  y <- lapply(seq_len(data$k), function(j) Rmpfr::mpfr(data$y[, j], 300))
  weight <- Rmpfr::mpfr(data$weight, 300)
  at <- function(shift) {
    eta <- lapply(seq_len(q), function(j) Rmpfr::mpfr(data$eta[j, data$id], 300) + shift[j] * h)
    weight * exact_rows(y, eta)
  }
  unit <- diag(q)
  up <- lapply(1:q, function(j) at(unit[j, ]))
  down <- lapply(1:q, function(j) at(-unit[j, ]))
  f <- at(numeric(q))
  cells <- function(x) rowsum(Rmpfr::asNumeric(x), data$id)[, 1]
  out <- matrix(0, 1 + q + q^2, ncol(data$eta))
  out[1, ] <- cells(f)
  for (i in 1:q) out[1 + i, ] <- cells((up[[i]] - down[[i]]) / (2 * h))
  for (i in 1:q) {
    for (j in 1:i) {
      second <- if (i == j) {
        (up[[i]] - 2 * f + down[[i]]) / h^2
      } else {
        (at(unit[i, ] + unit[j, ]) - at(unit[i, ] - unit[j, ]) - at(unit[j, ] - unit[i, ]) +
          at(-unit[i, ] - unit[j, ])) / (4 * h^2)
      }
      out[1 + q + i + q * (j - 1), ] <- out[1 + q + j + q * (i - 1), ] <- cells(second)
    }
  }
  out
}

# Quadratic part of the expected value of two responses for one cell, in 300 bits: expectations
# of exp(t' eta) r_a r_b one by one, with cov as given.
exact_quadratic <- function(cell, mean, cov) {
  big <- function(x) Rmpfr::mpfr(x, 300)
  mean <- big(mean)
  n <- big(cell[1])
  root <- big(cell[4:6])
  scatter <- c(root[1]^2, root[1] * root[2], root[2]^2 + root[3]^2)
  moment <- function(a, b, t) {
    vt <- lapply(1:5, function(i) sum(big(cov[i, ]) * t))
    exponent <- sum(t * mean) + Reduce(`+`, lapply(1:5, function(i) t[i] * vt[[i]])) / 2
    d <- function(i) big(cell[1 + i]) - mean[i] - vt[[i]]
    exp(exponent) * (scatter[a + b - 1] + n * (d(a) * d(b) + big(cov[a, b])))
  }
  # Sigma^-1 = D^-1 ((2 + E + 1/E) I, (1/E - E) off the diagonal) D^-1 / 4
  square <- function(k, r) moment(k, k, c(0, 0, -2 * (k == 1), -2 * (k == 2), r))
  cross <- function(r) moment(1, 2, c(0, 0, -1, -1, r))
  total <- 2 * (square(1, 0) + square(2, 0)) + square(1, 1) + square(1, -1) + square(2, 1) +
    square(2, -1) +
    2 * (cross(-1) - cross(1))
  Rmpfr::asNumeric(-total / 8)
}

# Covariance of the predictors as in a posterior from n rows: inverse expected information.
posterior_cov <- function(eta, n) {
  x <- correlation_parts(eta[5])
  rho <- x$rho
  det <- x$root^2
  scale <- exp(eta[3:4])
  out <- matrix(0, 5, 5)
  out[1:2, 1:2] <- outer(scale, scale) * matrix(c(1, rho, rho, 1), 2)
  # delta method: s_k = log sd_k, r = 2 atanh(rho), from the asymptotic moments of a sample
  out[3:4, 3:4] <- matrix(c(1, rho^2, rho^2, 1), 2) / 2
  out[3:4, 5] <- out[5, 3:4] <- rho
  out[5, 5] <- 4
  out / n
}

if (requireNamespace("Rmpfr", quietly = TRUE)) {
  for (k in 1:2) {
    for (fit in c(TRUE, FALSE)) {
      q <- predictors_of(k)
      data <- random_points(k, n_exact, fit)
      got <- .Call(C_likelihood, normal_of(k), data$cells, data$eta)
      truth <- exact_kernel(data)
      parts <- list(value = 1, gradient = 1 + 1:q, hessian = 1 + q + seq_len(q * q))
      for (what in names(parts)) {
        error <- scaled_errors(
          got[parts[[what]], , drop = FALSE],
          truth[parts[[what]], , drop = FALSE], data$cells[1, ]
        )
        add(k, paste("300 bits,", label(fit)), what, error, gap_of(data))
      }
    }
  }

  # The same covariance with one more rounding shows what double inputs determine at all.
  m <- 200
  data <- random_points(2, m, TRUE)
  gap <- gap_of(data)
  s <- -log(2 * pi) / 2
  error <- moved <- numeric(m)
  for (i in 1:m) {
    mean <- data$eta[, i]
    cov <- posterior_cov(mean, 50)
    only_r <- replace(matrix(0, 5, 5), 25, cov[25])
    constant <- .Call(
      C_likelihood_expect, normal_of(2L), cbind(c(1, 0, 0, 0, 0, 0)),
      cbind(c(0, 0, s, s, mean[5])),
      cbind(c(only_r)), 0L
    )[1] - log(2 * pi) - mean[3] - mean[4]
    n <- data$cells[1, i]
    got <- likelihood_expect(
      normal_of(2L), data$cells[, i, drop = FALSE], cbind(mean), cbind(c(cov))
    )[1]
    truth <- exact_quadratic(data$cells[, i], mean, cov)
    wobble <- cov * (1 + 2^-52 * matrix(sample(c(-1, 1), 25, TRUE), 5))
    wobble[lower.tri(wobble)] <- t(wobble)[lower.tri(wobble)]
    scale <- max(abs(n * constant + truth), n)
    error[i] <- abs(got - n * constant - truth) / scale
    moved[i] <- abs(exact_quadratic(data$cells[, i], mean, wobble) - truth) / scale
  }
  for (band in list(c(1e-4, 1), c(1e-6, 1e-4), c(0, 1e-6))) {
    use <- gap > band[1] & gap <= band[2]
    add(2, "300 bits, expectation, posterior of 50 rows", "value", error[use], gap[use])
    add(2, "  ... moved by one rounding of the covariance", "value", moved[use], gap[use])
  }
}

cat("Command: Rscript validation/gradients.R\n")
cat("Date:    ", format(Sys.Date()), "\n", sep = "")
cat("R:       ", R.version.string, ", covary ", format(packageVersion("covary")), "\n\n", sep = "")
cat("Error: largest absolute error of a point over its largest element (values: at least its\n")
cat(paste0(
  "number of rows). |rho| runs from 0 to 1 - 1e-8; one_minus_rho is 1 - |rho| at the worst ",
  "point.\n\n"
))
options(width = 130)
print(report, row.names = FALSE, right = FALSE)
