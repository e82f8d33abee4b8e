test_that("particles match a two-dimensional normal within 5 %", {
  set.seed(1)
  cov <- matrix(c(1, 0.5, 0.5, 2), 2)
  fit <- svgd(gaussian_target(c(1, -2), cov))
  expect_true(fit$info$converged)
  expect_lt(max(abs(mean(fit) - c(1, -2)) / sqrt(diag(cov))), 0.05)
  expect_lt(max(abs(sd(fit) / sqrt(diag(cov)) - 1)), 0.05)
})

test_that("both modes of a mixture hold their weight", {
  set.seed(2)
  fit <- svgd(normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1)))
  expect_lt(abs(mean(as.matrix(fit) < 0.1) - 0.2), 0.05 + 1e-9)
})

test_that("directions agree with a naive twin", {
  set.seed(3)
  x <- matrix(rnorm(12), 2)
  n <- 6
  target <- gaussian_target(c(0.5, 0), matrix(c(1, 0.3, 0.3, 2), 2))
  g <- -solve(matrix(c(1, 0.3, 0.3, 2), 2)) %*% (x - c(0.5, 0))
  h <- median(as.matrix(dist(t(x)))^2) / (2 * log(n + 1))
  m <- rowMeans(x)
  v <- rowMeans((x - m)^2)
  rbf <- list(k = function(a, b) exp(-sum((a - b)^2) / (2 * h)), by_a = function(a, b) {
    (b - a) / h * exp(-sum((a - b)^2) / (2 * h))
  })
  linear <- list(k = function(a, b) 1 + sum((a - m) * (b - m) / v), by_a = function(a, b) {
    (b - m) / v
  })
  phi <- function(kernel, temperature) {
    sapply(1:n, function(i) {
      rowMeans(sapply(1:n, function(j) {
        kernel$k(x[, j], x[, i]) * g[, j] / temperature +
          kernel$by_a(x[, j], x[, i])
      }))
    })
  }
  direction <- function(moments, temperature) {
    settings <- list(
      particles = n, bandwidth = 0, moments = moments, batch_size = 0,
      batch_scale = 1, optimizer = sgd(1)$rule
    )
    matrix(.Call(internal("C_svgd"), target, settings, 1, temperature, NULL, x, numeric())$x, 2) - x
  }
  expect_equal(direction(0, 1), phi(rbf, 1), tolerance = rounding)
  expect_equal(direction(1, 1), phi(rbf, 1) + phi(linear, 1), tolerance = rounding)
  expect_equal(direction(1, 3), phi(rbf, 3) + phi(linear, 3), tolerance = rounding)
})

test_that("spreads are right in many dimensions, and a kernel that cannot is reported", {
  set.seed(5)
  d <- 12
  s <- exp(seq(-0.5, 0.5, length.out = d))
  correlation <- 0.5^abs(outer(1:d, 1:d, "-"))
  target <- gaussian_target(1:d, outer(s, s) * correlation)
  fit <- svgd(target, iterations = 600)
  expect_true(fit$info$converged)
  expect_lt(max(abs(mean(fit) - 1:d) / s), 0.05)
  expect_lt(max(abs(sd(fit) / s - 1)), 0.05)
  expect_lt(max(abs(cor(as.matrix(fit)) - correlation)), 0.05)
  expect_warning(narrow <- svgd(target, iterations = 600, kernel = "rbf"),
    class = "covary_warning_not_converged"
  )
  expect_lt(max(sd(narrow) / s), 0.9)
  expect_false(narrow$info$converged)
})

test_that("particles are redistributed by the mass of modes", {
  set.seed(6)
  target <- normal_mixture(c(.3, .7), c(-4, 4), c(1, 0.3))
  # ninety of a hundred particles in the mode of less mass
  state <- list(x = matrix(c(rnorm(90, -4), rnorm(10, 4, 0.3)), 1), memory = 1, iteration = 10)
  setup <- list(particles = 100, temperature = 1, heat = 1, planned = 10)
  moved <- internal("rebalance_particles")(target, setup, state)
  expect_lt(abs(mean(moved$x < 0) - 0.3), 0.031)
  expect_identical(moved$memory, 0)
  expect_false(anyDuplicated(moved$x[1, ]) > 0)
})

test_that("weights of modes and moments hold over 50 seeds", {
  skip_if_not(full_tests())
  weights <- vapply(1:50, function(seed) {
    set.seed(seed)
    mean(as.matrix(svgd(normal_mixture(c(.2, .8), c(-.3, .5), c(.1, .1)))) < 0.1)
  }, 0)
  expect_lt(max(abs(weights - 0.2)), 0.03)
})

test_that("SVGD takes minibatches", {
  set.seed(4)
  d <- data.frame(x = rnorm(400))
  d$y <- 1 + d$x + rnorm(400)
  target <- linear_regression(y ~ x, d)
  fit <- suppressWarnings(svgd(target, iterations = 500, batch_size = 100, jitter = 0.1, heat = 1))
  expect_lt(max(abs(mean(fit) - c(1, 1, 1))), 0.3)
})
