# Runs the engine and the twin over the same trials.
both_paths <- function(model, rate, momentum = .3, batch = 1, trials = 60, rows = 20) {
  t <- model$d * (model$d + 1) / 2
  x <- matrix(rnorm(rows * model$d, sd = .5), rows)
  y <- rep_len(seq_len(model$g), rows)
  lower <- diag(.6, model$d)
  triangle <- lower[lower.tri(lower, diag = TRUE)]
  if (model$scale == "covariance") triangle <- triangle * .6
  if (model$scale == "log_cholesky") triangle[triangle > 0] <- log(.6)
  parameter <- c(
    rnorm(model$d * model$g, sd = .3), rep(triangle, model$g), rep(0, model$g^2),
    if (model$bias) rep(0, model$g)
  )
  order <- unlist(lapply(seq_len(trials / rows), function(e) sample.int(rows)))
  settings <- learner_engine_settings(model, rows, batch, rate, momentum)
  engine <- covary:::run_trials(settings, t(x), y - 1L, order - 1L, 1L, parameter)
  sizes <- c(model$d * model$g, t * model$g, model$g^2 + if (model$bias) model$g else 0)
  list(
    engine = t(matrix(engine$record, length(parameter))), status = engine$status,
    twin = learner_twin_run(parameter, x, y, order, model, rep(rate, sizes), momentum, batch, rows)
  )
}

test_that("every step equals the twin's, in every parameterisation and activation", {
  set.seed(2)
  for (scale in c("log_cholesky", "cholesky", "covariance")) {
    for (activation in c("density", "log_density")) {
      model <- list(
        d = 2, g = 3, scale = scale, activation = activation,
        bias = activation == "density"
      )
      paths <- both_paths(model, c(.02, .005, .1))
      expect_identical(paths$status, 0L)
      expect_gt(max(abs(paths$twin[60, ] - paths$twin[1, ])), .01)
      expect_lte(max(abs(paths$engine - paths$twin)), 1e-12)
    }
  }
})

test_that("batches average their gradients and end with the epoch", {
  set.seed(3)
  model <- list(d = 3, g = 2, scale = "log_cholesky", activation = "density", bias = FALSE)
  paths <- both_paths(model, c(.02, .02, .3), batch = 7)
  steps <- which(rowSums(abs(diff(paths$engine))) > 0) + 1L
  expect_identical(steps, c(7L, 14L, 20L, 27L, 34L, 40L, 47L, 54L, 60L))
  expect_lte(max(abs(paths$engine - paths$twin)), 1e-12)
})

test_that("two thousand trials of the original study equal the twin within 1e-6", {
  skip_if_not(identical(Sys.getenv("COVARY_FULL_TESTS"), "true"))
  set.seed(4)
  learner <- learn_categories(category ~ x1 + x2, original_stimuli(), start = original_start)
  model <- list(d = 2, g = 2, scale = "log_cholesky", activation = "density", bias = FALSE)
  twin <- learner_twin_run(
    learner$start, learner$x, as.integer(learner$category),
    learner$trials$row, model,
    rep(learner$plan$rates, c(4, 6, 4)), .3
  )
  expect_lte(max(abs(as.matrix(trajectory(learner)[-1, -(1:6)]) - twin)), 1e-6)
})

test_that("a run in blocks equals the run in one piece, bit for bit", {
  set.seed(5)
  stimuli <- original_stimuli(20)
  learner <- learn_categories(category ~ x1 + x2, stimuli, batch = 7, epochs = 3)
  order <- learner$trials$row - 1L
  state <- list(
    parameter = learner$start, velocity = 0 * learner$start,
    gradient = 0 * learner$start, trial = 0,
    waiting = 0L
  )
  for (block in split(order, cut(seq_along(order), c(0, 3, 50, 51, 120)))) {
    state <- .Call(
      covary:::C_learner_run, learner$settings, t(learner$x),
      as.integer(learner$category) - 1L, block, 0L,
      state
    )
  }
  expect_identical(state$parameter, learner$parameter)
  expect_identical(state$trial, 120)
})

test_that("log densities are exact for far stimuli and finite at the ends of the range", {
  learner <- learn_categories(k ~ x, data.frame(k = c("a", "a", "b", "b"), x = c(0, 1, 2, 3)),
    epochs = 1
  )
  coef <- coef(learner)
  for (far in c(1e3, 1e80, 1e150)) {
    found <- predict(learner, data.frame(x = far), type = "density", log = TRUE)
    expected <- dnorm(far, coef$mean, sqrt(coef$covariance), log = TRUE)
    expect_equal(as.numeric(found), as.numeric(expected), tolerance = 1e-14)
  }
  ends <- data.frame(x = c(-1e150, 0, 1e-300, 1e150))
  for (type in c("prob", "density")) {
    expect_true(all(is.finite(predict(learner, ends, type = type, log = TRUE))))
  }
  expect_equal(rowSums(predict(learner, ends, type = "prob")), rep(1, 4))
})

test_that("no rate makes a log-Cholesky covariance singular or a parameter infinite", {
  set.seed(6)
  x <- rnorm(60, rep(c(-.3, .3), 30), .2)
  hard <- list(
    collinear = cbind(x, 2 * x), duplicated = cbind(rep_len(x[1:2], 60), rep_len(x[1:2], 60)),
    nearly_constant = cbind(c(1, rep(0, 59)), x), huge = cbind(x, rev(x)) * 1e150,
    mixed = cbind(x, c(1e150, x[-1]))
  )
  for (kind in names(hard)) {
    for (rate in c(1e-5, 1e-2, 10)) {
      for (activation in c("density", "log_density")) {
        stimuli <- data.frame(
          k = rep(c("a", "b"), 30), x1 = hard[[kind]][, 1],
          x2 = hard[[kind]][, 2]
        )
        learner <- suppressWarnings(learn_categories(k ~ x1 + x2, stimuli,
          learning_rates(rate, rate, rate),
          activation = activation
        ), classes = c("covary_warning_held", "covary_warning_silent"))
        expect_true(all(is.finite(as.matrix(trajectory(learner)[-1, -(1:5)]))),
          label = paste(kind, rate, activation)
        )
        for (g in 1:2) expect_no_error(chol(coef(learner)$covariance[, , g]))
      }
    }
  }
})

# One trial of a one-dimensional learner with log-density activation, from given weights.
one_step <- function(x, weight, scale_rate, mean_rate = 1e-300, weight_rate = 1e-300, sd = 1) {
  model <- list(d = 1, g = 2, scale = "log_cholesky", activation = "log_density", bias = FALSE)
  parameter <- c(0, 0, log(sd), log(sd), weight)
  state <- list(
    parameter = parameter, velocity = 0 * parameter, gradient = 0 * parameter,
    trial = 0, waiting = 0L
  )
  settings <- learner_engine_settings(model, 2, 1, c(mean_rate, scale_rate, weight_rate),
    unit = c(sd, sd)
  )
  out <- .Call(covary:::C_learner_run, settings, matrix(x), 0L, 0L, 0L, state)
  c(out, list(gradient_before = learner_twin_gradient(parameter, x, 1L, model)))
}

test_that("a scale step that leaves the valid region is halved until it stays inside", {
  weight <- c(.1, -.1, -.1, .1)
  rate <- 1e5
  out <- one_step(2, weight, rate)
  step <- -rate * out$gradient_before[3:4]
  inside <- function(l) l >= log(1e-30) && l <= log(1e150)
  halved <- vapply(
    step,
    function(s) s / 2^which(vapply(0:60, function(k) inside(s / 2^k), TRUE))[1] * 2, 0
  )
  expect_true(all(abs(step) > 400))
  expect_equal(out$parameter[3:4], halved)
  expect_equal(out$velocity[3:4], -halved / rate) # the velocity remembers the step that was taken
  expect_identical(out$held, c(0, 2, 0))
})

test_that("means and weights stop at their documented limits", {
  far <- one_step(1e150, c(1, 0, 0, -1),
    scale_rate = 0, mean_rate = 1e10, weight_rate = 10,
    sd = .1
  )
  expect_identical(max(abs(far$parameter[1:2])), 1e160)
  expect_identical(max(abs(far$parameter[5:8])), 1e100)
  expect_true(all(far$held[c(1, 3)] > 0))
})

test_that("a stimulus out of reach of a tiny covariance teaches nothing and breaks nothing", {
  d <- data.frame(k = c("a", "b", "a", "b"), x1 = c(0, 1e150, 0, -1e150), x2 = c(1, 1e150, 2, 3))
  learner <- suppressWarnings(learn_categories(k ~ x1 + x2, d, start = list(
    covariance = 1e-20,
    mean = matrix(0, 2, 2), weight = diag(2)
  )))
  expect_identical(learner$silent, 20)
  expect_identical(learner$parameter, learner$start)
  expect_identical(sum(learner$held), 0)
})

test_that("dimensions in wildly different units do not overflow on the way to a density", {
  model <- list(d = 3, g = 2, scale = "cholesky", activation = "log_density", bias = FALSE)
  unit <- c(1e-30, 1, 1e150)
  lower <- unit * rbind(c(1, 0, 0), c(.5, 1, 0), c(.5, .5, 1))
  parameter <- c(rep(0, 6), rep(lower[lower.tri(lower, diag = TRUE)], 2), rep(0, 4))
  density <- function(x) {
    .Call(
      covary:::C_learner_activate, learner_engine_settings(model, unit = rep(unit, 2)), x,
      parameter
    )$log_density[1]
  }
  expect_identical(density(c(1e150, 0, 0)), -1e304)
  expect_equal(density(unit), -1.5 * log(2 * pi) - sum(log(unit)) -
    sum(forwardsolve(lower / unit, rep(1, 3))^2) / 2)
})

test_that("a step that was cut short is counted and said", {
  stimuli <- data.frame(k = c("a", "b", "a", "b"), x = c(0, 1, .1, 1e150))
  expect_warning(
    learner <- learn_categories(k ~ x, stimuli, learning_rates(10, 10, 10),
      activation = "log_density"
    ),
    class = "covary_warning_held"
  )
  expect_gt(learner$held[["scale"]], 0)
  expect_output(print(learner), "cut short at a limit")
})

test_that("a frozen part stays where it started and the others move", {
  set.seed(7)
  stimuli <- original_stimuli(30)
  moved <- function(freeze) {
    learner <- learn_categories(category ~ x1 + x2, stimuli, freeze = freeze)
    before <- covary:::unpack_coef(learner$start, learner)
    vapply(
      c("mean", "covariance", "weight"),
      function(p) !identical(coef(learner)[[p]], before[[p]]), TRUE
    )
  }
  expect_identical(moved(NULL), c(mean = TRUE, covariance = TRUE, weight = TRUE))
  expect_identical(moved("mean"), c(mean = FALSE, covariance = TRUE, weight = TRUE))
  expect_identical(moved("scale"), c(mean = TRUE, covariance = FALSE, weight = TRUE))
  # zero weights pass nothing back
  expect_identical(moved("weight"), c(mean = FALSE, covariance = FALSE, weight = FALSE))
})
