# Expectations by points on the axes, for likelihoods without closed forms.

# The rule of one cell with the eigenvectors of the correlations as axes
naive_rule <- function(k, cell, mean, cov) {
  sd <- sqrt(diag(cov))
  free <- which(sd > 0)
  e <- eigen(cov[free, free] / outer(sd[free], sd[free]), symmetric = TRUE)
  root <- matrix(0, length(sd), length(free))
  root[free, ] <- sd[free] * e$vectors %*% diag(sqrt(e$values), length(free))
  points <- mean + cbind(0, sqrt(3) * root, -sqrt(3) * root)
  weights <- c(1 - length(free) / 3, rep(1 / 6, 2 * length(free)))
  out <- .Call(C_likelihood, normal_of(k), matrix(cell, length(cell), ncol(points)), points)
  drop(out %*% weights)
}

expectation_case <- function(k, m, most = 0.2) {
  data <- random_points(k, m, TRUE)
  q <- predictors_of(k)
  data$eta[-seq_len(2 * k), ] <- rnorm((q - 2 * k) * m, sd = 0.5)
  data$cov <- vapply(seq_len(m), function(i) c(random_cov(runif(q, 0.05, most))), numeric(q^2))
  data
}

test_that("of one cell, axes are the eigenvectors of the correlations", {
  set.seed(401)
  for (k in c(3L, 4L)) {
    data <- expectation_case(k, 3)
    q <- predictors_of(k)
    for (i in 1:3) {
      cov <- matrix(data$cov[, i], q)
      if (i == 3) cov[c(2, q), ] <- cov[, c(2, q)] <- 0 # offsets
      out <- likelihood_expect(
        normal_of(k), data$cells[, i, drop = FALSE], cbind(data$eta[, i]), cbind(c(cov))
      )
      expect_close(out[, 1], naive_rule(k, data$cells[, i], data$eta[, i], cov), 1e-10)
    }
  }
})

test_that("value and gradient are near the exact expectation", {
  mean <- c(0.1, -0.2, 0.3, 0.1, -0.1, 0.2, 0.6, -0.4, 0.9)
  cell <- c(6, 0.4, -0.3, 0.8, 1.6, 0.5, -0.3, 1.9, 0.7, 2.1)
  sd <- outer(1:9, 1:9, function(i, j) 0.5^abs(i - j))
  cov <- sd * outer(1:9, 1:9, function(i, j) 0.02 + 0.001 * (i + j))
  # 77 exponentials of the predictors and the expectation of log cosh
  value <- -24.368313626912
  gradient <- c(
    3.25852289051, -3.540200866794, 3.693393441282, -2.70220784452, 0.2291242315169,
    -0.180522650071, -0.3403769597734, 0.6429355998601, -0.9469169249242
  )
  # far less than at the mean, where they are off by 1.2 and 0.11
  for (rule in 0:2) {
    out <- likelihood_expect(normal_of(3L), cbind(cell), cbind(mean), cbind(c(cov)), rule)
    expect_lt(abs(out[1] - value), 0.03)
    expect_lt(max(abs(out[2:10] - gradient) * sqrt(diag(cov))), 0.004)
  }
  at_mean <- .Call(C_likelihood, normal_of(3L), cbind(cell), cbind(mean))
  expect_identical(out[-(1:10)], at_mean[-(1:10)])
  expect_gt(max(abs(at_mean[2:10] - gradient) * sqrt(diag(cov))), 0.08)
})

test_that("what is quadratic in the predictors is exact in every cell of a block", {
  set.seed(403)
  k <- 4L
  q <- predictors_of(k)
  data <- expectation_case(k, 40)
  for (i in 1:40) {
    cov <- matrix(0, q, q)
    cov[1:k, 1:k] <- random_cov(runif(k, 0.1, 1))
    data$cov[, i] <- cov
  }
  out <- likelihood_expect(normal_of(k), data$cells, data$eta, data$cov)
  at <- .Call(C_likelihood, normal_of(k), data$cells, data$eta)
  drift <- vapply(1:40, function(i) sum(at[-(1:(1 + q)), i] * data$cov[, i]) / 2, 0)
  expect_close(out[1, ], at[1, ] + drift, 1e-11)
  expect_close(out[1 + 1:k, ], at[1 + 1:k, ], 1e-10)
})

test_that("axes of a block change a cell by less than the rule is off", {
  set.seed(404)
  data <- expectation_case(3L, 40)
  size <- sqrt(data$cov[seq(1, 81, by = 10), ])
  for (level in c("plain", "avx2")) {
    block <- at_level(
      level, likelihood_expect(normal_of(3L), data$cells, data$eta, data$cov)[2:10, ]
    )
    alone <- vapply(1:40, function(i) {
      naive_rule(3L, data$cells[, i], data$eta[, i], matrix(data$cov[, i], 9))[2:10]
    }, numeric(9))
    at_mean <- .Call(C_likelihood, normal_of(3L), data$cells, data$eta)[2:10, ]
    rms <- function(x) sqrt(mean((x * size)^2))
    expect_lt(rms(block - alone), 0.1 * rms(at_mean - alone))
  }
})

test_that("the Hessian of a model is expected at all cells, at some, or stands at the mean", {
  set.seed(405)
  k <- 3L
  q <- predictors_of(k)
  m <- 150
  problem <- random_model(k, rep(2L, q), m)
  model <- problem$model
  d <- sum(model$size$coefficients)
  beta <- rnorm(d, sd = 0.1)
  cov <- random_cov(runif(d, 0.02, 0.06))
  expect_of <- function(every) .Call(C_expect_loglik_and_priors, model, beta, cov, every)
  all <- expect_of(1L)
  mean_alone <- expect_of(0L)
  priors <- list(0, numeric(d), matrix(0, d, d))
  expect_identical(mean_alone[1:2], all[1:2])
  eta <- twin_predictors(model, beta)
  design <- twin_design(model)
  hessian_of <- function(out, times = rep(1, m)) {
    total <- matrix(0, d, d)
    for (i in seq_len(m)) {
      x <- design[q * (i - 1) + seq_len(q), ]
      total <- total + times[i] * crossprod(x, matrix(out[-(1:(1 + q)), i], q) %*% x)
    }
    total
  }
  at_mean <- .Call(C_likelihood, model$likelihood, model$cells, eta)
  gap <- all$hessian - mean_alone$hessian
  v <- vapply(seq_len(m), function(i) {
    x <- design[q * (i - 1) + seq_len(q), ]
    c(x %*% cov %*% t(x))
  }, numeric(q^2))
  expected <- likelihood_expect(model$likelihood, model$cells, eta, v)
  expect_close(c(gap), c(hessian_of(expected) - hessian_of(at_mean)), 1e-9)
  # a systematic sample by weight; its cells are a block of their own, so axes differ
  some <- expect_of(3L)
  expect_identical(some[1:2], all[1:2])
  weight <- cumsum(model$cells[1, ])
  marks <- (seq_len(50) - 0.5) / 50 * weight[m]
  times <- tabulate(findInterval(marks, weight) + 1, m) * weight[m] / 50 / model$cells[1, ]
  picked <- which(times > 0)
  block <- c(rep(list(1:32), 1), list(33:length(picked)))
  change <- matrix(0, d, d)
  for (at in block) {
    i <- picked[at]
    out <- likelihood_expect(
      model$likelihood, model$cells[, i], eta[, i], v[, i]
    ) - at_mean[, i]
    whole <- matrix(0, nrow(out), m)
    whole[, i] <- out
    change <- change + hessian_of(whole, times)
  }
  expect_close(c(some$hessian - mean_alone$hessian), c(change), 1e-8)
})
