# Closed-form Gaussian expectations against quadrature and simulation.
# Symbols: E(mean, V) the expectation of the value of a cell, q predictors.

unpack <- function(out, q) {
  list(
    value = out[1], gradient = out[1 + 1:q],
    hessian = matrix(out[-(1:(1 + q))], q)
  )
}

expected_likelihood <- function(k, cell, mean, cov) {
  unpack(likelihood_expect(normal_of(k), cbind(cell), cbind(mean), cbind(c(cov))), length(mean))
}

# A tensor Gauss-Hermite rule; nodes[j] nodes for the predictor that is drawn j-th.
# The means are drawn last: given the others, the log density is quadratic in them, and three
# nodes are exact.
quadrature <- function(k, cell, mean, cov, n_scale, n_r) {
  q <- length(mean)
  order <- c((k + 1):q, 1:k)
  nodes <- c(rep(n_scale, k), if (k == 2) n_r, rep(3, k))
  rules <- lapply(nodes, gauss_hermite)
  z <- t(as.matrix(expand.grid(lapply(rules, `[[`, "node"))))
  weight <- Reduce(`*`, expand.grid(lapply(rules, `[[`, "weight")))
  root <- t(chol(cov[order, order]))
  eta <- mean + (root %*% z)[order(order), ]
  # rows that have the statistics of the cell: its mean, and its scatter about zero
  out <- .Call(C_likelihood, normal_of(k), matrix(cell, length(cell), ncol(eta)), eta)
  list(moments = unpack(drop(out %*% weight), q), eta = eta, weight = weight)
}

expect_moments <- function(x, truth, bound, n) {
  expect_close(x$value, truth$value, bound, floor = n)
  expect_close(x$gradient, truth$gradient, bound)
  expect_close(c(x$hessian), c(truth$hessian), bound)
}

# Uncertainty as in a posterior: sds of 0.05 to `most`.
random_case <- function(k, most) {
  q <- predictors_of(k)
  data <- random_points(k, 1, TRUE)
  if (k == 2) data$eta[5] <- rnorm(1, sd = 1.5)
  list(
    data = data, cell = data$cells[, 1], mean = data$eta[, 1],
    cov = random_cov(runif(q, 0.05, most))
  )
}

test_that("one response: equal to two-dimensional quadrature", {
  set.seed(201)
  for (i in 1:40) {
    x <- random_case(1, if (i %% 2) 0.5 else 1.2)
    truth <- quadrature(1L, x$cell, x$mean, x$cov, 60)
    expect_moments(expected_likelihood(1L, x$cell, x$mean, x$cov), truth$moments, 1e-9, x$cell[1])
  }
})

test_that("two responses: equal to five-dimensional quadrature", {
  set.seed(202)
  for (i in 1:8) {
    x <- random_case(2, 0.5)
    truth <- quadrature(2L, x$cell, x$mean, x$cov, 14, 40)
    expect_moments(expected_likelihood(2L, x$cell, x$mean, x$cov), truth$moments, 1e-9, x$cell[1])
  }
})

test_that("the value equals quadrature of the naive twin over rows", {
  set.seed(203)
  for (k in 1:2) {
    x <- random_case(k, 0.4)
    truth <- quadrature(k, x$cell, x$mean, x$cov, 14, 36)
    value <- 0
    for (i in seq_along(x$data$id)) {
      y <- matrix(x$data$y[i, ], ncol(truth$eta), k, byrow = TRUE)
      value <- value + x$data$weight[i] * sum(truth$weight * twin_rows(y, truth$eta))
    }
    expect_close(expected_likelihood(k, x$cell, x$mean, x$cov)$value, value, 1e-9, x$cell[1])
  }
})

test_that("derivatives with respect to the mean are the expected gradient and Hessian", {
  set.seed(204)
  for (k in c(1, 2, 2, 2)) {
    x <- random_case(k, 1)
    q <- length(x$mean)
    at <- expected_likelihood(k, x$cell, x$mean, x$cov)
    f <- function(mean) unlist(expected_likelihood(k, x$cell, mean, x$cov)[1:2])
    slope <- difference_jacobian(f, x$mean)
    expect_close(at$gradient, slope[1, ], rounding_of_fit)
    expect_close(c(at$hessian), c(slope[-1, ]), rounding_of_fit)
  }
})

test_that("derivatives with respect to the covariance are half the expected Hessian", {
  # Price's theorem; a pair of off-diagonal elements moves together and gives the whole element
  set.seed(205)
  for (k in c(1, 2, 2, 2)) {
    x <- random_case(k, 0.8)
    q <- length(x$mean)
    lower <- which(lower.tri(x$cov, TRUE))
    f <- function(v) {
      cov <- matrix(0, q, q)
      cov[lower] <- v
      cov <- cov + t(cov) - diag(diag(cov))
      expected_likelihood(k, x$cell, x$mean, cov)$value
    }
    half <- ifelse(row(x$cov) == col(x$cov), 0.5, 1)[lower]
    hess <- expected_likelihood(k, x$cell, x$mean, x$cov)$hessian
    step <- ifelse(half == 0.5, pmin(0.01, diag(x$cov)[row(x$cov)[lower]] / 8), 0.005)
    expect_close(
      drop(difference_jacobian(f, x$cov[lower], step)), (half * hess[lower]),
      rounding_of_fit
    )
  }
})

test_that("without uncertainty the expectation is the kernel", {
  # Multiplying the square out costs accuracy: single terms are up to 1 / (1 - |rho|) times
  # larger than their sum, and the error is that many roundings. It stays under 1e-9 up to
  # |rho| = 1 - 1e-6 and grows to 1e-7 at 1 - 1e-8.
  set.seed(206)
  for (k in 1:2) {
    q <- predictors_of(k)
    data <- random_points(k, 500, TRUE)
    zero <- matrix(0, q * q, 500)
    gap <- if (k == 2) correlation_parts(data$eta[5, ])$gap else rep(1, 500)
    x <- likelihood_expect(normal_of(k), data$cells, data$eta, zero)
    truth <- .Call(C_likelihood, normal_of(k), data$cells, data$eta)
    rows <- list(1, 1 + 1:q, 1 + q + 1:(q * q))
    for (i in rows) {
      error <- scaled_errors(x[i, , drop = FALSE], truth[i, , drop = FALSE], data$cells[1, ])
      expect_lte(max(error[gap >= 1e-6]), 1e-9)
      # exponents reach 25, whose own rounding is 8 eps of a term; a few points lose more than one
      # such
      expect_lte(quantile(error * gap, 0.99), 10 * .Machine$double.eps)
      expect_lte(max(error * gap), 100 * .Machine$double.eps)
    }
  }
})

test_that("a variance that rounding made negative is none", {
  cov <- matrix(0, 5, 5)
  cov[5, 5] <- -1e-20
  cell <- c(2, 0.3, -0.2, 1, 0.4, 0.8)
  mean <- c(0, 0.1, 0.2, -0.1, 0.7)
  expect_moments(
    expected_likelihood(2L, cell, mean, cov), expected_likelihood(2L, cell, mean, 0 * cov), 1e-14,
    2
  )
})

test_that("the expectation of log cosh equals adaptive integration", {
  # one row on its mean, r alone uncertain and 2 pi sd_1 sd_2 = 1: only log cosh is left
  log_cosh_half <- function(r) abs(r) / 2 + log1p(exp(-abs(r))) - log(2)
  s <- -log(2 * pi) / 2
  for (sd in c(1e-3, 0.01, 0.1, 0.5, 1, 1.5, 1.7, 2, 3, 5, 10, 20, 30)) {
    for (mean in c(0, 0.3, -2, 7, 18, -40)) {
      cov <- matrix(0, 5, 5)
      cov[5, 5] <- sd^2
      x <- expected_likelihood(2L, c(1, 0, 0, 0, 0, 0), c(0, 0, s, s, mean), cov)
      breaks <- c(-40, -20, -10, -5, -2, 0, 2, 5, 10, 20, 40)
      truth <- c(
        normal_integral(log_cosh_half, mean, sd, breaks),
        normal_integral(function(r) tanh(r / 2) / 2, mean, sd, breaks),
        normal_integral(function(r) 1 / (4 * cosh(r / 2)^2), mean, sd, breaks)
      )
      got <- c(x$value, x$gradient[5], x$hessian[5, 5])
      expect_close(t(got), t(truth), 1e-9, floor = c(1e-3, 1e-3, 1e-3))
    }
  }
})

test_that("expectations equal the mean over draws", {
  skip_if_not(full_tests())
  set.seed(207)
  n <- 1e6
  for (k in c(1, 2, 2)) {
    x <- random_case(k, 0.3)
    q <- length(x$mean)
    eta <- x$mean + t(chol(x$cov)) %*% matrix(rnorm(q * n), q)
    out <- .Call(C_likelihood, normal_of(k), matrix(x$cell, length(x$cell), n), eta)
    got <- likelihood_expect(normal_of(k), cbind(x$cell), cbind(x$mean), cbind(c(x$cov)))[, 1]
    se <- apply(out, 1, sd) / sqrt(n)
    expect_lte(max(abs(rowMeans(out) - got) / pmax(se, 1e-12 * abs(got) + 1e-12)), 5)
  }
})

# Cubature of degree 5 is exact up to sixth powers of the sd: half the sd, 1/64 of the error.
test_that("cubature, for likelihoods without closed forms, agrees with those of the normal", {
  set.seed(330)
  for (k in 1:2) {
    q <- predictors_of(k)
    m <- 40 # more than a block
    data <- random_points(k, m, TRUE)
    data$eta <- matrix(rnorm(q * m) / 2, q)
    root <- matrix(rnorm(q * q), q) / q
    error <- function(sd) {
      cov <- matrix(as.vector(tcrossprod(sd * root)), q * q, m)
      at <- function(cubature) {
        likelihood_expect(normal_of(k), data$cells, data$eta, cov, as.integer(cubature))
      }
      max(scaled_errors(at(TRUE), at(FALSE), data$cells[1, ]))
    }
    expect_lt(error(0.01), 1e-9)
    expect_lt(error(0.1), error(0.2) / 32)
    expect_lt(error(0), 1e-13)
    expect_lt(error(0.1), 1e-3)
  }
})
