test_that("a given power is the fit of the transformed column, with the Jacobian", {
  y <- mtcars$mpg
  g <- signif(exp(mean(log(y))), 3)
  fit <- covary(mpg ~ wt, sigma ~ wt, data = mtcars, margin = list(mpg = power(0)), seed = 1)
  d <- transform(mtcars, z = g + g * log(mpg / g))
  plain <- covary(z ~ wt, sigma ~ wt, data = d, seed = 1)
  expect_equal(coef(fit), coef(plain), tolerance = 1e-10)
  jacobian <- sum(log(g / y))
  expect_equal(
    fit$info$log_evidence, plain$info$log_evidence + jacobian,
    tolerance = 1e-10
  )
  expect_equal(
    as.vector(as.matrix(fit)[, "lp__"]), as.vector(as.matrix(plain)[, "lp__"]) + jacobian,
    tolerance = 1e-9
  )
  expect_equal(model.frame(fit)$mpg, mtcars$mpg)
  expect_output(print(fit), "mpg: power(lambda = 0)", fixed = TRUE)
  expect_output(print(summary(fit)), "mpg: power(lambda = 0)", fixed = TRUE)
})

test_that("weights multiply the Jacobian; a power of 1 changes nothing", {
  d <- mtcars
  d$w <- rep(1:2, 16)
  d$mpg[3] <- NA
  one <- suppressWarnings(quiet(
    covary(mpg ~ wt, data = d, weights = w, margin = power(1), seed = 1)
  ))
  plain <- quiet(covary(mpg ~ wt, data = d, weights = w, seed = 1))
  expect_equal(as.matrix(one), as.matrix(plain))
  half <- quiet(covary(mpg ~ wt, data = d, weights = w, margin = power(0.5), seed = 1))
  m <- half$margins$mpg
  d$z <- to_latent(m, d$mpg)
  plain <- quiet(covary(z ~ wt, data = d, weights = w, seed = 1))
  jacobian <- sum(d$w * -0.5 * log(d$mpg / m$scale), na.rm = TRUE)
  expect_equal(half$info$log_evidence, plain$info$log_evidence + jacobian, tolerance = 1e-9)
})

test_that("compressed rows are of transformed responses", {
  set.seed(1)
  n <- 12000
  d <- data.frame(x = runif(n))
  d$a <- exp(d$x + rnorm(n, sd = 0.2))
  d$b <- d$x + rnorm(n)
  margin <- list(a = power(0))
  fit <- quiet(covary(cbind(a, b) ~ x, data = d, margin = margin, draws = 500, seed = 1))
  m <- fit$margins$a
  d$z <- to_latent(m, d$a)
  plain <- quiet(covary(cbind(z, b) ~ x, data = d, draws = 500, seed = 1))
  expect_equal(unname(coef(fit)), unname(coef(plain)), tolerance = 1e-10)
  expect_gt(fit$info$compression$rows, n - 1)
})

test_that("margins that cannot be are typed errors", {
  d <- data.frame(y = c(-1, 0, 1:8), x = 1:10)
  error <- expect_error(covary(y ~ x, data = d, margin = power(0)), class = "covary_error_margin")
  expect_match(conditionMessage(error), "'y' has 2 values", fixed = TRUE)
  expect_match(conditionMessage(error), "yeo_johnson()", fixed = TRUE)
  expect_equal(error$count, 2)
  wrong <- function(margin, ...) covary(mpg ~ wt, data = mtcars, margin = margin, ...)
  expect_error(wrong(list(wt = power(0))), class = "covary_error_argument")
  expect_error(wrong(list(mpg = 2)), class = "covary_error_argument")
  expect_error(wrong("power"), class = "covary_error_argument")
  expect_error(wrong(power(0), algorithm = "none"), class = "covary_error_margin")
  expect_error(wrong(power(0), algorithm = "prior"), class = "covary_error_margin")
  cells <- compress(mtcars, responses = "mpg", by = ~wt)
  expect_error(
    covary(mpg ~ wt, data = cells, margin = power(0)),
    class = "covary_error_margin"
  )
})

test_that("what cannot answer for a margin yet is refused by name", {
  fit <- covary(mpg ~ wt, data = mtcars, margin = power(0), draws = 200)
  error <- expect_error(as_target(fit), class = "covary_error_margin")
  expect_match(conditionMessage(error), "as_target()", fixed = TRUE)
})
