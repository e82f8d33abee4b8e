# Transcription of PyMC's CheckParametersConvergence, on a recorded path of parameters
transcription <- function(path, every, tolerance, relative) {
  previous <- NULL
  for (i in seq_len(nrow(path))) {
    if (is.null(previous)) {
      previous <- path[i, ]
      next
    }
    if (i %% every != 0 || i < every) next
    change <- if (relative) (abs(path[i, ] - previous) + 1e-6) / (abs(previous) + 1e-6) else abs(path[i, ] - previous)
    previous <- path[i, ]
    if (max(change) < tolerance) return(i)
  }
  Inf
}

test_that("convergence checks stop where a transcription of the rule stops", {
  target <- gaussian_target(c(2, -1), diag(c(1, 0.25)))
  for (diff in c("relative", "absolute")) {
    tolerance <- 0.05
    set.seed(1)
    path <- tracked(suppressWarnings(advi(target, "meanfield", optimizer = adam(0.02), iterations = 2500, callbacks = tracker(p = function(a) a$parameters))))$p
    set.seed(1)
    fit <- suppressWarnings(suppressMessages(advi(target, "meanfield", optimizer = adam(0.02), iterations = 2500,
      callbacks = check_convergence(every = 50, tolerance = tolerance, diff = diff))))
    stop_at <- transcription(path, 50, tolerance, diff == "relative")
    expect_lt(stop_at, 2500)
    expect_equal(fit$info$iterations, stop_at, info = diff)
    expect_match(fit$info$stopped, "Convergence achieved")
  }
})

test_that("trackers keep what they are told, also across refine()", {
  target <- gaussian_target(c(2, -1), diag(2))
  fit <- suppressWarnings(advi(target, optimizer = adam(), iterations = 20, callbacks = tracker(mean = mean, sd = sd, i = function(a, l, i) i, every = 5)))
  fit <- suppressWarnings(refine(fit, 20))
  kept <- tracked(fit)
  expect_equal(kept$iteration, seq(5, 40, 5))
  expect_equal(dim(kept$mean), c(8, 2))
  expect_equal(kept$i[, 1], seq(5, 40, 5))
})

test_that("callbacks can stop a run, and their errors carry the fit", {
  target <- gaussian_target(c(2, -1), diag(2))
  expect_message(fit <- suppressWarnings(advi(target, optimizer = adam(), iterations = 100, callbacks = function(approx, losses, i) {
    if (i == 17) stop_iteration("enough")
  })), "enough")
  expect_equal(length(fit$history), 17)
  e <- tryCatch(advi(target, optimizer = adam(), iterations = 100, callbacks = callback(function(approx, losses, i) stop("oops"), every = 10)), error = identity)
  expect_s3_class(e, "covary_error_callback")
  expect_s3_class(e$fit, "covary_approximation")
  expect_equal(e$iteration, 10)
  expect_length(e$fit$history, 10)
  expect_error(tracker(mean), class = "covary_error_argument")
  expect_error(advi(target, callbacks = list(3)), class = "covary_error_argument")
})

test_that("a loss that stops falling ends the run", {
  target <- gaussian_target(c(2, -1), diag(2))
  set.seed(1)
  fit <- suppressMessages(suppressWarnings(advi(target, optimizer = adam(0.02), iterations = 20000, callbacks = check_loss(window = 500))))
  expect_lt(fit$info$iterations, 20000)
})

test_that("an interrupted run is kept, and refine() continues it bit for bit", {
  plain <- gaussian_target(c(0, 1), diag(2))
  skewed <- target_density(function(t) sum(3 * t - exp(t)), function(t) 3 - exp(t), names = c("a", "b"))
  set.seed(8)
  d <- data.frame(x = rnorm(600))
  d$y <- d$x + rnorm(600)
  rows <- linear_regression(y ~ x, d)
  interrupt <- function() stop(structure(class = c("interrupt", "condition"), list(message = "", call = NULL)))
  runs <- list(
    stochastic = function(...) advi(plain, optimizer = adam(), iterations = 333, ...),
    natural = function(...) advi(rows, iterations = 333, batch_size = 50, control = advi_control(tolerance = 1e-4), ...),
    fixed = function(...) advi(skewed, iterations = 14, control = advi_control(tolerance = 0.02), ...),
    svgd = function(...) svgd(plain, particles = 10, iterations = 333, heat = 1, rebalance = FALSE, optimizer = adam(), ...))
  for (name in names(runs)) {
    at <- if (name == "fixed") 5 else 130
    # the callback draws random numbers before it is interrupted; they are not to be seen afterwards
    cut <- callback(function(approx, losses, i) if (i == at) {
      runif(3)
      interrupt()
    }, every = at)
    set.seed(9)
    whole <- suppressWarnings(runs[[name]](callbacks = callback(function(approx, losses, i) NULL, every = at)))
    set.seed(9)
    expect_warning(first <- runs[[name]](callbacks = cut), class = "covary_warning_interrupted")
    expect_true(first$info$interrupted)
    expect_false(first$info$converged)
    expect_length(first$history, at)
    first$callbacks <- list()
    second <- suppressWarnings(refine(first, length(whole$history) - at))
    expect_false(second$info$interrupted)
    expect_identical(second$history, whole$history, info = name)
    expect_identical(second$draws, whole$draws, info = name)
  }
})

test_that("a block that an interrupt cuts short leaves no trace", {
  calls <- 0
  cut <- Inf
  target <- target_density(function(t) -0.5 * sum(t^2), function(t) {
    calls <<- calls + 1
    if (calls == cut) stop(structure(class = c("interrupt", "condition"), list(message = "", call = NULL)))
    -t
  }, names = c("a", "b"))
  runs <- list(advi = function() advi(target, optimizer = adam(), iterations = 250),
    svgd = function() svgd(target, particles = 5, iterations = 250, heat = 1, rebalance = FALSE, optimizer = adam()))
  for (name in names(runs)) {
    cut <- Inf
    set.seed(11)
    whole <- suppressWarnings(runs[[name]]())
    calls <- 0
    cut <- if (name == "advi") 150 else 700
    set.seed(11)
    first <- suppressWarnings(runs[[name]]())
    cut <- Inf
    expect_true(first$info$interrupted)
    expect_lt(length(first$history), 250)
    second <- suppressWarnings(refine(first, 250 - length(first$history)))
    expect_identical(second$history, whole$history, info = name)
    expect_identical(second$draws, whole$draws, info = name)
  }
})
