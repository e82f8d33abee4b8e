# Tabulated columns of smooths against mgcv.

one_smooth <- function(call, data) {
  build_smooths(call, globalenv(), data, rep(1, length(data$x)))[[1]]
}

test_that("tables give mgcv's columns for polynomial bases, at knots, between and at the ends", {
  set.seed(311)
  cases <- list(
    list(x = runif(300)), list(x = 1e6 * rnorm(200) + 1e9),
    list(x = round(rnorm(400) * 9)), list(x = rexp(300)^3 * 1e-4)
  )
  calls <- list(
    quote(s(x, k = 9)), quote(s(x, bs = "cr", k = 7)), quote(s(x, bs = "ps", k = 8)),
    quote(s(x, bs = "bs", k = 8)), quote(s(x, m = 1, k = 8)),
    quote(s(x, m = 3, k = 9)), quote(s(x, m = 4, k = 9)),
    quote(s(x, bs = "ps", k = 9, m = c(4, 3))), quote(s(x, bs = "bs", k = 9, m = c(5, 3)))
  )
  for (data in cases) {
    for (call in calls) {
      smooth <- one_smooth(call, data)
      table <- tabulate_smooth(smooth)
      expect_false(is.null(table))
      x <- c(
        data$x, range(data$x), seq(min(data$x), max(data$x), length.out = 777),
        polynomial_knots(smooth$sm)
      )
      x <- x[x >= min(data$x) & x <= max(data$x)]
      exact <- t(smooth_values(smooth, x))
      expect_lt(max(abs(table_columns(table, x) - exact)), 1e-9 * max(abs(exact)))
      expect_identical(smooth_columns(smooth, data.frame(x = x), table), table_columns(table, x))
    }
  }
})

test_that("columns of functions of a covariate come from the table too", {
  set.seed(312)
  data <- list(x = rexp(200) + 0.1)
  smooth <- one_smooth(quote(s(log(x), k = 6)), data)
  x <- runif(50, 0.2, 1)
  exact <- t(do.call(
    cbind,
    c(
      list(predict_smooth(smooth, data.frame(x = x))$fixed),
      predict_smooth(smooth, data.frame(x = x))$blocks
    )
  ))
  expect_equal(smooth_columns(smooth, data.frame(x = x), tabulate_smooth(smooth)), unname(exact),
    tolerance = rounding_of_fit
  )
})

test_that("no table where columns are no polynomials; none is used outside its range", {
  set.seed(313)
  data <- list(x = runif(200), z = runif(200), g = gl(2, 100))
  for (call in list(
    quote(s(x, bs = "cc", k = 8)), quote(s(x, bs = "gp", k = 8)),
    quote(s(x, z, k = 9)), quote(s(x, by = g, k = 6)), quote(s(g, bs = "re"))
  )) {
    expect_null(tabulate_smooth(one_smooth(call, data)), info = deparse1(call))
  }
  smooth <- one_smooth(quote(s(x, k = 9)), data)
  table <- tabulate_smooth(smooth)
  x <- c(0.5, 1.4)
  exact <- t(smooth_values(smooth, x))
  expect_equal(unname(smooth_columns(smooth, data.frame(x = x), table)), unname(exact),
    tolerance = rounding
  )
  table$env <- new.env()
  table$coefficients[] <- 0
  expect_equal(unname(smooth_columns(smooth, data.frame(x = 0.5), table)),
    unname(exact[, 1, drop = FALSE]),
    tolerance = rounding
  )
  # knots that are not all told
  expect_null(tabulate_smooth(smooth, breaks = seq(0, 1, by = 0.25)))
})
