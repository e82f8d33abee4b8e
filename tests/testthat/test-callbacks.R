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
