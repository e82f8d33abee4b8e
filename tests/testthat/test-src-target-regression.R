# The joint log density of a regression with smooths as engines of the toolkit see it, against
# complex steps of its naive twin: all cells, minibatches, minibatches with an snapshot, partly
# standardised smooths.

joint_problem <- function(k, m = 12, rows = FALSE, shared = FALSE) {
  p <- rep(if (shared) 6 else 4, predictors_of(k)) + if (shared) {
    0
  } else {
    seq_len(predictors_of(k)) %%
      3
  }
  problem <- random_model(k, p, m, smooths = 3, penalised = 7)
  if (rows) {
    problem$id <- seq_len(m)
    problem$y <- problem$y[seq_len(m), , drop = FALSE]
    problem$weight <- rep(1, m)
    problem$model$cells <- twin_cells(problem$y, problem$weight, problem$id)
  }
  if (shared) problem$model$x <- rep(problem$model$x[1], length(p))
  problem
}

joint_target <- function(problem, ...) {
  size <- problem$model$size
  c(
    list(
      kind = "regression", data = problem$model, dim = size$coefficients + size$smooths,
      rows = size$cells
    ),
    list(...)
  )
}

# log density with cells `row`, each counted `scale` times, in place of all
twin_joint <- function(problem, theta, row = NULL, scale = 1, smooths = TRUE) {
  d <- problem$model$size$coefficients
  if (!is.null(row)) {
    problem$weight <- problem$weight * scale *
      tabulate(row, problem$model$size$cells)[problem$id]
  }
  twin_density(problem, theta[seq_len(d)]) + if (smooths) twin_smooths(problem$model, theta) else 0
}

expect_gradient <- function(target, twin, theta, row = NULL, scale = 1) {
  at <- .Call(C_target, target, matrix(theta), row, scale, TRUE)
  exact <- drop(complex_jacobian(twin, theta))
  expect_lt(abs(at$value - Re(twin(theta))) / (1 + abs(at$value)), rounding)
  expect_lt(max(abs(at$gradient - exact)) / max(abs(exact)), rounding)
  # values without a gradient are computed by other code
  expect_lt(abs(at$value - .Call(C_target, target, matrix(theta), row, scale, FALSE)$value) /
    (1 + abs(at$value)), rounding)
}

each_problem <- function(f) {
  for (k in 1:2) {
    for (rows in c(TRUE, FALSE)) {
      for (shared in c(TRUE, FALSE)) {
        for (m in c(12, 150)) {
          problem <- joint_problem(k, m, rows, shared)
          size <- problem$model$size
          f(problem, c(rnorm(size$coefficients, sd = 0.4), rnorm(size$smooths, sd = 0.7)))
        }
      }
    }
  }
}

test_that("gradients of the joint density agree with complex steps", {
  set.seed(821)
  each_problem(function(problem, theta) {
    expect_gradient(joint_target(problem), function(x) twin_joint(problem, x), theta)
    row <- sample.int(problem$model$size$cells, 9, TRUE)
    expect_gradient(
      joint_target(problem), function(x) twin_joint(problem, x, row, 1.7), theta, row,
      1.7
    )
    # long enough for several blocks of the vector code
    row <- sample.int(problem$model$size$cells, 131, TRUE)
    expect_gradient(
      joint_target(problem), function(x) twin_joint(problem, x, row, 0.3), theta, row,
      0.3
    )
  })
})

test_that("with an snapshot a minibatch estimates the difference from it", {
  set.seed(822)
  each_problem(function(problem, theta) {
    d <- problem$model$size$coefficients
    at <- theta[seq_len(d)] + rnorm(d, sd = 0.1)
    at_snapshot <- joint_target(problem, snapshot = .Call(C_snapshot, problem$model, at))
    row <- sample.int(problem$model$size$cells, 70, TRUE)
    base <- function(x, row = NULL) {
      if (!is.null(row)) {
        problem$weight <- problem$weight * 1.3 *
          tabulate(row, problem$model$size$cells)[problem$id]
      }
      sum(problem$weight *
        twin_rows(problem$y, twin_predictors(problem$model, x)[, problem$id, drop = FALSE]))
    }
    # gradients differ from those of the value by what the batch misses at the snapshot
    missed <- drop(complex_jacobian(base, at) - complex_jacobian(function(x) base(x, row), at))
    twin <- function(x) {
      base(at) + base(x[seq_len(d)], row) - base(at, row) +
        sum(missed * (x - theta)[seq_len(d)]) + twin_joint(problem, x, row, 0)
    }
    expect_gradient(at_snapshot, twin, theta, row, 1.3)
  })
})

test_that("natural-gradient steps see the prior of smooths through its expectation", {
  set.seed(824)
  problem <- joint_problem(2)
  model <- problem$model
  d <- model$size$coefficients
  n <- d + model$size$smooths
  m <- model$size$cells
  for (diagonal in c(TRUE, FALSE)) {
    chol_cov <- diag(runif(n, 0.1, 0.3))
    if (!diagonal) chol_cov[lower.tri(chol_cov)] <- rnorm(n * (n - 1) / 2, sd = 0.02)
    mean <- c(rnorm(d, sd = 0.4), rnorm(n - d, sd = 0.5))
    z <- rnorm(n)
    move <- as.vector(chol_cov %*% z)
    rate <- 1e-3
    settings <- list(
      family = list(name = if (diagonal) "meanfield" else "fullrank"), batch_size = m,
      batch_scale = 1,
      rate = rate, scale_rate = 0, offset = 1e300,
      power = 0, most = 1e300, metric = diag(n), precision = diag(n)
    )
    state <- list(
      mean = mean, chol_cov = chol_cov, mean_sum = numeric(n),
      scale_sum = numeric(if (diagonal) n else n^2)
    )
    out <- .Call(
      C_natural, joint_target(problem, analytic_prior = TRUE), settings, 1, 1L, z, seq_len(m),
      state
    )
    seen <- (out$mean - mean) / rate - move
    sds <- function(x) {
      sum(vapply(
        seq_len(n - d),
        function(g) twin_prior_code(model$sd_family[g], model$sd_prior[, g], x[d + g]), x[1]
      ))
    }
    draw <- function(x) twin_joint(problem, x, smooths = FALSE) + sds(x)
    # eq. 10 less the expectation of the priors of the sds
    expected <- .Call(C_smooths_expect, model, mean, tcrossprod(chol_cov))
    sd_part <- vapply(
      seq_len(n - d),
      function(g) {
        .Call(
          C_prior, model$sd_family[g], model$sd_prior[, g], mean[d + g],
          sqrt(sum(chol_cov[d + g, ]^2))
        )[, 1]
      },
      numeric(3)
    )
    at <- d + seq_len(n - d)
    expected$gradient[at] <- expected$gradient[at] - sd_part[2, ]
    expected$hessian[cbind(at, at)] <- expected$hessian[cbind(at, at)] - sd_part[3, ]
    exact <- drop(complex_jacobian(draw, mean + move)) + expected$gradient +
      as.vector(expected$hessian %*% move)
    expect_lt(max(abs(seen - exact)) / max(abs(exact)), rounding_of_fit)
    entropy <- sum(log(diag(chol_cov))) + n / 2 * (1 + log(2 * pi))
    expect_equal(-out$loss, draw(mean + move) + expected$value - sum(sd_part[1, ]) + entropy,
      tolerance = rounding
    )
  }
})
