# The likelihood of rows summed over blocks against that of all columns in memory.

case <- function(weights = NULL) {
  set.seed(611)
  n <- 1700
  d <- data.frame(
    x = runif(n), z = runif(n), w = rnorm(n),
    g = factor(sample(letters[1:3], n, TRUE)), known = rnorm(n, sd = 0.1)
  )
  e <- rnorm(n)
  d$y1 <- sin(4 * d$x) * d$z + 0.3 * d$w + e
  d$y2 <- d$x - d$z + 0.5 * e + rnorm(n)
  parsed <- parse_formulas(list(
    cbind(y1, y2) ~ g + s(x, z, k = 12) + s(w, k = 6),
    sigma ~ offset(known) + s(x, k = 5), rho ~ x:z
  ), data_names = names(d))
  frame <- read_frame(parsed, d, weights, NULL, stats::na.omit)
  scales <- response_scales(cells_moments(new_cells(frame)), colnames(frame$y))
  cells <- list(id = seq_len(n), first = seq_len(n), m = n, stats = rbind(row_weights(frame)))
  design <- tabulate_smooths(new_design(parsed, frame, cells))
  priors <- resolve_priors(design, scales, NULL)
  exact <- model_of_rows(design, frame, seq_len(n), priors, scales)
  list(exact = exact, blocks = function(...) {
    new_blocks_model(
      exact, design, frame, priors, scales,
      ...
    )
  }, n = n)
}

test_that("value, derivatives, expectation and draws are those of all rows, blocks kept or not", {
  for (weights in list(NULL, rep(c(1, 2.5), 850))) {
    case <- case(weights)
    set.seed(612)
    beta <- rnorm(case$exact$dim, sd = 0.2)
    cov <- crossprod(matrix(rnorm(case$exact$dim^2, sd = 0.02), case$exact$dim))
    draws <- matrix(rnorm(7 * case$exact$dim, sd = 0.2), 7)
    for (memory in c(0, 8 * 900 * case$exact$dim, 1e9)) {
      blocks <- case$blocks(size = 400, memory = memory)
      expect_s3_class(validate_model(blocks), "covary_blocks_model")
      for (again in 1:2) {
        expect_equal(loglik_and_priors(blocks, beta), loglik_and_priors(case$exact, beta),
          tolerance = rounding_of_sums
        )
        expect_equal(expect_loglik_and_priors(blocks, beta, cov),
          expect_loglik_and_priors(case$exact, beta, cov),
          tolerance = rounding_of_sums
        )
        expect_equal(loglik_and_priors_draws(blocks, draws),
          loglik_and_priors_draws(case$exact, draws),
          tolerance = rounding_of_sums
        )
      }
      expect_length(
        ls(blocks$row_blocks$kept),
        c(0, 2, 5)[match(memory, c(0, 8 * 900 * case$exact$dim, 1e9))]
      )
    }
    expect_equal(loglik_and_priors(blocks, beta, 1L)$gradient,
      loglik_and_priors(case$exact, beta, 1L)$gradient,
      tolerance = rounding_of_sums
    )
  }
})

test_that("the rung has the weight of all rows and a mode near theirs", {
  weighed <- subsample_model(case(rep(c(1, 2.5), 850))$blocks(size = 400), most = 800)
  expect_equal(sum(weighed$core$cells[1, ]), 1700 * 1.75)
  case <- case()
  rung <- subsample_model(case$blocks(size = 400), most = 800)
  expect_identical(rung$rows, 800L)
  at <- function(target) newton_mode(target, penalty(target, rep(-1, target$n_sds)))
  all <- at(case$exact)
  apart <- abs(at(rung)$mean - all$mean) / sqrt(diag(chol2inv(all$chol_precision)))
  expect_lt(max(apart), 4)
  expect_gt(max(apart), 1e-3)
})

test_that("covary() fits rows of joint smooths and a third covariate without all their columns", {
  skip_if_not(full_tests())
  set.seed(613)
  n <- 110000
  d <- data.frame(x = runif(n), z = runif(n), w = runif(n))
  d$y <- sin(5 * d$x) * d$z + d$w^2 + exp(0.5 * d$x - 1) * rnorm(n)
  fit <- suppressMessages(covary(y ~ s(x, z, k = 20) + s(w, k = 6), sigma ~ s(x, k = 6),
    data = d,
    draws = 500
  ))
  at <- data.frame(x = c(0.2, 0.5, 0.9), z = c(0.3, 0.8, 0.5), w = c(0.1, 0.6, 0.9))
  mean <- predict(fit, at, dpar = "mu", resp = "y")
  expect_true(all(abs(mean$estimate - (sin(5 * at$x) * at$z + at$w^2)) < 0.03))
  expect_true(all(abs(log(predict(fit, at, dpar = "sigma", resp = "y")$estimate) -
    (0.5 * at$x - 1)) < 0.03))
  expect_true(fit$info$converged)
  mean_of_rows <- mgcv::bam(y ~ s(x, z, k = 20) + s(w, k = 6), data = d, discrete = TRUE)
  expect_lt(max(abs(mean$estimate - predict(mean_of_rows, at))), 0.03)
})
