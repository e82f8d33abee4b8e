# The Gaussian surrogate: marginal of the sds and conditional draws.
# exp(b' beta - beta' A beta / 2) N(beta | 0, T), T = diag(exp(2 t_group)), beta integrated out.

random_surrogate <- function(n, groups, definite = TRUE) {
  x <- matrix(rnorm(n * (n + 3)), n)
  a <- tcrossprod(x)
  if (!definite) a <- tcrossprod(x[, 1:2, drop = FALSE])
  list(a = a, b = rnorm(n, sd = 2), group = as.integer(rep_len(seq_len(groups), n)))
}

marginal <- function(s, t, order = 0L, level = 2L) {
  .Call(C_surrogate_marginal, s$a, s$b, s$group, as.matrix(t), order, level)
}

# z: a column a draw
draw_given <- function(s, t, z, level = 2L) {
  .Call(C_surrogate_draws, s$a, s$b, s$group, seq_along(s$b), t, t(z), level)
}

log_determinant <- function(x) as.numeric(determinant(x)$modulus)

test_that("the marginal is that of multivariate normal algebra", {
  set.seed(501)
  for (i in 1:30) {
    n <- sample(1:12, 1)
    groups <- sample(seq_len(min(n, 4)), 1)
    s <- random_surrogate(n, groups)
    t <- rnorm(groups)
    prior <- diag(exp(2 * t[s$group]), n)
    precision <- s$a + solve(prior)
    value <- -log_determinant(prior) / 2 - log_determinant(precision) / 2 +
      sum(s$b * solve(precision, s$b)) / 2
    expect_close(marginal(s, t)$value, value, 1e-11, floor = 1)

    # as a likelihood: estimate A^-1 b with error covariance A^-1 and prior covariance T
    estimate <- solve(s$a, s$b)
    total <- solve(s$a) + prior
    likelihood <- -n / 2 * log(2 * pi) - log_determinant(total) / 2 -
      sum(estimate * solve(total, estimate)) / 2
    constant <- n / 2 * log(2 * pi) - log_determinant(s$a) / 2 + sum(s$b * estimate) / 2
    expect_close(marginal(s, t)$value, constant + likelihood, 1e-9, floor = 1)
  }
})

test_that("the marginal of one coefficient equals numerical integration", {
  for (a in c(0, 0.5, 20)) {
    for (b in c(-3, 0, 1.5)) {
      for (t in c(-3, 0, 1)) {
        s <- list(a = matrix(a), b = b, group = 1L)
        centre <- b / (a + exp(-2 * t))
        width <- 1 / sqrt(a + exp(-2 * t))
        f <- function(x) exp(b * x - a * x^2 / 2) * dnorm(x, 0, exp(t))
        truth <- integrate(f, centre - 12 * width, centre + 12 * width, rel.tol = 1e-12)$value
        expect_equal(marginal(s, t)$value, log(truth), tolerance = rounding_of_solve)
      }
    }
  }
})

test_that("gradient and Hessian are right", {
  set.seed(502)
  for (i in 1:30) {
    n <- sample(1:12, 1)
    groups <- sample(seq_len(min(n, 4)), 1)
    s <- random_surrogate(n, groups, definite = i %% 2 == 0)
    t <- rnorm(groups)
    truth <- difference_jacobian(function(t) marginal(s, t)$value, t)
    out <- marginal(s, t, 1L)
    expect_close(drop(out$gradient), drop(truth), 1e-9, floor = 1)
    # a batch has another order of sums
    expect_close(out$value, marginal(s, t)$value, 1e-13, floor = 1)
    expect_null(marginal(s, t)$gradient)
    second <- difference_jacobian(function(t) drop(marginal(s, t, 1L)$gradient), t)
    both <- marginal(s, t, 2L)
    expect_close(c(both$hessian), c(second), 1e-8, floor = 1)
    expect_identical(both[c("value", "gradient")], out[c("value", "gradient")])
  }
})

test_that("points are independent of each other", {
  set.seed(503)
  s <- random_surrogate(6, 3)
  t <- matrix(rnorm(3 * 5), 3)
  out <- marginal(s, t, 2L)
  for (j in 1:5) {
    one <- marginal(s, t[, j], 2L)
    expect_identical(marginal(s, t)$value[j], marginal(s, t[, j])$value)
    expect_identical(out$value[j], one$value)
    expect_identical(out$gradient[, j], one$gradient[, 1])
    expect_identical(out$hessian[, j], one$hessian[, 1])
  }
})

test_that("sds that go to zero or infinity have their limits", {
  set.seed(504)
  s <- random_surrogate(5, 1)
  expect_equal(marginal(s, -200, 2L), list(value = 0, gradient = matrix(0), hessian = matrix(0)),
    tolerance = 1e-14
  )
  flat <- marginal(s, 100, 2L)
  limit <- -5 * 100 - log_determinant(s$a) / 2 + sum(s$b * solve(s$a, s$b)) / 2
  expect_equal(flat$value, limit, tolerance = rounding)
  expect_equal(flat$gradient[1], -5, tolerance = rounding)
  expect_lt(abs(flat$hessian[1]), rounding)
  expect_equal(marginal(list(a = matrix(0, 2, 2), b = c(0, 0), group = 1:2), c(3, -8))$value, 0)
})

test_that("a surrogate that is not a density gives NaN", {
  s <- list(a = matrix(-4), b = 1, group = 1L)
  expect_true(is.nan(marginal(s, 0, 2L)$value))
  expect_true(is.finite(marginal(s, -2)$value))
  out <- draw_given(s, matrix(0), matrix(1))
  expect_true(is.nan(out$beta) && is.nan(out$log_density))
})

test_that("draws have exactly the conditional mean and covariance", {
  set.seed(505)
  for (n in c(1, 2, 7)) {
    s <- random_surrogate(n, min(n, 3))
    t <- rnorm(min(n, 3))
    cov <- solve(s$a + diag(exp(-2 * t[s$group]), n))
    z <- cbind(0, diag(n))
    given <- draw_given(s, matrix(t, length(t), n + 1), z)
    out <- t(given$beta)
    density <- -n / 2 * log(2 * pi) - log_determinant(cov) / 2 -
      colSums((out - c(cov %*% s$b)) * solve(cov, out - c(cov %*% s$b))) / 2
    expect_close(given$log_density, density, rounding_of_sums)
    expect_close(out[, 1], cov %*% s$b, rounding_of_sums)
    root <- out[, -1, drop = FALSE] - out[, 1]
    expect_close(c(tcrossprod(root)), c(cov), rounding_of_sums)
    mixed <- rnorm(n)
    one <- draw_given(s, cbind(t), cbind(mixed))
    expect_close(drop(one$beta), out[, 1] + root %*% mixed, rounding)
  }
})

test_that("each draw uses its own sds", {
  set.seed(506)
  s <- random_surrogate(4, 2)
  t <- matrix(rnorm(2 * 3), 2)
  z <- matrix(rnorm(4 * 3), 4)
  out <- draw_given(s, t, z)
  for (j in 1:3) {
    one <- draw_given(s, t[, j, drop = FALSE], z[, j, drop = FALSE])
    expect_identical(out$beta[j, ], one$beta[1, ])
    expect_identical(out$log_density[j], one$log_density)
  }
})

test_that("batches of every width agree, whatever fills their panels", {
  set.seed(507)
  for (n in c(1:8, 23:26, 71)) {
    s <- random_surrogate(n, min(n, 3))
    s$group <- sort(s$group)
    t <- matrix(rnorm(min(n, 3) * 6), ncol = 6)[, rep(1:6, c(1, 3, 1, 2, 5, 1)), drop = FALSE]
    z <- matrix(rnorm(n * 13), n)
    value <- vapply(seq_len(13), function(j) marginal(s, t[, j], 1L)$value, 0)
    plain <- draw_given(s, t, z, 0L)
    for (j in c(1, 4, 11)) {
      precision <- s$a + diag(exp(-2 * t[s$group, j]), n)
      expect_close(sum((precision %*% plain$beta[j, ] - s$b) *
        (plain$beta[j, ] - solve(precision, s$b))), sum(z[, j]^2), rounding_of_fit)
    }
    for (level in 0:2) {
      expect_close(marginal(s, t, level = level)$value, value, 1e-12, floor = 1)
      out <- draw_given(s, t, z, level)
      expect_close(out$beta, plain$beta, 1e-10, floor = 1)
      expect_close(out$log_density, plain$log_density, 1e-12, floor = 1)
    }
  }
})

test_that("one point without a density leaves its neighbours alone", {
  s <- list(a = diag(c(-4, 1, 1, -4, 1)), b = 1:5 / 2, group = c(1L, 2L, 2L, 1L, 2L))
  t <- rbind(c(-2, 0, -2, -2, -2), -1:3)
  good <- c(1, 3:5)
  for (level in 0:2) {
    out <- marginal(s, t, level = level)$value
    expect_identical(is.nan(out), 1:5 == 2)
    expect_identical(out[good], marginal(s, t[, good], level = level)$value)
    draws <- draw_given(s, t, matrix(1, 5, 5), level)
    expect_identical(is.nan(draws$log_density), 1:5 == 2)
    expect_identical(is.nan(draws$beta), matrix(1:5 == 2, 5, 5))
  }
})

test_that("scoring steps are solved by the gradient, and their information is that of simulation", {
  set.seed(509)
  s <- random_surrogate(12, 3)
  names(s) <- c("a_p", "b_p", "group")
  class(s) <- "covary_dense_surrogate"
  # Flat priors of log tau: half-normal of an sd so large that its gradient is one, its curvature
  # zero
  prior <- half_normal(0, 1e8)
  model <- list(n_sds = 3L, core = list(
    sd_family = rep(prior$code, 3), sd_prior = matrix(prior$par, 3, 3)
  ))
  t <- rnorm(3, -1)
  step <- scoring_step(s, model, t)
  gradient <- .Call(C_surrogate_marginal, s$a_p, s$b_p, s$group, cbind(t), 1L, 2L)$gradient[, 1] + 1
  # The expected information: covariance of the score when b is drawn from the marginal model
  total <- solve(s$a_p) + diag(exp(2 * t[s$group]))
  root <- chol(total)
  scores <- replicate(4000, {
    estimate <- as.vector(crossprod(root, rnorm(12)))
    .Call(
      C_surrogate_marginal, s$a_p, as.vector(s$a_p %*% estimate), s$group, cbind(t), 1L, 2L
    )$gradient[, 1]
  })
  information <- stats::cov(t(scores)) + diag(0.5, 3)
  # 4000 simulations: standard errors of a few percent
  expect_equal(as.vector(information %*% step), gradient, tolerance = 0.1)
})
