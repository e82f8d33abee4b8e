repeated_rows <- function() {
  d <- rows_60()
  d$x <- round(d$x * 8) / 8
  d$row <- seq_len(60)
  d
}

test_that("the log density by cells is that by rows", {
  d <- repeated_rows()
  sets <- list(list(cbind(a, b) ~ x + g, sigma ~ x, rho ~ x), list(a ~ s(x, k = 5), sigma ~ g))
  for (f in sets) {
    by_cells <- model_of(f, data = d)
    f[[1]] <- stats::update(f[[1]], . ~ . + offset(0 * row))
    by_rows <- model_of(f, data = d)
    expect_lt(by_cells$core$size$cells, 40)
    expect_identical(by_rows$core$size$cells, 60L)
    for (i in 1:5) {
      beta <- stats::rnorm(by_cells$dim, 0, 0.3)
      one <- loglik_and_priors(by_cells, beta)
      two <- loglik_and_priors(by_rows, beta)
      # The columns of a smooth differ by the sign and order that eigen() picks, not here: x is the
      # same.
      if (by_cells$n_sds == 0) expect_equal(one, two, tolerance = 1e-11)
    }
  }
})

test_that("fits by cells are fits by rows", {
  d <- repeated_rows()
  draws <- function(f) {
    set.seed(1)
    coefficients_of(quick(f, sigma ~ x, rho ~ x, data = d))
  }
  expect_lt(
    draws_differ(draws(cbind(a, b) ~ x + g), draws(cbind(a, b) ~ x + g + offset(0 * row))),
    half_of_digits
  )
})

test_that("a weight is so many rows", {
  d <- repeated_rows()
  d$w <- rep(1:3, 20)
  draws <- function(...) {
    set.seed(1)
    coefficients_of(quick(cbind(a, b) ~ s(x, k = 5) + g, sigma ~ x, ...))
  }
  expect_lt(
    draws_differ(draws(data = d, weights = w), draws(data = d[rep(1:60, d$w), ])),
    half_of_digits
  )
})

test_that("the order of rows does not matter, nor that of the columns of a matrix", {
  d <- repeated_rows()
  d$m <- cbind(round(d$z), d$x)
  set.seed(2)
  shuffled <- d[sample(60), ]
  draws <- function(data, ...) {
    set.seed(1)
    coefficients_of(quick(..., data = data))
  }
  for (f in list(cbind(a, b) ~ s(x, k = 5) + g, a ~ m, a ~ poly(x, 2) * g)) {
    expect_lt(draws_differ(draws(d, f, sigma ~ x), draws(shuffled, f, sigma ~ x)), half_of_digits)
  }
})

test_that("moments are those of the rows", {
  d <- repeated_rows()
  d$w <- rep(1:3, 20)
  for (s in c(1, 1e300, 1e-300)) {
    frame <- read_frame(
      parse_formulas(cbind(a, b) ~ x, data_names = names(d)),
      transform(d, a = a * s), d$w, NULL, na.omit
    )
    m <- cells_moments(new_cells(frame))
    long <- d[rep(1:60, d$w), ]
    expect_equal(unname(m$mean), c(mean(long$a) * s, mean(long$b)), tolerance = rounding)
    expect_equal(unname(m$sd) / c(s, 1), c(stats::sd(long$a), stats::sd(long$b)) * sqrt(119 / 120),
      tolerance = rounding
    )
    expect_equal(m$cor[1, 2], stats::cor(long$a, long$b), tolerance = rounding)
  }
})
