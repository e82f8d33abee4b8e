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
  d2 <- as.matrix(dist(t(x)))^2
  h <- median(d2) / (2 * log(n + 1))
  k <- exp(-d2 / (2 * h))
  phi <- sapply(1:n, function(i) rowMeans(sapply(1:n, function(j) -k[j, i] * x[, j] / 2 + (x[, i] - x[, j]) * k[j, i] / h)))
  target <- gaussian_target(c(0, 0), diag(2))
  settings <- list(particles = n, bandwidth = 0, batch_size = 0, batch_scale = 1, optimizer = sgd(1)$code)
  out <- .Call(internal("C_svgd"), target, settings, 1, 2, NULL, x, numeric())
  expect_equal(matrix(out$x, 2) - x, phi, tolerance = 1e-12)
})

test_that("SVGD takes minibatches", {
  set.seed(4)
  d <- data.frame(x = rnorm(400))
  d$y <- 1 + d$x + rnorm(400)
  target <- linear_regression(y ~ x, d)
  fit <- suppressWarnings(svgd(target, iterations = 500, batch_size = 100, jitter = 0.1, heat = 1))
  expect_lt(max(abs(mean(fit) - c(1, 1, 1))), 0.3)
})
