test_that("the bar waits two seconds, then fills, and leaves a clean line", {
  expect_silent(new_progress(TRUE)$tick("fitting", 0.5))
  expect_silent(new_progress(FALSE)$tick("fitting", 0.5))
  progress <- new_progress(TRUE)
  environment(progress$tick)$started <- -Inf
  expect_message(progress$tick("fitting", 0.5), "covary: fitting [==========          ]  50%",
    fixed = TRUE
  )
  expect_message(progress$tick("fitting", 7), "100%", fixed = TRUE)
  expect_message(progress$close(), "^\r +\r$")
})
