test_that("the gradient over fixed draws is that of its value", {
  set.seed(1)
  state <- list(mean = c(0.8, -1, 0.2), cov = random_covariance(3, 20) / 4)
  state$noise <- matrix(stats::rnorm(3 * 16), 3)
  state <- internal("start_polish")(state)
  target <- quartic()
  at <- function(par, values = TRUE) internal("frame_objective")(target, state, par, values)
  par <- stats::rnorm(9, 0, 0.2)
  numeric <- vapply(seq_along(par), function(j) {
    h <- replace(numeric(9), j, 1e-5)
    (at(par + h)$f - at(par - h)$f) / 2e-5
  }, 0)
  expect_equal(at(par)$g, numeric, tolerance = convergence_error)
  # without values the gradient is the same, and costs half
  counted <- internal("with_meter")(target)
  alone <- internal("frame_objective")(counted, state, par, FALSE)
  expect_null(alone$f)
  expect_identical(alone$g, at(par)$g)
  expect_identical(counted$meter$evaluations, 16)
})

test_that("what L-BFGS has learned moves with the coordinates", {
  set.seed(3)
  d <- 3
  state <- list(mean = stats::rnorm(d), cov = random_covariance(d, 10))
  state <- internal("start_polish")(state)
  state$par <- stats::rnorm(9, 0, 0.4)
  state$bfgs <- list(s = list(stats::rnorm(9)), y = list(stats::rnorm(9)))
  moved <- internal("recentre_frame")(state)
  moments <- internal("frame_moments")
  expect_equal(moments(moved), moments(state))
  # the same step
  after <- function(of, size) {
    of$par <- of$par + size * of$bfgs$s[[1]]
    unlist(moments(of))
  }
  slope <- function(of) (after(of, 1e-5) - after(of, -1e-5)) / 2e-5
  expect_equal(slope(moved), slope(state), tolerance = convergence_error)
  # gains as much
  expect_equal(
    sum(moved$bfgs$s[[1]] * moved$bfgs$y[[1]]), sum(state$bfgs$s[[1]] * state$bfgs$y[[1]])
  )
  # and gradients are those of the new coordinates
  target <- quartic()
  state$noise <- matrix(stats::rnorm(d * 16), d)
  state$bfgs$y[[1]] <- internal("frame_objective")(target, state, state$par, FALSE)$g
  moved <- internal("recentre_frame")(state)
  g <- internal("frame_objective")(target, moved, moved$par, FALSE)$g
  expect_equal(moved$bfgs$y[[1]], g)
})
