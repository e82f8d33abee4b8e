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

test_that("distances are those of stats::mahalanobis, averaged over draws", {
  d <- simulated(200)
  fit <- covary(cbind(a, b) ~ 1, data = d, draws = 400)
  distances <- function(mean, sigma, rho) {
    s <- outer(sigma, sigma) * matrix(c(1, rho, rho, 1), 2)
    sort(mahalanobis(as.matrix(d[c("a", "b")]), mean, s))
  }
  draws <- as.matrix(fit)[1:20, ]
  by_draw <- apply(draws, 1, function(v) distances(v[1:2], exp(v[3:4]), tanh(v[[5]] / 2)))
  expect_equal(quiet_check(fit, "qq", draw_ids = 1:20)$observed, rowMeans(by_draw),
    ignore_attr = TRUE
  )
  eta <- central_predictors(fit)[1, ]
  new <- quiet_check(fit, "qq", newdata = d)
  expect_equal(new$observed, distances(eta[1:2], exp(eta[3:4]), tanh(eta[[5]] / 2)))
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
  set.seed(1)
  own <- quiet_check(fit, "dens", draw_ids = 1:100)
  set.seed(1)
  expect_equal(quiet_check(fit, "dens", draw_ids = 1:100, newdata = d), own)
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

test_that("sds and correlations of data are those of replicates where groups take up residuals", {
  set.seed(13)
  id <- factor(rep(1:40, each = 3))
  u <- rnorm(120)
  d <- data.frame(
    id,
    x = runif(120), a = 2 * rnorm(40)[id] + u, b = rnorm(40)[id] + 0.6 * u + 0.8 * rnorm(120)
  )
  fit <- quiet(covary(cbind(a, b) ~ x + s(id, bs = "re"), data = d, draws = 400))
  sd <- quiet_check(fit, "sd", covariate = "x", bins = 3)
  # Residuals about posterior means are .82 as large, and those of replicates 1.15.
  expect_lt(abs(mean(log(sd$observed / sd$estimate))), 0.06)
  cor <- quiet_check(fit, "correlation", covariate = "x", bins = 3)
  expect_lt(abs(mean(cor$observed - cor$estimate)), 0.1)
  qq <- quiet_check(fit, "qq")
  expect_gte(mean(qq$observed >= qq$lower & qq$observed <= qq$upper), 0.9)
})
