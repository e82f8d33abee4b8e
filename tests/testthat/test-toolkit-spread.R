test_that("low-rank Gaussians have the densities, draws and sds of their covariance", {
  set.seed(1)
  low <- list(mean = 1:4 + 0, factors = list(s = c(0.5, 1, 2, 0.3), b = matrix(rnorm(8), 4)))
  cov <- diag(low$factors$s^2) + tcrossprod(low$factors$b)
  expect_equal(internal("spread_covariance")(low), cov)
  expect_equal(internal("spread_sds")(low), sqrt(diag(cov)))
  z <- matrix(rnorm(60), 10)
  draws <- internal("gaussian_draws")(low, z)
  moves <- t(draws) - low$mean
  naive <- -0.5 * colSums(moves * solve(cov, moves)) -
    0.5 * as.numeric(determinant(2 * pi * cov)$modulus)
  expect_equal(internal("spread_log_density")(low, z), naive)
  many <- internal("gaussian_draws")(low, internal("matched_noise")(4000, 6))
  expect_equal(stats::cov(many), cov, tolerance = 1e-8)
})

test_that("pairs of draws are orthogonal within blocks, and one in each stratum", {
  set.seed(2)
  z <- internal("stratified_pairs")(16, 40)
  expect_equal(dim(z), c(40, 16))
  for (block in list(1:16, 17:32, 33:40)) {
    expect_equal(tcrossprod(z[block, ]) / 16, diag(length(block)), tolerance = 1e-10)
  }
  one <- sort(abs(internal("stratified_pairs")(64, 1)))
  expect_lt(max(abs(one - qnorm(0.5 + 0.5 * (1:64 - 0.5) / 64))[1:60]), 0.1)
})

test_that("a mean-field fit of many parameters has no matrix of them", {
  d <- 6000
  m <- sin(seq_len(d))
  target <- target_density(function(t) -0.5 * sum((t - m)^2), function(t) m - t,
    names = "x", transforms = list(x = transform_identity(d))
  )
  set.seed(3)
  fit <- advi(target, "meanfield", draws = 200)
  expect_true(fit$info$converged)
  expect_lt(max(abs(mean(fit) - m)), 0.05)
  expect_lt(max(abs(log(sd(fit)))), 0.05)
  sizes <- vapply(unclass(fit)[c("mean", "sd", "draws", "state")], object.size, 0)
  expect_lt(sum(sizes), 0.3 * 8 * d^2)
  expect_null(fit$chol_cov)
  expect_error(vcov(fit), class = "covary_error_argument")
  expect_identical(dim(as.matrix(fit)), c(200L, as.integer(d)))
})

test_that("lp__ is that of the density at all draws, on request", {
  target <- target_density(
    function(x) -sum(x^2) / 2, function(x) -x,
    names = "x", transforms = list(x = transform_identity(21))
  )
  set.seed(1)
  fit <- advi(target, "meanfield", draws = 1200)
  known <- posterior::as_draws_matrix(fit)
  expect_equal(sum(is.na(known[, "lp__"])), 200)
  all <- posterior::as_draws_matrix(fit, lp = TRUE)
  expect_equal(as.vector(all[, "lp__"]), as.vector(-rowSums(all[, 1:21]^2) / 2))
  few <- posterior::as_draws_df(fit, ndraws = 5, lp = TRUE)
  expect_equal(few$lp__, -rowSums(as.matrix(fit)[1:5, ]^2) / 2)
  expect_error(posterior::as_draws_df(fit, lp = 2), class = "covary_error_argument")
})

test_that("factors with next to no specific variance have determinant and inverse all the same", {
  factors <- list(s = c(1e-9, 1e-9, 1), b = matrix(c(1, 2, 3, 1, 1, 0), 3))
  log_det <- internal("spread_log_det")(list(factors = factors))
  # |S^2 + B B'| = |B|^2 of the first two rows times what is left of the third, here exact
  a <- factors$b[1:2, ]
  third <- 1 + sum((factors$b[3, ] - factors$b[3, ] %*% solve(a) %*% a)^2)
  expect_equal(log_det, log(abs(det(a))) + 0.5 * log(third), tolerance = 1e-6)
  expect_true(is.nan(internal("spread_log_det")(list(factors = list(s = 0, b = matrix(1))))))
})
