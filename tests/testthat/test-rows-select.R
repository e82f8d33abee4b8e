test_that("variables come from data, else from where the formula was written", {
  d <- rows_60()
  outside <- d$x
  degree <- 2
  fit <- quick(a ~ poly(outside, degree = degree), data = d)
  expect_identical(names(fit$frame$covariates), "outside")
  expect_error(quick(a ~ nothing, data = d), "nothing", class = "covary_error_variable")
  expect_error(quick(nothing ~ x, data = d), "nothing", class = "covary_error_variable")
  expect_error(quick(a ~ x, data = d, weights = nothing), "nothing",
    class = "covary_error_variable"
  )
  expect_error(quick(a ~ df, data = d), "df", class = "covary_error_covariate")
})

test_that("dates are numbers, columns of one are vectors", {
  d <- rows_60()
  d$day <- as.Date("2020-01-01") + 1:60
  d$scaled <- scale(d$x)
  d$value <- as.numeric(d$day)
  draws <- function(f) {
    set.seed(1)
    coefficients_of(quick(f, data = d))
  }
  expect_equal(draws(a ~ day + s(scaled, k = 5)), draws(a ~ value + s(scaled, k = 5)),
    ignore_attr = TRUE
  )
  fit <- quick(a ~ s(day, k = 5) + scaled, data = d)
  expect_identical(fit$design$covariates$day$type, "numeric")
  expect_true(all(is.finite(unlist(all_predictors(fit, d[1:3, ])))))
})

test_that("weights, subset and na.action are checked", {
  d <- rows_60()
  d$w <- 1
  expect_error(quick(a ~ x, data = d, weights = -w), class = "covary_error_weights")
  expect_error(quick(a ~ x, data = d, weights = 1:3), class = "covary_error_weights")
  expect_error(quick(a ~ x, data = d, subset = c(1:9, 9)), class = "covary_error_subset")
  expect_error(quick(a ~ x, data = d, subset = c(TRUE, FALSE)), class = "covary_error_subset")
  expect_error(quick(a ~ x, data = d, na.action = NULL), class = "covary_error_argument")
  d$x[3] <- NA
  expect_error(quick(a ~ x, data = d, na.action = "na.fail"), class = "covary_error_missing")
  expect_error(quick(a ~ z, data = d, na.action = na.fail), NA)
})

test_that("subset and weights of zero leave out rows as if they were not there", {
  d <- rows_60()
  d$w <- rep(c(0, 1, 1), 20)
  draws <- function(...) {
    set.seed(1)
    coefficients_of(quick(cbind(a, b) ~ g + s(x, k = 5), ...))
  }
  expect_identical(draws(data = d, subset = z > 0), draws(data = d[d$z > 0, ]))
  expect_identical(draws(data = d, subset = which(z > 0)), draws(data = d[d$z > 0, ]))
  expect_identical(draws(data = d, weights = w), draws(data = d[d$w > 0, ]))
  missing <- d
  missing$b[d$w == 0] <- NA
  expect_identical(draws(data = missing), draws(data = d[d$w > 0, ]))
})

test_that("what is dropped does not depend on the short way for complete rows", {
  d <- rows_60()
  parsed <- parse_formulas(cbind(a, b) ~ x + g, data_names = names(d))
  short <- read_frame(parsed, d, NULL, NULL, na.omit)
  long <- read_frame(parsed, d, NULL, rep(TRUE, 60), na.omit)
  expect_identical(short[names(short) != "row_names"], long[names(long) != "row_names"])
  expect_null(short$weights)
  expect_identical(row_weights(short), rep(1, 60))
  expect_identical(unname(short$y), unname(as.matrix(d[c("a", "b")])))
  # A sum that overflows is no missing value.
  d$a[1:2] <- 1.7e308
  expect_identical(read_frame(parsed, d, NULL, NULL, na.omit)$n, 60L)
  for (bad in c(NA, NaN)) {
    d$a[3] <- bad
    expect_message(frame <- read_frame(parsed, d, NULL, NULL, na.omit), "1 of 60",
      class = "covary_message_dropped_rows"
    )
    expect_identical(frame$rows, setdiff(1:60, 3L))
  }
  d$a[3] <- -Inf
  expect_error(read_frame(parsed, d, NULL, NULL, na.omit), "row 3", class = "covary_error_infinite")
})
