test_that("averaged mean-field steps reach a correlated Gaussian from beside it, and know it", {
  a <- matrix(c(2, 0.9, 0, 0.9, 1, -0.3, 0, -0.3, 0.5), 3)
  m <- c(1, -2, 3)
  target <- target_density(
    function(x) -0.5 * sum((x - m) * (a %*% (x - m))), function(x) -as.vector(a %*% (x - m)),
    names = c("u", "v", "w")
  )
  right <- 1 / sqrt(diag(a))
  averaged <- function(mean, sd, steps) {
    set.seed(1)
    state <- list(mean = mean, sd = sd, noise = internal("stratified_pairs")(32, 3), done = FALSE)
    state <- internal("start_average_diagonal")(target, state)
    # all of the way counts
    state$average$seen <- 0
    setup <- list(control = advi_control(most_draws = 1e5))
    for (i in seq_len(steps)) {
      if (state$done) break
      state <- internal("step_average_diagonal")(target, setup, state)
    }
    state
  }
  state <- averaged(m + 0.3 * right, 1.3 * right, 500)
  expect_true(state$done)
  # it stops at .35 tolerances, .0175 as a root mean square
  expect_lt(sqrt(mean(c((state$mean - m) / right, log(state$sd / right))^2)), 2 * 0.0175)
  expect_false(averaged(m + 3, 2 * right, 3)$done)
})
