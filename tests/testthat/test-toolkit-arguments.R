test_that("functions are asked for the arguments they will be called with", {
  check <- internal("check_callable")
  expect_identical(check(sum, "f", c("a", "b")), sum)
  two <- function(x, y) 0
  expect_identical(check(two, "f", c("a", "b")), two)
  expect_identical(check(two, "f", "a"), two)
  expect_error(check(two, "f", c("a", "b", "c")),
    class = "covary_error_argument", regexp = "function\\(a, b, c\\), not function\\(x, y\\)"
  )
  expect_error(check(function() 0, "f", "a"), class = "covary_error_argument", regexp = "none")
  expect_error(check(3, "f", "a"), class = "covary_error_argument")
  # primitives without arguments of their own are left to themselves
  expect_identical(check(`if`, "f", "a"), `if`)
})

test_that("settings are read whole before any of them is used", {
  target <- normal_mixture(1, 0, 1)
  edited <- advi_control()
  edited$rank <- "a"
  for (family in c("fullrank", "lowrank")) {
    expect_error(advi(target, family, control = edited), class = "covary_error_object")
    expect_error(advi(target, family, control = 5), class = "covary_error_argument")
  }
})
