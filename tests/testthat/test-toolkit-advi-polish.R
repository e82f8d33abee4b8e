quartic <- function() {
  target_density(
    function(x) -sum((x - c(1, -1, 0))^4) / 4 - x[1] * x[2] / 5,
    function(x) -(x - c(1, -1, 0))^3 - c(x[2], x[1], 0) / 5,
    names = c("u", "v", "w")
  )
}

test_that("the gradient over fixed draws is that of its value", {
  set.seed(1)
  state <- list(mean = c(0.8, -1, 0.2), cov = random_covariance(3, 20) / 4)
  state$noise <- matrix(stats::rnorm(3 * 16), 3)
  state <- internal("start_polish")(state)
  target <- quartic()
  at <- function(par, values = TRUE) internal("fixed_objective")(target, state, par, values)
  par <- stats::rnorm(9, 0, 0.2)
  numeric <- vapply(seq_along(par), function(j) {
    h <- replace(numeric(9), j, 1e-5)
    (at(par + h)$f - at(par - h)$f) / 2e-5
  }, 0)
  expect_equal(at(par)$g, numeric, tolerance = convergence_error)
  # without values the gradient is the same, and costs half
  counted <- internal("with_meter")(target)
  alone <- internal("fixed_objective")(counted, state, par, FALSE)
  expect_null(alone$f)
  expect_identical(alone$g, at(par)$g)
  expect_identical(counted$meter$evaluations, 16)
})

test_that("L-BFGS over fixed draws ends at the optimum over those draws", {
  set.seed(2)
  target <- quartic()
  family <- internal("new_variational_family")("fullrank", 3L)
  setup <- list(family = family, control = advi_control())
  state <- list(
    mean = c(0.5, -0.5, 0.3), cov = diag(0.3, 3),
    noise = internal("paired")(internal("stratified_pairs")(64, 3))
  )
  state <- internal("start_polish")(state)
  start <- state
  for (i in 1:50) {
    state <- internal("step_polish")(target, setup, state)
    if (!is.null(state$phase)) break
  }
  expect_identical(state$phase, "check")
  best <- stats::optim(numeric(9), function(par) {
    internal("fixed_objective")(target, start, par, TRUE)$f
  }, function(par) internal("fixed_objective")(target, start, par, FALSE)$g,
  method = "BFGS", control = list(maxit = 500, reltol = 1e-14)
  )
  right <- internal("polished_moments")(c(list(par = best$par), start[c("centre", "unit")]))
  off <- c(
    (state$mean - right$mean) / sqrt(diag(right$cov)), log(diag(state$cov) / diag(right$cov)) / 2
  )
  expect_lt(sqrt(mean(off^2)), 0.1 * setup$control$tolerance)
  # the ELBO that it reports, which slopes have summed up, is that over the draws
  theta <- state$centre + state$unit %*% (
    internal("polished_at")(state$par, 3)$shift +
      internal("polished_at")(state$par, 3)$lower %*% state$noise)
  value <- mean(internal("density_at")(target, t(theta))$value)
  expect_equal(state$elbo, value + internal("gaussian_entropy")(state$cov), tolerance = 0.003)
})

test_that("what L-BFGS has learned moves with the coordinates", {
  set.seed(3)
  d <- 3
  state <- list(mean = stats::rnorm(d), cov = random_covariance(d, 10))
  state <- internal("start_polish")(state)
  state$par <- stats::rnorm(9, 0, 0.4)
  state$bfgs <- list(s = list(stats::rnorm(9)), y = list(stats::rnorm(9)))
  moved <- internal("recentre_polish")(state)
  moments <- internal("polished_moments")
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
  state$bfgs$y[[1]] <- internal("fixed_objective")(target, state, state$par, FALSE)$g
  moved <- internal("recentre_polish")(state)
  g <- internal("fixed_objective")(target, moved, moved$par, FALSE)$g
  expect_equal(moved$bfgs$y[[1]], g)
})
