test_that("random effects of numbers and of calls are answered by what to write", {
  d <- rows_60()
  d$id <- rep(1:12, 5)
  expect_message(quick(a ~ s(id, bs = "re"), data = d), "factor",
    class = "covary_message_random_slope"
  )
  expect_message(quick(a ~ s(x, bs = "re"), data = d), NA)
  expect_message(quick(a ~ s(g, x, bs = "re"), data = d), NA)
  expect_error(quick(a ~ s(g, I(x - 1), bs = "re"), data = d), "column of `data`",
    class = "covary_error_smooth"
  )
})
