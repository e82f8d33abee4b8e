# What a run writes beside the progress bar, a line a step
progress_lines <- function(run) {
  lines <- character()
  fit <- withCallingHandlers(run(), message = function(m) {
    lines <<- c(lines, conditionMessage(m))
    invokeRestart("muffleMessage")
  })
  lines <- grep("variational inference", lines, value = TRUE)
  list(lines = trimws(sub(" \\[.*", "", lines)), fit = fit)
}

number_after <- function(lines, pattern) {
  as.numeric(sub(paste0(".*", pattern, ".*"), "\\1", grep(pattern, lines, value = TRUE)))
}

test_that("progress shows passes over the rows and the error in posterior sds, as they are", {
  set.seed(4)
  y <- rnorm(3000, 2, 3)
  calls <- 0
  target <- target_density(
    function(b, rows) {
      # the bar is silent for two seconds, counted from the first step
      calls <<- calls + (length(rows) > 100)
      if (length(rows) > 100 && calls == 2) Sys.sleep(2.05)
      -sum((y[rows] - b)^2) / 18
    },
    gradient = function(b, rows) sum(y[rows] - b) / 9, names = "b",
    transforms = list(b = transform_identity(1)), rows = 3000
  )
  seen <- progress_lines(function() {
    advi(target, "meanfield",
      batch_size = 100, draws = 100, refresh = TRUE
    )
  })
  expect_gt(length(seen$lines), 2)
  expect_match(seen$lines, "^covary: variational inference, [0-9.e+]+ passes")
  passes <- number_after(seen$lines, ", ([0-9.e+]+) passes")
  expect_false(is.unsorted(passes))
  expect_lt(max(passes), seen$fit$info$passes)
  last <- seen$lines[length(seen$lines)]
  expect_equal(number_after(last, "error ([0-9.e+-]+) sd$"), signif(seen$fit$state$error, 2))
})

test_that("progress of targets without rows shows the error alone, as soon as it is known", {
  status <- function(rows, state) {
    internal("run_status")(list(target = list(rows = rows), state = state))
  }
  expect_identical(status(0, list(evaluations = list(rows = 0))), "")
  expect_identical(status(0, list(error = Inf)), "")
  expect_identical(status(0, list(error = 0.0123)), ", error 0.012 sd")
  expect_identical(status(10, list(evaluations = list(rows = 25))), ", 2.5 passes")
})
