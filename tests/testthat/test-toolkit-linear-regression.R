test_that("offsets of a linear regression are known parts of the mean", {
  set.seed(21)
  d <- data.frame(x = rnorm(60), o = rnorm(60, 5), e = runif(60), g = factor(rep(letters[1:3], 20)))
  d$y <- 1 + d$x + d$o + 2 * d$e + as.integer(d$g) + rnorm(60)
  by_hand <- linear_regression(I(y - o - 2 * e) ~ x + g, d, prior = NULL, sigma = NULL)
  offset <- linear_regression(y ~ x + g + offset(o) + offset(2 * e), d, prior = NULL, sigma = NULL)
  theta <- matrix(rnorm(15), 3)
  expect_equal(internal("density_at")(offset, theta, TRUE),
    internal("density_at")(by_hand, theta, TRUE),
    tolerance = rounding
  )
  expect_equal(unname(mean(advi(offset))[1:4]),
    unname(coef(lm(y ~ x + g + offset(o) + offset(2 * e), d))),
    tolerance = 1e-3
  )
  new <- data.frame(x = 0, g = "b", o = c(0, 10), e = c(0, 1))
  expect_equal(diff(predict(advi(offset), new)$estimate), 12)
  expect_error(predict(advi(offset), new[-3]), class = "covary_error_newdata")
  expect_error(linear_regression(y ~ x + offset(h), transform(d, h = as.character(g))),
    class = "covary_error_variable"
  )
  expect_error(linear_regression(y ~ x + offset(o), transform(d, o = replace(o, 3, Inf))),
    class = "covary_error_infinite"
  )
  expect_message(linear_regression(y ~ x + offset(o), transform(d, o = replace(o, 3, NA))),
    class = "covary_message_dropped_rows"
  )
})

test_that("predictions keep their rows, and mean what they meant in the fit", {
  set.seed(22)
  d <- data.frame(
    x = rnorm(60), g = factor(rep(letters[1:3], 20)), l = runif(60) > 0.5,
    c = rep(c("u", "v"), 30)
  )
  d$y <- d$x^2 + as.integer(d$g) + d$l + rnorm(60)
  contrasts(d$g) <- contr.sum(3)
  fit <- advi(linear_regression(y ~ poly(x, 2) + g * l + c, d, prior = NULL, sigma = NULL))
  exact <- lm(y ~ poly(x, 2) + g * l + c, d)
  new <- d[c(4, 9, 20, 33), c("x", "g", "l", "c")]
  new$g <- as.character(new$g)
  set.seed(1)
  p <- predict(fit, new)
  expect_equal(p$estimate, unname(fitted(exact)[c(4, 9, 20, 33)]), tolerance = 0.02)
  holes <- new
  holes$x[2] <- NA
  holes$g[3] <- NA
  set.seed(1)
  q <- predict(fit, holes)
  expect_identical(rownames(q), rownames(new))
  expect_equal(q$estimate, replace(p$estimate, 2:3, NA))
  expect_equal(q$lower, replace(p$lower, 2:3, NA))
  expect_true(all(
    is.na(q[2:3, c("estimate", "sd", "lower", "upper", "predict_lower", "predict_upper")])
  ))
  expect_equal(predict(fit, new[1, ])$estimate, p$estimate[1])
  expect_identical(nrow(predict(fit, new[0, ])), 0L)
  expect_true(is.na(predict(fit, data.frame(x = NA, g = NA, l = NA, c = NA))$estimate))
  expect_error(predict(fit, transform(new, g = "z")), class = "covary_error_new_level")
  expect_error(predict(fit, transform(new, c = "w")), class = "covary_error_new_level")
  expect_error(predict(fit, new[-2]), class = "covary_error_newdata")
  expect_error(predict(fit, transform(new, x = "a")), class = "covary_error_newdata")
  expect_error(predict(fit, transform(new, x = Inf)), class = "covary_error_infinite")
  expect_error(predict(fit), class = "covary_error_newdata")
  expect_error(predict(fit, 3), class = "covary_error_newdata")
})

test_that("predictors that need the rows of the fit are no predictors of new ones", {
  set.seed(23)
  d <- data.frame(x = runif(30), y = rnorm(30))
  power <- 2
  fit <- advi(local({
    power <- 3
    linear_regression(y ~ I(x^power), d)
  }))
  expect_identical(fit$target$blueprint$constants, list(power = 3))
  expect_equal(predict(fit, data.frame(x = 0))$estimate, unname(mean(fit)[1]))
  for (f in list(y ~ I(x / max(x)), y ~ d$x, y ~ I(x - mean(x)))) {
    expect_error(predict(advi(linear_regression(f, d)), d), class = "covary_error_newdata")
  }
  apart <- d$x
  outside <- advi(linear_regression(y ~ apart, d))
  expect_error(predict(outside, d), class = "covary_error_newdata")
  expect_equal(predict(outside, data.frame(apart = 0))$estimate, unname(mean(outside)[1]))
})

test_that("ordinary mistakes in a regression are typed errors", {
  expect_error(linear_regression(3, mtcars), class = "covary_error_formula")
  expect_error(linear_regression(mpg ~ g, transform(mtcars, g = "a")),
    class = "covary_error_variable"
  )
  expect_error(linear_regression(mpg ~ wt, mtcars, prior = list(wt = normal(), wt = normal())),
    class = "covary_error_prior"
  )
})

test_that("data without a posterior are refused by name", {
  d <- transform(mtcars, constant = 5, half = wt / 2, sigma = wt, lp__ = wt, my.x = hp)
  d[["my x"]] <- d$wt
  d[["myx"]] <- d$hp
  refused <- function(class, ...) {
    expect_error(suppressMessages(linear_regression(...)), class = paste0("covary_error_", class))
  }
  refused("constant_response", constant ~ wt, d)
  refused("constant_response", I(2 * wt) ~ 1 + offset(2 * wt), d)
  refused("data", half ~ wt, d)
  refused("data", half ~ wt, d, sigma = NULL)
  refused("data", mpg ~ wt, d[1, ])
  refused("data", mpg ~ wt, transform(d, wt = NA_real_))
  refused("data", mpg ~ wt, transform(d, wt = c(1, rep(NA, nrow(d) - 1))))
  refused("variable", mpg ~ sigma, d)
  refused("variable", mpg ~ `my x` + myx, d)
  refused("argument", mpg ~ lp__, d)
  # spaces alone are no harm, nor is a prior that keeps sigma from zero
  expect_named(mean(advi(linear_regression(mpg ~ `my x` + my.x, d))), c(
    "Intercept", "myx", "my.x", "sigma"
  ))
  expect_s3_class(linear_regression(half ~ wt, d, sigma = inv_gamma(2, 1)), "covary_density")
})

test_that("fewer rows than coefficients leave the priors", {
  set.seed(4)
  d <- data.frame(y = rnorm(4), matrix(rnorm(24), 4))
  target <- linear_regression(y ~ ., d, prior = normal(0, 1), sigma = half_normal(0, 1))
  expect_silent(fit <- advi(target))
  by_chains <- suppressWarnings(nuts(target, iterations = 2000))
  expect_true(all(abs(mean(fit) - mean(by_chains))[1:7] < 0.15 * sd(by_chains)[1:7]))
  expect_equal(sd(fit)[1:7], sd(by_chains)[1:7], tolerance = 0.15)
})

test_that("predictions replace columns of their names", {
  fit <- advi(linear_regression(mpg ~ wt, mtcars, prior = normal(0, 50)))
  set.seed(1)
  once <- predict(fit, mtcars[1:3, c("wt", "hp")])
  set.seed(1)
  expect_identical(predict(fit, once), once)
})
