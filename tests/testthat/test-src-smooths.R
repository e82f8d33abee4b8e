# Prior of the smooths and its Gaussian expectation against the naive twin.

smooth_model <- function() random_model(1, c(4, 3), m = 3, smooths = 3, penalised = 5)$model

random_theta <- function(model) {
  c(rnorm(model$size$coefficients), rnorm(model$size$smooths, sd = 0.7))
}

test_that("value, gradient and Hessian are right", {
  set.seed(301)
  for (i in 1:50) {
    model <- smooth_model()
    theta <- random_theta(model)
    out <- .Call(C_smooths, model, theta)
    expect_close(out$value, twin_smooths(model, theta), rounding)
    gradient <- complex_jacobian(function(x) twin_smooths(model, x), theta)
    expect_close(twin_smooths_gradient(model, theta), drop(gradient), rounding)
    expect_close(out$gradient, drop(gradient), rounding)
    hessian <- complex_jacobian(function(x) twin_smooths_gradient(model, x), theta)
    expect_close(c(out$hessian), c(hessian), rounding)
    expect_identical(out$hessian, t(out$hessian))
  }
})

test_that("unpenalised coefficients take no part", {
  set.seed(302)
  model <- smooth_model()
  theta <- random_theta(model)
  free <- which(model$group == 0)
  cov <- tcrossprod(matrix(rnorm(100, sd = 0.1), 10))
  for (out in list(.Call(C_smooths, model, theta), .Call(C_smooths_expect, model, theta, cov))) {
    expect_identical(out$gradient[free], 0 * free)
    expect_true(all(out$hessian[free, ] == 0))
  }
})

test_that("a model without smooths gives nothing", {
  set.seed(303)
  model <- random_model(1, c(2, 1), m = 3)$model
  out <- .Call(C_smooths, model, c(1, 2, 3))
  expect_identical(out, list(value = 0, gradient = numeric(3), hessian = matrix(0, 3, 3)))
})

# E over (b, t): given t, b is normal, and b^2 has expectation mean^2 + variance; t is then
# integrated by quadrature. No closed form of exp(-2 t) b^2 is used.
twin_expected_square <- function(mean, cov) {
  rule <- gauss_hermite(60)
  t <- mean[2] + sqrt(cov[2, 2]) * rule$node
  b <- mean[1] + cov[1, 2] / cov[2, 2] * (t - mean[2])
  v <- cov[1, 1] - cov[1, 2]^2 / cov[2, 2]
  sum(rule$weight * exp(-2 * t) * (b^2 + v))
}

test_that("the expectation is right", {
  set.seed(304)
  for (i in 1:10) {
    model <- smooth_model()
    theta <- random_theta(model)
    d <- model$size$coefficients
    dim <- length(theta)
    cov <- random_cov(runif(dim, 0.1, 1))
    value <- 0
    for (a in which(model$group > 0)) {
      pair <- c(a, d + model$group[a])
      value <- value - log(2 * pi) / 2 - theta[pair[2]] -
        twin_expected_square(theta[pair], cov[pair, pair]) / 2
    }
    for (g in seq_len(model$size$smooths)) {
      t <- d + g
      f <- function(x) twin_prior_code(model$sd_family[g], model$sd_prior[, g], x)
      value <- value + normal_integral(f, theta[t], sqrt(cov[t, t]), reach = 16)
    }
    out <- .Call(C_smooths_expect, model, theta, cov)
    expect_close(out$value, value, rounding_of_fit)
    f <- function(mean) unlist(.Call(C_smooths_expect, model, mean, cov)[1:2])
    slope <- difference_jacobian(f, theta)
    expect_close(out$gradient, slope[1, ], rounding_of_fit)
    expect_close(c(out$hessian), c(slope[-1, ]), rounding_of_fit)

    lower <- which(lower.tri(cov, TRUE))
    by_cov <- function(v) {
      x <- matrix(0, dim, dim)
      x[lower] <- v
      .Call(C_smooths_expect, model, theta, x + t(x) - diag(diag(x)))$value
    }
    diagonal <- row(cov)[lower] == col(cov)[lower]
    step <- ifelse(diagonal, pmin(0.01, diag(cov)[row(cov)[lower]] / 8), 0.01)
    expect_close(
      drop(difference_jacobian(by_cov, cov[lower], step)),
      ifelse(diagonal, 0.5, 1) * out$hessian[lower], half_of_digits
    )
  }
})

test_that("without uncertainty the expectation is the density", {
  set.seed(305)
  model <- smooth_model()
  theta <- random_theta(model)
  truth <- .Call(C_smooths, model, theta)
  out <- .Call(C_smooths_expect, model, theta, matrix(0, 10, 10))
  expect_equal(out, truth, tolerance = last_bits)
  expect_equal(.Call(C_smooths_expect, model, theta, diag(-1e-22, 10)), truth,
    tolerance = last_bits
  )
})

test_that("expectations equal the mean over draws", {
  skip_if_not(full_tests())
  set.seed(306)
  n <- 1e5
  model <- smooth_model()
  theta <- random_theta(model)
  cov <- random_cov(runif(10, 0.1, 0.4))
  draws <- theta + t(chol(cov)) %*% matrix(rnorm(10 * n), 10)
  flat <- function(x) unlist(x, use.names = FALSE)
  all <- apply(draws, 2, function(x) flat(.Call(C_smooths, model, x)))
  got <- flat(.Call(C_smooths_expect, model, theta, cov))
  se <- apply(all, 1, sd) / sqrt(n)
  expect_lte(max(abs(rowMeans(all) - got) / pmax(se, 1e-10)), 5)
})
