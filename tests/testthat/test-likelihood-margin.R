# Naive transformations, written down from the papers.
naive_power <- function(y, l) if (l == 0) log(y) else (y^l - 1) / l
naive_yeo_johnson <- function(u, l) {
  vapply(u, function(u) {
    if (u >= 0) {
      if (l == 0) log(1 + u) else ((1 + u)^l - 1) / l
    } else {
      if (l == 2) -log(1 - u) else -((1 - u)^(2 - l) - 1) / (2 - l)
    }
  }, 0)
}

test_margins <- function() {
  positive <- c(0.3, 2, 5, 9, 40)
  signed <- c(-7, -2, -0.1, 0, 0.4, 3, 25)
  powers <- lapply(c(-2, -0.5, 0, 1e-9, 0.3, 1, 2.5), function(l) {
    list(margin = margin_of_data(power(l), positive), y = positive, naive = naive_power, l = l)
  })
  others <- lapply(c(-1, 0, 0.7, 1, 2, 3.2), function(l) {
    margin <- margin_of_data(yeo_johnson(l), signed)
    list(
      margin = margin, y = signed, l = l,
      naive = function(y, l) naive_yeo_johnson(y / margin$scale, l)
    )
  })
  bent <- lapply(list(c(0, 1), c(-0.6, 0.5), c(0.4, 2), c(2, 0.15)), function(l) {
    margin <- margin_of_data(shash(l[1], l[2]), signed)
    list(
      margin = margin, y = signed, l = l,
      naive = function(y, l) sinh(l[2] * asinh((y - margin$centre) / margin$scale) - l[1])
    )
  })
  c(powers, others, bent)
}

test_that("a transformation is that of the papers up to location and scale", {
  for (at in test_margins()) {
    found <- to_latent(at$margin, at$y)
    expect_lt(abs(cor(found, at$naive(at$y, at$l)) - 1), 1e-12)
    centre <- at$margin$centre
    h <- 1e-5 * at$margin$scale
    expect_equal(to_latent(at$margin, centre), centre)
    slope <- (to_latent(at$margin, centre + h) - to_latent(at$margin, centre - h)) / (2 * h)
    expect_lt(abs(slope - 1), 1e-6)
  }
})

test_that("inverse and slope belong to the transformation", {
  for (at in test_margins()) {
    latent <- to_latent(at$margin, at$y)
    expect_equal(from_latent(at$margin, latent), at$y, tolerance = 1e-9)
    h <- 1e-5
    slope <- (to_latent(at$margin, at$y + h) - to_latent(at$margin, at$y - h)) / (2 * h)
    expect_equal(exp(latent_log_slope(at$margin, at$y)), slope, tolerance = 1e-6)
    expect_true(all(diff(latent) > 0))
    ends <- latent_limits(at$margin)
    expect_true(all(latent > ends$lower & latent < ends$upper))
  }
})

test_that("parameters by draw are recycled along the rows of draws x rows", {
  margin <- margin_of_data(power(), c(2, 8))
  l <- c(-1, 0, 0.5)
  y <- matrix(rep(c(1, 3, 6, 9), each = 3), 3)
  found <- to_latent(margin, y, list(lambda = l))
  for (i in seq_along(l)) {
    expect_equal(found[i, ], to_latent(margin, y[i, ], list(lambda = l[i])))
  }
  expect_equal(from_latent(margin, found, list(lambda = l)), y)
})

test_that("values beyond the limit go to the end of the responses", {
  margin <- margin_of_data(power(0.5), c(4, 4))
  expect_equal(from_latent(margin, latent_limits(margin)$lower - 1), 0)
  margin <- margin_of_data(power(-0.5), c(4, 4))
  expect_equal(from_latent(margin, latent_limits(margin)$upper + 1), Inf)
  inside <- log_mass_within(margin, 5, 2)
  expect_equal(inside, pnorm((latent_limits(margin)$upper - 5) / 2, log.p = TRUE))
  expect_equal(log_mass_within(margin_of_data(power(0), 4), 5, 2), 0)
})

test_that("parameters are numbers or NULL", {
  expect_error(power("a"), class = "covary_error_argument")
  expect_error(power(c(1, 2)), class = "covary_error_argument")
  expect_error(yeo_johnson(1, scale = 0), class = "covary_error_argument")
  expect_output(print(power()), "power(lambda = estimated)", fixed = TRUE)
  expect_output(print(yeo_johnson(1.5)), "yeo_johnson(lambda = 1.5)", fixed = TRUE)
  expect_error(shash(delta = 0), class = "covary_error_argument")
  expect_error(shash(0, 1, scale = -1), class = "covary_error_argument")
  expect_error(shash(0, 1, centre = "a"), class = "covary_error_argument")
  expect_output(print(shash(delta = 1)), "shash(epsilon = estimated, delta = 1)", fixed = TRUE)
})

test_that("power() is a link of quasi families too, and margins of fits hold none", {
  own <- stats::glm(mpg ~ wt, stats::quasi(link = power(1 / 2), variance = "mu"), mtcars)
  base <- stats::glm(mpg ~ wt, stats::quasi(link = stats::power(1 / 2), variance = "mu"), mtcars)
  expect_equal(stats::coef(own), stats::coef(base))
  identity <- stats::glm(mpg ~ wt, stats::quasi(link = power()), mtcars)
  expect_equal(stats::coef(identity), stats::coef(stats::lm(mpg ~ wt, mtcars)))
  fit <- quiet(covary(mpg ~ wt, data = mtcars, margin = power(0), draws = 100))
  expect_false(any(vapply(fit$margins$mpg, is.function, TRUE)))
})
