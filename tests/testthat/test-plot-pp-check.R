simulated <- function(n = 600, slope = 0) {
  set.seed(11)
  x <- runif(n)
  rho <- tanh((0.4 + slope * (x - 0.5)) / 2)
  a <- rnorm(n)
  data.frame(x = x, a = a, b = rho * a + sqrt(1 - rho^2) * rnorm(n))
}

quiet_check <- function(...) pp_check(..., plot = FALSE)

test_that("checks of a right model cover the data, in the documented columns", {
  fit <- covary(cbind(a, b) ~ 1, rho ~ x, data = simulated(), draws = 400)
  cor <- quiet_check(fit, "correlation", bins = 6)
  expect_named(cor, c(
    "covariate", "bin", "x", "n", "resp", "observed", "estimate", "lower",
    "upper", "lower50", "upper50"
  ))
  expect_gte(sum(cor$observed > cor$lower & cor$observed < cor$upper), 5)
  sd <- quiet_check(fit, "sd", bins = 4)
  expect_identical(unique(sd$resp), c("a", "b"))
  expect_gte(sum(sd$observed > sd$lower & sd$observed < sd$upper), 7)
  qq <- quiet_check(fit, "qq")
  expect_named(qq, c("probability", "theoretical", "observed", "lower", "upper", "row"))
  expect_gte(mean(qq$observed >= qq$lower & qq$observed <= qq$upper), 0.8)
  expect_false(is.unsorted(qq$theoretical))
  dens <- quiet_check(fit, "dens", ndraws = 20)
  expect_named(dens, c("resp", "draw", "x", "density"))
  expect_equal(sort(unique(dens$draw)), 0:20)
})

test_that("a correlation that changes is seen when the model holds it constant", {
  d <- simulated(1200, slope = 5)
  constant <- covary(cbind(a, b) ~ x, data = d, draws = 400)
  cor <- quiet_check(constant, "correlation", bins = 4)
  expect_true(cor$observed[1] < cor$lower[1] && cor$observed[4] > cor$upper[4])
  none <- covary(cbind(a, b) ~ 1, data = d, draws = 400)
  expect_error(quiet_check(none, "correlation"), class = "covary_error_argument")
})

test_that("distances are those of stats::mahalanobis", {
  fit <- covary(cbind(a, b) ~ 1, data = simulated(200), draws = 400)
  eta <- central_predictors(fit)[1, ]
  sigma <- exp(eta[3:4])
  rho <- tanh(eta[[5]] / 2)
  s <- outer(sigma, sigma) * matrix(c(1, rho, rho, 1), 2)
  expect_equal(quiet_check(fit, "qq")$observed, sort(mahalanobis(fit$frame$y, eta[1:2], s)))
})

test_that("one response, factors, some of the rows, and the prior are checked", {
  set.seed(12)
  fit <- covary(Sepal.Length ~ Species, sigma ~ Species, data = iris, draws = 400)
  expect_identical(nrow(quiet_check(fit, "sd")), 3L)
  expect_error(quiet_check(fit, "correlation"), class = "covary_error_argument")
  expect_lte(nrow(quiet_check(fit, "qq", max_rows = 50)), 50)
  prior <- covary(Sepal.Length ~ Species, data = iris, algorithm = "prior", draws = 400)
  expect_false(anyNA(quiet_check(prior, "dens")$density))
})

test_that("pictures are drawn, and the generics of both packages find the method", {
  fit <- covary(cbind(a, b) ~ x, data = simulated(200), draws = 200)
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  for (type in c("dens", "correlation", "sd", "qq")) {
    expect_s3_class(pp_check(fit, type, ndraws = 20), "data.frame")
  }
  skip_if_not_installed("bayesplot")
  expect_s3_class(bayesplot::pp_check(fit, "qq", ndraws = 20), "data.frame")
  y <- rnorm(20)
  expect_s3_class(
    pp_check(y, yrep = matrix(rnorm(100), 5), fun = bayesplot::ppc_dens_overlay),
    "ggplot"
  )
})

test_that("rows of new data are checked like those of the fit", {
  d <- simulated(300)
  d$g <- rep(letters[1:10], 30)
  fit <- quiet(covary(cbind(a, b) ~ x + s(g, bs = "re"), rho ~ x, data = d, draws = 300))
  for (type in c("dens", "correlation", "sd", "qq")) {
    set.seed(1)
    own <- quiet_check(fit, type, draw_ids = 1:100)
    set.seed(1)
    expect_equal(quiet_check(fit, type, draw_ids = 1:100, newdata = d), own)
  }
  # Of a changed correlation, in groups that the fit does not know
  new <- transform(simulated(400), a = -a, g = rep(c("new", "a"), 200))
  set.seed(2)
  cor <- quiet_check(fit, "correlation", bins = 2, newdata = new)
  expect_true(all(cor$observed < cor$lower))
  expect_identical(sum(cor$n), 400L)
  new$x[3] <- NA
  expect_message(
    cor <- quiet_check(fit, "correlation", bins = 2, newdata = new), "1 of 400 rows of `newdata`",
    class = "covary_message_rows"
  )
  expect_identical(sum(cor$n), 399L)
  expect_error(quiet_check(fit, newdata = d[c("x", "g")]), class = "covary_error_variable")
  expect_error(quiet_check(fit, newdata = d[1, ]), "two rows", class = "covary_error_argument")
  skip_if_not_installed("bayesplot")
  expect_error(pp_check(fit, "loo_pit_qq", resp = "a", newdata = d), "leaves rows out",
    class = "covary_error_argument"
  )
  expect_identical(nrow(pp_check(fit, "intervals", resp = "a", newdata = d[1:20, ])$data), 20L)
})

test_that("a fit of cells is checked with the rows of new data", {
  d <- simulated(300)
  cells <- compress(d, c("a", "b"), by = ~x)
  fit <- covary(cbind(a, b) ~ x, rho ~ 1, data = cells, draws = 200)
  expect_error(quiet_check(fit, "qq"), class = "covary_error_no_rows")
  qq <- quiet_check(fit, "qq", newdata = d)
  expect_gte(mean(qq$observed >= qq$lower & qq$observed <= qq$upper), 0.8)
})
