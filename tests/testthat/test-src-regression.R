# The regression model assembled in C against sums over rows and dense designs.

# columns a predictor, with predictors that have none (only an offset)
designs <- list(
  list(k = 1, p = c(3, 2)), list(k = 1, p = c(0, 1)), list(k = 1, p = c(4, 0)),
  list(k = 2, p = c(2, 3, 1, 2, 2)), list(k = 2, p = c(1, 0, 2, 1, 0)),
  list(k = 2, p = c(0, 0, 0, 0, 3))
)

random_problem <- function(design, smooths = 0, penalised = 0) {
  random_model(design$k, as.integer(design$p), m = 12, smooths = smooths, penalised = penalised)
}

random_beta <- function(problem) rnorm(problem$model$size$coefficients, sd = 0.4)

for (design in designs) {
  label <- sprintf("K = %d, columns %s", design$k, toString(design$p))

  test_that(paste("value, gradient and Hessian are sums over rows:", label), {
    set.seed(401)
    for (penalised in c(0, 1)) {
      for (i in 1:5) {
        problem <- random_problem(design, penalised, penalised)
        beta <- random_beta(problem)
        value <- twin_density(problem, beta)
        gradient <- drop(complex_jacobian(function(b) twin_density(problem, b), beta))
        hessian <- complex_jacobian(function(b) twin_density_gradient(problem, b), beta)
        expect_close(Re(twin_density_gradient(problem, beta)), gradient, rounding)
        for (order in 0:2) {
          out <- .Call(C_loglik_and_priors, problem$model, beta, order)
          expect_close(out$value, value, rounding_of_sums)
          if (order == 0) expect_null(out$gradient) else expect_close(out$gradient, gradient, 1e-11)
          if (order < 2) {
            expect_null(out$hessian)
          } else {
            expect_close(
              c(out$hessian), c(hessian),
              rounding_of_sums
            )
          }
        }
        expect_identical(out$hessian, t(out$hessian))
      }
    }
  })

  test_that(paste("expectations are assembled as by dense algebra:", label), {
    set.seed(402)
    for (penalised in c(0, 1)) {
      for (i in 1:5) {
        problem <- random_problem(design, penalised, penalised)
        model <- problem$model
        beta <- random_beta(problem)
        d <- length(beta)
        cov <- random_cov(runif(d, 0.05, 0.3))
        twin <- twin_expect(model, beta, cov)
        out <- .Call(C_expect_loglik_and_priors, model, beta, cov, 1L)
        expect_close(out$value, twin$value, rounding)
        expect_close(out$gradient, twin$gradient, rounding)
        expect_close(c(out$hessian), c(twin$hessian), rounding)
        expect_identical(out$hessian, t(out$hessian))
      }
    }
  })

  test_that(paste("log densities of draws are right:", label), {
    set.seed(403)
    problem <- random_problem(design)
    for (n in c(1, 127, 128, 129, 300)) {
      draws <- matrix(rnorm(n * problem$model$size$coefficients, sd = 0.4), n)
      out <- .Call(C_loglik_and_priors_draws, problem$model, draws)
      each <- apply(draws, 1, function(b) .Call(C_loglik_and_priors, problem$model, b, 0L)$value)
      expect_close(t(out), t(each), 1e-13, floor = 1)
    }
    some <- c(1, 128, 129, 257, 300)
    twin <- apply(draws[some, , drop = FALSE], 1, function(b) twin_density(problem, b))
    expect_close(t(out[some]), t(twin), 1e-11, floor = 1)
    expect_length(.Call(C_loglik_and_priors_draws, problem$model, draws[0, , drop = FALSE]), 0)
  })
}

test_that("the expectation of the regression equals the mean over its draws", {
  skip_if_not(full_tests())
  set.seed(404)
  n <- 2e5
  for (design in designs) {
    problem <- random_problem(design)
    beta <- random_beta(problem)
    cov <- random_cov(runif(length(beta), 0.05, 0.15))
    draws <- beta + t(chol(cov)) %*% matrix(rnorm(length(beta) * n), ncol = n)
    values <- .Call(C_loglik_and_priors_draws, problem$model, t(draws))
    out <- .Call(C_expect_loglik_and_priors, problem$model, beta, cov, 1L)$value
    expect_lte(abs(mean(values) - out) / (sd(values) / sqrt(n)), 4)
  }
})

test_that("a singular covariance is no obstacle", {
  # predictors orthogonal to the only direction of variation have variance zero up to rounding
  set.seed(405)
  for (i in 1:200) {
    problem <- random_problem(designs[[6]])
    direction <- rnorm(3)
    for (j in 1:12) {
      x <- problem$model$x[[5]][, j]
      problem$model$x[[5]][, j] <- x - direction * sum(x * direction) / sum(direction^2)
    }
    mean <- rnorm(3, sd = 0.3)
    cov <- 10 * outer(direction, direction)
    out <- .Call(C_expect_loglik_and_priors, problem$model, mean, cov, 1L)
    if (anyNA(unlist(out))) break
  }
  expect_false(anyNA(unlist(out)))
})

test_that("a model that does not fit together is refused", {
  set.seed(406)
  model <- random_problem(designs[[1]])$model
  expect_error(
    .Call(C_loglik_and_priors, replace(model, "offset", list(1)), numeric(5), 0L), "offset"
  )
  expect_error(
    .Call(C_loglik_and_priors, model[names(model) != "offset"], numeric(5), 0L), "offset"
  )
  expect_error(.Call(C_loglik_and_priors, model, numeric(4), 0L), "beta")
  expect_error(
    .Call(C_loglik_and_priors, replace(model, "group", list(rep(7L, 5))), numeric(5), 0L), "group"
  )
  expect_error(.Call(C_loglik_and_priors_draws, model, matrix(0, 2, 4)), "draws")
})

# More cells than a block of the vector code, and columns that are zero in whole blocks of cells, as
# those of random effects are.
sparse_problem <- function(k) {
  problem <- random_model(k, as.integer(c(6, 3, 0, 5, 2)[seq_len(predictors_of(k))]), m = 75)
  problem$model$x <- lapply(problem$model$x, function(x) {
    level <- rep(1:3, each = 25)
    for (a in seq_len(nrow(x))) if (a > 1) x[a, level != (a - 1) %% 3 + 1] <- 0
    x
  })
  problem
}

test_that("columns that are zero in some blocks change nothing", {
  set.seed(410)
  for (k in 1:2) {
    for (level in c("plain", "base", "avx2")) {
      problem <- sparse_problem(k)
      beta <- random_beta(problem)
      old <- options(covary.simd = level)
      out <- .Call(C_loglik_and_priors, problem$model, beta, 2L)
      draws <- .Call(C_loglik_and_priors_draws, problem$model, rbind(beta, 0, -beta))
      cov <- random_cov(runif(length(beta), 0.05, 0.2))
      expected <- .Call(C_expect_loglik_and_priors, problem$model, beta, cov, 1L)
      dense <- problem$model # a tiny entry keeps every column in every block
      dense$x <- lapply(dense$x, function(x) replace(x, x == 0, 1e-300))
      with_all <- .Call(C_expect_loglik_and_priors, dense, beta, cov, 1L)
      options(old)
      expect_close(out$value, twin_density(problem, beta), rounding)
      expect_close(draws[1], out$value, last_bits)
      expect_close(out$gradient, Re(twin_density_gradient(problem, beta)), rounding_of_sums)
      expect_close(
        c(out$hessian),
        c(complex_jacobian(function(b) twin_density_gradient(problem, b), beta)), rounding_of_sums
      )
      for (part in names(expected)) expect_close(c(expected[[part]]), c(with_all[[part]]), 1e-13)
    }
  }
})

test_that("minibatches of any size are sums over their cells", {
  set.seed(411)
  for (k in 1:2) {
    problem <- sparse_problem(k)
    target <- list(
      kind = "regression", dim = problem$model$size$coefficients, rows = 75L,
      data = problem$model
    )
    beta <- random_beta(problem)
    at <- function(rows, scale = 1) {
      unlist(.Call(C_target, target, cbind(beta), rows, scale, TRUE)[1:2])
    }
    prior <- at(1L, 0)
    each <- vapply(1:75, function(i) at(i) - prior, prior)
    for (n in c(2, 31, 32, 33, 75)) {
      rows <- sample.int(75, n)
      expect_close(at(rows, 2.5) - prior, 2.5 * rowSums(each[, rows]), rounding)
    }
    snapshot <- .Call(C_snapshot, problem$model, beta)
    expect_close(c(snapshot$value, snapshot$gradient), rowSums(each), rounding_of_sums)
    expect_close(snapshot$value_of, each[1, ], rounding_of_sums)
  }
})
