# f(x) = constant gradient path through a density in R whose gradient we choose
test_that("every rule takes the steps of its naive twin", {
  rules <- list(
    sgd = sgd(.1), momentum = momentum(.1), nesterov = nesterov(.1),
    adagrad = adagrad(.1), adagrad_window = adagrad_window(.1),
    rmsprop = rmsprop(.1), adadelta = adadelta(1), adam = adam(.1), adamax = adamax(.1)
  )
  for (name in names(rules)) {
    # SVGD with one particle pair far apart and a fixed tiny kernel is plain gradient ascent divided
    # by the number of particles
    target <- target_density(function(t) -0.5 * sum(t^2), function(t) -t, names = "x")
    settings <- list(
      particles = 2, bandwidth = 1e-6, batch_size = 0, batch_scale = 1,
      moments = FALSE, optimizer = rules[[name]]$rule
    )
    x <- matrix(c(3, -5), 1)
    state <- numeric(2 * internal("optimizer_slots")(rules[[name]]))
    seen <- numeric(40)
    grads <- numeric(40)
    for (t in 1:40) {
      grads[t] <- x[1] / 2
      out <- .Call(internal("C_svgd"), target, settings, t, 1, NULL, x, state)
      x <- matrix(out$x, 1)
      state <- out$memory
      seen[t] <- x[1] - 3
    }
    expect_equal(seen, naive_optimizer(name, cbind(grads), rules[[name]]$rate),
      tolerance = rounding,
      info = name
    )
  }
})

test_that("the default adagrad_window travels 3.16 in 10,000 steps of a steady gradient", {
  target <- target_density(function(t) 1000 * t[["x"]], function(t) 1000, names = "x")
  fit <- suppressWarnings(advi(target, "meanfield",
    iterations = 10000,
    control = advi_control(parity = "pymc")
  ))
  expect_equal(unname(fit$mean), 3.164, tolerance = 1e-3)
})

test_that("lagging the normaliser removes the bias of the sd", {
  # conjugate normal, n = 10; the sd moves so slowly that more than every 50th tells nothing new
  target <- gaussian_target(0.5, matrix(1 / 10))
  ratio <- function(optimizer) {
    fit <- suppressWarnings(advi(target, "meanfield",
      iterations = 1000, optimizer = optimizer,
      start_sigma = sqrt(0.1), start = c(x1 = 0.5),
      control = advi_control(stl = FALSE), draws = 100,
      callbacks = tracker(sd = function(a) a$chol_cov[1, 1], every = 50)
    ))
    fit <- suppressWarnings(refine(fit, if (full_tests()) 200000 else 60000))
    mean(tracked(fit)$sd[-(1:100), 1]) / sqrt(0.1)
  }
  set.seed(1)
  wide <- if (full_tests()) 0.01 else 0.02
  expect_equal(ratio(adagrad_window()), 1.085, tolerance = wide)
  expect_equal(ratio(adagrad_window(lagged = TRUE)), 1, tolerance = wide)
})

test_that("optimisers refuse bad settings", {
  expect_error(adam(-1), class = "covary_error_argument")
  expect_error(momentum(momentum = 1), class = "covary_error_argument")
  expect_error(advi(normal_mixture(1, 0, 1), optimizer = "adam"), class = "covary_error_argument")
})

test_that("what an optimiser accepts makes a whole optimiser", {
  expect_error(adam(epsilon = Inf), class = "covary_error_argument")
  expect_output(print(adam(epsilon = 0)), "adam")
})
