test_that("of a normal density the step is exact, and the change of sds that of first order", {
  set.seed(1)
  d <- 4
  truth <- crossprod(matrix(stats::rnorm(d^2), d)) + diag(d)
  centre <- stats::rnorm(d)
  gradient <- function(x) -as.vector(truth %*% (x - centre))
  wide <- truth / 1.1^2
  mean <- centre + 0.1
  pair <- fresh_pairs(gradient, mean, chol(wide), 2000)
  expect_equal(pair$step, matrix(-0.1 * 1.1^2, d, 2000), tolerance = rounding)
  changes <- pair_changes(pair, identity, sqrt(diag(solve(wide))))
  expect_equal(changes$shift[, 1], rep(-0.1 * 1.1^2, d) / sqrt(diag(solve(wide))),
    tolerance = rounding
  )
  found <- summarise_changes(changes)
  # (1 - 1.1^2) / 2, by 2000 squares of normals a function
  expect_lt(abs(log(found$sd_ratio) + 0.105), 4 * found$sd_ratio_mcse)
  expect_equal(found$shift_mcse, 0)
  right <- pair_changes(fresh_pairs(gradient, centre, chol(truth), 5), identity, 1)
  expect_lt(max(abs(unlist(right))), rounding)
})

test_that("of a density that is not normal both are expectations within their Monte Carlo errors", {
  # a x - exp(x): E gradient = a - exp(m + v / 2), E Hessian = -exp(m + v / 2)
  set.seed(2)
  a <- 3
  m <- log(a)
  v <- 1 / a
  expected <- a - exp(m + v / 2)
  pair <- fresh_pairs(function(x) a - exp(x), m, sqrt(cbind(1 / v)), 4000)
  step <- pair$step[1, ]
  expect_lt(abs(mean(step) - v * expected), 4 * stats::sd(step) / sqrt(4000))
  change <- pair_changes(pair, identity, sqrt(v))$log_sd[1, ]
  truth <- 0.5 * (1 - v * exp(m + v / 2))
  expect_lt(abs(mean(change) - truth), 4 * stats::sd(change) / sqrt(4000))
})

test_that("the verdict refuses what is off and what is not finite", {
  good <- list(shift = 0.04, sd_ratio = c(0.95, 1.06))
  expect_true(is_right_gaussian(good))
  expect_false(is_right_gaussian(replace(good, "shift", 0.06)))
  expect_false(is_right_gaussian(replace(good, "shift", NaN)))
  expect_false(is_right_gaussian(replace(good, "sd_ratio", list(c(0.9, 1)))))
  expect_false(is_right_gaussian(replace(good, "sd_ratio", list(c(1, Inf)))))
})
