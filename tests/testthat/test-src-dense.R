# Models with many coefficients go through products of matrices: against the same oracle as small
# ones.

dense_problem <- function(k, p, m) {
  problem <- random_model(k, as.integer(p), m = m, smooths = 1, penalised = 10)
  single <- problem$id %in% which(tabulate(problem$id) == 1)
  problem$weight[single] <- 1
  problem$model$cells <- twin_cells(problem$y, problem$weight, problem$id)
  problem
}

for (case in list(
  list(k = 2, p = c(15, 20, 0, 17, 13), m = 150),
  list(k = 2, p = c(15, 13, 12, 17, 13), m = 64), list(k = 1, p = c(40, 25), m = 257)
)) {
  label <- sprintf("%d responses, %d coefficients, %d cells", case$k, sum(case$p), case$m)

  test_that(paste("value, gradient and Hessian are sums over rows:", label), {
    set.seed(421)
    problem <- dense_problem(case$k, case$p, case$m)
    beta <- rnorm(sum(case$p), sd = 0.1)
    out <- .Call(C_loglik_and_priors, problem$model, beta, 2L)
    expect_close(out$value, twin_density(problem, beta), rounding)
    expect_close(out$gradient, Re(twin_density_gradient(problem, beta)), rounding_of_sums)
    expect_close(
      c(out$hessian),
      c(complex_jacobian(function(b) twin_density_gradient(problem, b), beta)), rounding_of_sums
    )
    expect_identical(out$hessian, t(out$hessian))
    # Loops over rows serve the other orders.
    less <- .Call(C_loglik_and_priors, problem$model, beta, 1L)
    expect_equal(less[1:2], out[1:2], tolerance = last_bits)
  })

  test_that(paste("expectations are assembled as by plain algebra:", label), {
    set.seed(422)
    problem <- dense_problem(case$k, case$p, case$m)
    model <- problem$model
    beta <- rnorm(sum(case$p), sd = 0.1)
    cov <- random_cov(runif(length(beta), 0.02, 0.1))
    twin <- twin_expect(model, beta, cov)
    out <- .Call(C_expect_loglik_and_priors, model, beta, cov, 1L)
    expect_close(out$value, twin$value, rounding)
    expect_close(out$gradient, twin$gradient, rounding_of_sums)
    expect_close(c(out$hessian), c(twin$hessian), rounding_of_sums)
  })

  test_that(paste("log densities of draws are right:", label), {
    set.seed(423)
    problem <- dense_problem(case$k, case$p, case$m)
    for (n in c(1, 127, 128, 129)) {
      draws <- matrix(rnorm(n * sum(case$p), sd = 0.1), n)
      out <- .Call(C_loglik_and_priors_draws, problem$model, draws)
      each <- apply(draws, 1, function(b) .Call(C_loglik_and_priors, problem$model, b, 0L)$value)
      expect_close(t(out), t(each), 1e-12, floor = 1)
    }
    expect_length(.Call(C_loglik_and_priors_draws, problem$model, draws[0, , drop = FALSE]), 0)
  })
}

test_that("draws far out have the density of the scalar kernel, or none", {
  set.seed(424)
  problem <- dense_problem(2, c(15, 20, 0, 17, 13), 70)
  draws <- matrix(rnorm(20 * 65, sd = 3), 20)
  out <- .Call(C_loglik_and_priors_draws, problem$model, draws)
  each <- apply(draws, 1, function(b) .Call(C_loglik_and_priors, problem$model, b, 0L)$value)
  expect_equal(out, each, tolerance = rounding_of_solve)
  draws[3, 7] <- NaN
  expect_true(is.nan(.Call(C_loglik_and_priors_draws, problem$model, draws)[3]))
})
