test_that("of three responses, the two that are multiples of each other are named", {
  d <- rows_60()
  d$c <- -2 * d$a
  error <- expect_error(quick(cbind(a, b, c) ~ x, data = d),
    class = "covary_error_proportional_responses"
  )
  expect_identical(error$response, c("a", "c"))
})

test_that("a response that is a sum of others is named, with those", {
  d <- rows_60()
  d$e <- d$x^2
  d$c <- 3 * d$a - d$b + 1
  error <- expect_error(quick(cbind(a, e, b, c) ~ 1, data = d),
    class = "covary_error_dependent_responses"
  )
  expect_identical(error$response, "c")
  expect_identical(error$of, c("a", "b"))
  d$c <- d$c + 1e-3 * d$x
  expect_silent(quick(cbind(a, e, b, c) ~ 1, data = d, algorithm = "prior"))
  expect_s3_class(quiet(quick(cbind(a, e, b, c) ~ 1, data = d)), "covary")
})

test_that("responses that no row has together are said to be known by their prior alone", {
  d <- rows_60()
  d$c <- d$a + d$b + d$x
  d$a[1:30] <- NA
  d$b[31:60] <- NA
  warning <- expect_warning(suppressMessages(quick(cbind(a, b, c) ~ 1, data = d)),
    class = "covary_warning_never_together"
  )
  expect_identical(warning$pairs, "a:b")
  expect_no_warning(
    quick(cbind(a, b, c) ~ 1, rho(a, b) ~ 0, data = d),
    class = "covary_warning_never_together"
  )
  expect_no_warning(
    quick(cbind(a, b, c) ~ 1, data = d, algorithm = "prior"),
    class = "covary_warning_never_together"
  )
  cells <- suppressMessages(compress(d, c("a", "b"), by = ~1))
  expect_warning(quick(cbind(a, b) ~ 1, data = cells), class = "covary_warning_never_together")
  d$b[31] <- 0
  expect_no_warning(
    quick(cbind(a, b, c) ~ 1, data = d),
    class = "covary_warning_never_together"
  )
  d$b[31] <- NA
  fit <- suppressWarnings(quiet(quick(cbind(a, b) ~ 1, data = d)))
  expect_output(print(fit), "no row has both of a:b")
})
