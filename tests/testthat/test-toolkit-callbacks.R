# Transcription of PyMC's CheckParametersConvergence, on a recorded path of parameters
transcription <- function(path, every, tolerance, relative) {
  previous <- NULL
  for (i in seq_len(nrow(path))) {
    if (is.null(previous)) {
      previous <- path[i, ]
      next
    }
    if (i %% every != 0 || i < every) next
    change <- if (relative) {
      (abs(path[i, ] - previous) + 1e-6) / (abs(previous) + 1e-6)
    } else {
      abs(path[i, ] - previous)
    }
    previous <- path[i, ]
    if (max(change) < tolerance) {
      return(i)
    }
  }
  Inf
}

test_that("convergence checks stop where a transcription of the rule stops", {
  target <- gaussian_target(c(2, -1), diag(c(1, 0.25)))
  for (diff in c("relative", "absolute")) {
    tolerance <- 0.05
    set.seed(1)
    path <- tracked(suppressWarnings(advi(target, "meanfield",
      optimizer = adam(0.02),
      iterations = 2500, callbacks = tracker(p = function(a) a$parameters)
    )))$p
    set.seed(1)
    fit <- suppressWarnings(suppressMessages(advi(target, "meanfield",
      optimizer = adam(0.02),
      iterations = 2500,
      callbacks = check_convergence(every = 50, tolerance = tolerance, diff = diff)
    )))
    stop_at <- transcription(path, 50, tolerance, diff == "relative")
    expect_lt(stop_at, 2500)
    expect_equal(fit$info$iterations, stop_at, info = diff)
    expect_match(fit$info$stopped, "Convergence achieved")
  }
})

test_that("trackers keep what they are told, also across refine()", {
  target <- gaussian_target(c(2, -1), diag(2))
  fit <- suppressWarnings(advi(target,
    optimizer = adam(), iterations = 20,
    callbacks = tracker(mean = mean, sd = sd, i = function(a, l, i) i, every = 5)
  ))
  fit <- suppressWarnings(refine(fit, 20))
  kept <- tracked(fit)
  expect_equal(kept$iteration, seq(5, 40, 5))
  expect_equal(dim(kept$mean), c(8, 2))
  expect_equal(kept$i[, 1], seq(5, 40, 5))
})

test_that("callbacks can stop a run, and their errors carry the fit", {
  target <- gaussian_target(c(2, -1), diag(2))
  expect_message(fit <-
    suppressWarnings(advi(target,
      optimizer = adam(), iterations = 100,
      callbacks = function(approx, losses, i) {
        if (i == 17) stop_iteration("enough")
      }
    )), "enough")
  expect_equal(length(fit$history), 17)
  e <- tryCatch(advi(target,
    optimizer = adam(), iterations = 100,
    callbacks = callback(function(approx, losses, i) stop("oops"), every = 10)
  ), error = identity)
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
  fit <- suppressMessages(suppressWarnings(advi(target,
    optimizer = adam(0.02), iterations = 20000,
    callbacks = check_loss(window = 500)
  )))
  expect_lt(fit$info$iterations, 20000)
})

test_that("an interrupted run is kept, and refine() continues it bit for bit", {
  plain <- gaussian_target(c(0, 1), diag(2))
  skewed <- target_density(function(t) sum(3 * t - exp(t)), function(t) 3 - exp(t),
    names = c("a", "b")
  )
  set.seed(8)
  d <- data.frame(x = rnorm(600))
  d$y <- d$x + rnorm(600)
  rows <- linear_regression(y ~ x, d)
  interrupt <- function() {
    stop(structure(class = c("interrupt", "condition"), list(message = "", call = NULL)))
  }
  runs <- list(
    stochastic = function(...) advi(plain, optimizer = adam(), iterations = 333, ...),
    natural = function(...) {
      advi(rows,
        iterations = 333, batch_size = 50,
        control = advi_control(tolerance = 1e-4), ...
      )
    },
    fixed = function(...) {
      advi(skewed,
        iterations = 14, control = advi_control(tolerance = 0.02),
        ...
      )
    },
    svgd = function(...) {
      svgd(plain,
        particles = 10, iterations = 333, heat = 1, rebalance = FALSE,
        optimizer = adam(), ...
      )
    }
  )
  for (name in names(runs)) {
    at <- if (name == "fixed") 5 else 130
    # the callback draws random numbers before it is interrupted; they are not to be seen afterwards
    cut <- callback(function(approx, losses, i) {
      if (i == at) {
        runif(3)
        interrupt()
      }
    }, every = at)
    set.seed(9)
    whole <- suppressWarnings(runs[[name]](callbacks = callback(function(approx, losses, i) NULL,
      every = at
    )))
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
    if (calls == cut) {
      stop(structure(class = c("interrupt", "condition"), list(message = "", call = NULL)))
    }
    -t
  }, names = c("a", "b"))
  runs <- list(
    advi = function() advi(target, optimizer = adam(), iterations = 250),
    svgd = function() {
      svgd(target,
        particles = 5, iterations = 250, heat = 1, rebalance = FALSE,
        optimizer = adam()
      )
    }
  )
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

test_that("all trackers arrive, at their own iterations", {
  target <- gaussian_target(c(2, -1), diag(2))
  run <- function(...) suppressWarnings(advi(target, optimizer = adam(), iterations = 20, ...))
  set.seed(1)
  both <- tracked(run(callbacks = list(tracker(m = mean), tracker(s = sd))))
  set.seed(1)
  one <- tracked(run(callbacks = tracker(m = mean, s = sd)))
  expect_identical(both, one)
  set.seed(1)
  mixed <- tracked(run(callbacks = list(
    tracker(m = mean, every = 4), function(a, l, i) NULL,
    tracker(s = sd, name = function(a) "text", every = 5)
  )))
  expect_equal(mixed$iteration, c(4, 5, 8, 10, 12, 15, 16, 20))
  expect_equal(mixed$m[c(1, 3, 5, 7, 8), ], one$m[c(4, 8, 12, 16, 20), ])
  expect_true(all(is.na(mixed$m[c(2, 4, 6), ])))
  expect_equal(mixed$s[c(2, 4, 6, 8), ], one$s[c(5, 10, 15, 20), ])
  expect_identical(mixed$name[1:2], list(NULL, "text"))
  fit <- suppressWarnings(svgd(target, 10, 20,
    callbacks = list(tracker(m = mean), tracker(k = function(a, l, i) i))
  ))
  expect_equal(tracked(fit)$k[, 1], 1:20)
  # none looked yet
  expect_length(tracked(run(callbacks = tracker(m = mean, every = 50)))$iteration, 0)
  expect_true(is.list(tracked(run(callbacks = tracker(v = vcov, every = 10)))$v))
})

test_that("names of trackers are not lost to each other", {
  target <- gaussian_target(c(2, -1), diag(2))
  expect_error(advi(target, callbacks = list(tracker(m = mean), tracker(m = sd))),
    class = "covary_error_argument"
  )
  expect_error(svgd(target, callbacks = list(tracker(m = mean), tracker(s = sd, m = sd))),
    class = "covary_error_argument"
  )
  expect_error(tracker(m = mean, m = sd), class = "covary_error_argument")
  expect_error(tracker(iteration = mean), class = "covary_error_argument")
  expect_error(tracked(3), class = "covary_error_argument")
})

test_that("what is tracked can be seen while it is, and a refined fit leaves its origin alone", {
  target <- gaussian_target(c(2, -1), diag(2))
  seen <- NULL
  fit <- suppressWarnings(advi(target,
    optimizer = adam(), iterations = 1200,
    callbacks = list(
      tracker(m = mean),
      callback(function(approx, losses, i) seen <<- c(seen, nrow(tracked(approx)$m)), every = 400)
    )
  ))
  expect_equal(seen, c(399, 799, 1199))
  first <- tracked(fit)
  expect_equal(nrow(first$m), 1200)
  more <- suppressWarnings(refine(fit, 10))
  expect_identical(tracked(fit), first)
  expect_equal(tracked(more)$iteration, as.double(1:1210))
})

test_that("tracking costs the same at the end of a long run as at its start", {
  target <- normal_mixture(1, 0, 1)
  seconds <- function(n) {
    run <- function() {
      advi(target,
        optimizer = adam(), iterations = n,
        callbacks = tracker(m = function(a) 1)
      )
    }
    system.time(suppressWarnings(run()))[["user.self"]]
  }
  seconds(500)
  expect_lt(seconds(16000) / seconds(4000), 8)
})

test_that("functions of other arguments are refused when they are given", {
  expect_error(callback(function() 1),
    class = "covary_error_argument", regexp = "approx, losses, i"
  )
  expect_error(callback(function(a) 1), class = "covary_error_argument")
  expect_error(tracker(m = function(a, b) 1), class = "covary_error_argument", regexp = "`m`")
  target <- target_density(function(t) -0.5 * sum(t^2), function(t) -t, names = "a")
  run <- function(callbacks) {
    advi(target, optimizer = adam(0.1), iterations = 5, callbacks = callbacks)
  }
  expect_error(run(function(a) 1), class = "covary_error_argument")
  expect_s3_class(suppressWarnings(run(function(...) 1)), "covary_approximation")
  expect_error(stop_iteration(NULL), class = "covary_error_argument")
  expect_error(stop_iteration(1:3), class = "covary_error_argument")
})

test_that("an approximation that is not finished shows points of a fixed design", {
  target <- target_density(function(t) -0.5 * sum((t - 1:2)^2), function(t) 1:2 - t,
    names = c("a", "b"), transforms = list(b = "log")
  )
  seen <- list()
  look <- function(approx, losses, i) {
    seen <<- list(
      draws = as.matrix(approx), few = posterior::as_draws_matrix(approx, ndraws = 1),
      summary = summary(approx), mean = mean(approx), sd = sd(approx)
    )
  }
  run <- function(callbacks) {
    set.seed(1)
    suppressWarnings(advi(target, optimizer = adam(0.1), iterations = 20, callbacks = callbacks))
  }
  plain <- run(list())
  fit <- run(look)
  expect_equal(fit$draws, plain$draws)
  expect_equal(dim(seen$draws), c(128, 2))
  expect_equal(colMeans(seen$draws), seen$mean)
  expect_equal(seen$summary$sd, unname(seen$sd))
  expect_true(all(is.finite(seen$summary$mcse)))
  expect_equal(dim(seen$few), c(1, 2))
})
