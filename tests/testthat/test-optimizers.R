# f(x) = constant gradient path through a density in R whose gradient we choose
test_that("every rule takes the steps of its naive twin", {
  rules <- list(sgd = sgd(.1), momentum = momentum(.1), nesterov = nesterov(.1), adagrad = adagrad(.1), adagrad_window = adagrad_window(.1),
    rmsprop = rmsprop(.1), adadelta = adadelta(1), adam = adam(.1), adamax = adamax(.1))
  for (name in names(rules)) {
    # SVGD with one particle pair far apart and a fixed tiny kernel is plain gradient ascent divided by the number of particles
    target <- target_density(function(t) -0.5 * sum(t^2), function(t) -t, names = "x")
    settings <- list(particles = 2, bandwidth = 1e-6, batch_size = 0, batch_scale = 1, optimizer = rules[[name]]$code)
    x <- matrix(c(3, -5), 1)
    state <- numeric(2 * internal("optimizer_slots")(rules[[name]]))
    seen <- numeric(40)
    grads <- numeric(40)
    for (t in 1:40) {
      grads[t] <- x[1] / 2
      out <- .Call(internal("C_svgd"), target, settings, t, 1, NULL, x, state)
      x <- matrix(out$x, 1)
      state <- out$state
      seen[t] <- x[1] - 3
    }
    expect_equal(seen, naive_optimizer(name, cbind(grads), rules[[name]]$rate), tolerance = 1e-12, info = name)
  }
})

test_that("the default adagrad_window travels 3.16 in 10,000 steps of a steady gradient", {
  target <- target_density(function(t) 1000 * t[["x"]], function(t) 1000, names = "x")
  fit <- suppressWarnings(advi(target, "meanfield", iterations = 10000, control = advi_control(parity = "pymc")))
  expect_equal(unname(fit$mean), 3.164, tolerance = 1e-3)
})

test_that("lagging the normaliser removes the bias of the sd", {
  # conjugate normal, n = 10: posterior of the mean of N(mu, 1) data with prior N(0, 10^2)
  skip_if_not(full_tests())
  y <- c(-0.6, 0.2, -0.8, 1.6, 0.3, -0.8, 0.5, 0.7, 0.6, -0.3)
  target <- linear_regression(y ~ 1, data.frame(y = y), prior = normal(0, 10), sigma = half_normal(1))
  skip("see inst/validation/toolkit-parity.R")
})

test_that("optimisers refuse bad settings", {
  expect_error(adam(-1), class = "covary_error_argument")
  expect_error(momentum(momentum = 1), class = "covary_error_argument")
  expect_error(advi(normal_mixture(1, 0, 1), optimizer = "adam"), class = "covary_error_argument")
})
