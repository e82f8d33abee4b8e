# Cells that lack some of their responses, by the kernel of partial correlations; regressions are in
# test-src-likelihood-regression.R.

# Log density of the observed responses of cell i, from Sigma
observed_value <- function(x, i, eta) {
  rows <- x$id == i
  sum(x$weight[rows] * naive_density(x$y[rows, , drop = FALSE], eta, x$at[[i]]))
}

test_that("every kind of cell has the density, score and Hessian of its observed responses", {
  set.seed(501)
  for (k in c(2L, 3L, 4L)) {
    x <- observed_case(k, sample(patterns_of(k)))
    expect_observed_derivatives(x, k, function(i, eta) observed_value(x, i, eta))
  }
})

test_that("a cell of three of four responses has the value and score found elsewhere", {
  eta <- c(
    0.504, 0.546, 0.084, -0.456, -0.576, -0.168, 0.396, 0.594, 0.246, -0.324, -0.6, -0.324,
    0.252, 0.594
  )
  root <- replace(numeric(10), c(1, 3, 4, 8, 9, 10), c(1.2, 0.3, -0.5, 1.4, 0.2, 0.8))
  cell <- c(5, 0.5, 0, -0.2, 1.1, root)
  out <- .Call(C_likelihood, partial_observed(4L, list(c(1, 3, 4))), cbind(cell), cbind(eta))
  expect_equal(out[1], -20.895332130252, tolerance = 1e-12)
  expect_close(out[2:15], c(
    0.7255225519483, 0, -1.449199265589, 2.713320105516, -0.2720914035134, 0, -3.533470235573,
    -0.5606847650056, 0, 0.3379644332905, -0.09872595914947, -0.1351024975264, 0.1629816748695,
    -0.4416673041247
  ), 1e-9)
})

test_that("the last responses drop out: what is left is the smaller model", {
  set.seed(502)
  k <- 5L
  x <- observed_case(k, rep(list(1:3), 40))
  out <- .Call(C_likelihood, x$likelihood, x$cells, x$eta)
  keep <- c(1:3, k + 1:3, 2 * k + 1:3)
  small <- .Call(
    C_likelihood, normal_of(3L), twin_cells(x$y[, 1:3], x$weight, x$id), x$eta[keep, ]
  )
  q <- predictors_of(k)
  at <- outer(keep, q * (keep - 1), `+`)
  expect_close(out[c(1, 1 + keep, 1 + q + at), ], small, 1e-13)
  expect_true(all(out[-c(1, 1 + keep, 1 + q + at), ] == 0))
})

test_that("kinds in any order, alone or mixed, at every level of vector code", {
  set.seed(503)
  k <- 4L
  x <- observed_case(k, sample(patterns_of(k), 75, TRUE))
  plain <- at_level("plain", .Call(C_likelihood, x$likelihood, x$cells, x$eta))
  together <- order(x$likelihood$observed)
  sorted <- list(name = "partial", responses = k, observed = x$likelihood$observed[together])
  for (level in c("base", "avx2")) {
    expect_close(
      at_level(level, .Call(C_likelihood, x$likelihood, x$cells, x$eta)), plain, 1e-11,
      floor = x$cells[1, ]
    )
    got <- at_level(level, .Call(C_likelihood, sorted, x$cells[, together], x$eta[, together]))
    expect_close(got, plain[, together], 1e-11, floor = x$cells[1, together])
  }
})

test_that("for two responses it agrees with the kernels of one and two", {
  set.seed(504)
  x <- observed_case(2L, sample(patterns_of(2), 40, TRUE))
  fast <- x$likelihood
  fast$name <- "normal"
  expect_close(
    .Call(C_likelihood, x$likelihood, x$cells, x$eta),
    .Call(C_likelihood, fast, x$cells, x$eta), 1e-12,
    floor = x$cells[1, ]
  )
})

test_that("residuals of any sign that lack responses have the density of those observed", {
  set.seed(505)
  k <- 4L
  at <- c(2, 3)
  a <- c(1.2, -0.3, 0.8)
  g <- c(1, 0.4, -0.2)
  u <- matrix(rnorm(6), 2)
  columns <- rbind(a, g, 0, u, 0)
  small <- c(rbind(a, g, u))
  column <- c(columns, numeric((k + 1) * (k + 2) - length(columns)))
  eta <- rnorm(predictors_of(k), sd = 0.5)
  f <- function(eta) .Call(C_likelihood, partial_observed(k, list(at)), cbind(column), cbind(eta))
  v <- naive_sigma(k, eta)[at, at]
  r <- u - outer(eta[at], g)
  n <- sum(a * g^2)
  out <- f(eta)
  expect_close(out[1], -n / 2 * (2 * log(2 * pi) + c(determinant(v)$modulus)) -
    sum(a * colSums(r * solve(v, r))) / 2, 1e-11, floor = 1)
  truth <- difference_jacobian(function(eta) f(eta)[1:15], eta)
  expect_close(out[2:15], truth[1, ], 1e-8, floor = 1)
  expect_close(out[-(1:15)], c(truth[-1, ]), 1e-8, floor = 1)
})

test_that("expectations of cells that lack responses are those of the observed", {
  set.seed(506)
  k <- 3L
  q <- predictors_of(k)
  x <- observed_case(k, list(c(1, 2), c(1, 2)), 0.3)
  cov <- vapply(1:2, function(i) c(random_cov(runif(q, 0.05, 0.1))), numeric(q^2))
  keep <- c(1:2, 4:5, 7)
  two <- likelihood_expect(
    normal_of(2L), twin_cells(x$y[, 1:2], x$weight, x$id), x$eta[keep, ],
    cov[c(outer(keep, q * (keep - 1), `+`)), ]
  )
  got <- likelihood_expect(x$likelihood, x$cells, x$eta, cov)
  at_mean <- .Call(C_likelihood, x$likelihood, x$cells, x$eta)
  gap <- function(a) max(abs(a - two[1:6, ]))
  expect_lt(gap(got[c(1, 1 + keep), ]), 0.02 * gap(at_mean[c(1, 1 + keep), ]))
})
