average_setup <- function(d, tolerance = 0.05) {
  list(
    family = internal("new_variational_family")("fullrank", d),
    control = advi_control(tolerance = tolerance)
  )
}

averaged <- function(target, mean, cov, steps, tolerance = 0.05) {
  setup <- average_setup(target$dim, tolerance)
  state <- list(mean = mean, cov = cov, noise = matrix(0, target$dim, 64), done = FALSE)
  state <- internal("start_average")(setup, state)
  for (i in seq_len(steps)) {
    if (state$done) break
    state <- internal("step_average")(target, setup, state)
  }
  state
}

test_that("steps over fresh draws reach a Gaussian from beside it, and know that they have", {
  a <- matrix(c(2, 0.5, 0, 0.5, 1, -0.3, 0, -0.3, 0.5), 3)
  m <- c(1, -2, 3)
  target <- target_density(
    function(x) -0.5 * sum((x - m) * (a %*% (x - m))), function(x) -as.vector(a %*% (x - m)),
    names = c("u", "v", "w")
  )
  right <- solve(a)
  set.seed(1)
  state <- averaged(target, m + 0.3 * sqrt(diag(right)), 1.3 * right, 100)
  expect_true(state$done)
  expect_lt(max(abs(state$mean - m) / sqrt(diag(right))), 0.03)
  expect_lt(max(abs(log(diag(state$cov) / diag(right)))) / 2, 0.03)
  # two steps are not enough to know
  expect_false(averaged(target, m + 3, 2 * right, 3)$done)
})

test_that("the error that they say is that of their draws", {
  # log density -x^4 / 4: the best Gaussian has E[g'] = -3 s^2 = -1 / s^2
  target <- target_density(function(x) -sum(x^4) / 4, function(x) -x^3, names = "x")
  right <- 3^-0.25
  errors <- vapply(1:20, function(seed) {
    set.seed(seed)
    state <- averaged(target, 0.1, matrix(0.5), 100, 0.1)
    c(state$mean / right, log(sqrt(state$cov) / right), state$error)
  }, numeric(3))
  rms <- sqrt(mean(errors[1:2, ]^2))
  expect_lt(rms, 0.035)
  expect_lt(abs(log(rms / sqrt(mean(errors[3, ]^2)))), log(2.5))
})
