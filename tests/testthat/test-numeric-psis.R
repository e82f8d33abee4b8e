test_that("weights and khat are those of loo", {
  skip_if_not_installed("loo")
  set.seed(1)
  shapes <- list(
    normal = function(n) stats::rnorm(n, 0, stats::runif(1, 0.01, 4)),
    exponential = stats::rexp, t = function(n) stats::rt(n, 3),
    uniform = stats::runif, ties = function(n) round(stats::rnorm(n), 1), far = function(n) {
      stats::rnorm(n, 1e5, 10)
    },
    pareto = function(n) -stats::runif(1, 0.1, 1.5) * log(stats::runif(n)), narrow = function(n) {
      2 + 1e-3 * stats::rnorm(n)
    }
  )
  for (shape in names(shapes)) {
    for (n in c(100, 200, 1000, 4001)) {
      for (i in 1:5) {
        x <- shapes[[shape]](n)
        ours <- psis(x)
        theirs <- suppressWarnings(loo::psis(x, r_eff = 1))
        label <- paste(shape, n)
        log_weights <- as.vector(weights(theirs, log = TRUE))
        on <- log_weights > -300
        expect_lt(max(abs(log(ours$weights[on]) - log_weights[on])), 1e-8, label = label)
        k <- theirs$diagnostics$pareto_k
        if (is.finite(k)) {
          expect_lt(abs(ours$khat - k), 1e-8, label = label)
        } else {
          expect_identical(ours$khat, k, label = label)
        }
      }
    }
  }
})

test_that("ratios without a tail, or without a finite one, have a verdict", {
  expect_identical(psis(rep(3, 100))$khat, -Inf)
  expect_equal(psis(rep(3, 100))$log_mean, 3)
  expect_identical(psis(rep(-Inf, 100))$khat, Inf)
  expect_identical(psis(c(Inf, stats::rnorm(99)))$khat, Inf)
  expect_identical(psis(stats::rnorm(10))$khat, Inf)
  some <- psis(c(NA, rep(-Inf, 30), stats::rnorm(100)))
  expect_identical(some$weights[1:31], rep(0, 31))
  expect_equal(sum(some$weights), 1)
})

test_that("the mean ratio is that of the raw ratios", {
  set.seed(1)
  x <- stats::rnorm(1000)
  expect_equal(psis(x)$log_mean, log(mean(exp(x))))
  expect_equal(psis(x + 800)$log_mean, 800 + log(mean(exp(x))))
})

test_that("resampling is unbiased, and exact for equal weights", {
  for (n in c(1, 7, 4000)) {
    set.seed(n)
    expect_identical(resample(rep(1 / n, n), n), seq_len(n))
    expect_identical(resample(rep(5, n), n), seq_len(n))
  }
  expect_identical(sort(unique(as.vector(table(resample(rep(1, 10), 25))))), 2:3)
  set.seed(1)
  w <- stats::rexp(20)
  w <- w / sum(w)
  counts <- rowMeans(replicate(4000, tabulate(resample(w, 50), 20)))
  expect_lt(max(abs(counts - 50 * w)), 4 * 0.5 / sqrt(4000))
  expect_true(all(abs(tabulate(resample(w, 50), 20) - 50 * w) < 1))
  expect_identical(resample(c(0, 1, 0), 5), rep(2L, 5))
})

test_that("khat varies from sample to sample by about its standard error", {
  set.seed(51)
  for (n in c(1000, 4000)) {
    khat <- replicate(150, psis(-0.6 * log(runif(n)))$khat) # ratios are Pareto of shape .6
    # The sd of 150 has a standard error of 6 %; the formula is asymptotic.
    expect_lt(abs(log(sd(khat) / khat_error(mean(khat), n))), 0.25)
  }
  expect_true(is_khat_near(0.75, 1000) && is_khat_near(0.6, 1000))
  expect_false(is_khat_near(0.3, 1000) || is_khat_near(Inf, 1000))
  expect_match(khat_chance_text(0.75, 4000), "may differ by 0.12 and be below")
  expect_match(khat_chance_text(0.65, 4000), "above")
  expect_null(khat_chance_text(0.2, 4000))
})
