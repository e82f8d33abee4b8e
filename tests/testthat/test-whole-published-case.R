# A published toy case: one covariate, two normal responses whose correlation grows with it.
seed_case <- function(seed, n = 1000) {
  set.seed(seed)
  c1 <- runif(n)
  rho <- c1 / 2
  z1 <- rnorm(n)
  z2 <- rho * z1 + sqrt(1 - rho^2) * rnorm(n)
  d <- data.frame(c1 = c1, v1 = 1 + 2 * z1, v2 = 2 + 3 * z2)
  d$y1 <- as.vector(scale(d$v1))
  d$y2 <- as.vector(scale(d$v2))
  # The true curves on the scale of the standardised responses.
  d$m1 <- (1 - mean(d$v1)) / sd(d$v1)
  d$m2 <- (2 - mean(d$v2)) / sd(d$v2)
  d$s1 <- log(2 / sd(d$v1))
  d$s2 <- log(3 / sd(d$v2))
  d
}

# Cubic B-splines with an interior knot at the median and an intercept: five columns.
bs <- splines::bs
curve <- ~ 0 + bs(c1, knots = median(c1), intercept = TRUE)
with_left <- function(left, right = curve) {
  f <- stats::as.formula(call("~", left, right[[2]]))
  environment(f) <- environment(right)
  f
}
wide <- set_prior(normal(0, 10), class = "b")

fit_rho <- function(d, ...) {
  covary(y1 ~ 0 + offset(m1), y2 ~ 0 + offset(m2), sigma(y1) ~ 0 + offset(s1),
    sigma(y2) ~ 0 + offset(s2), with_left(quote(rho)),
    data = d, prior = wide, ...
  )
}
fit_all <- function(d, ...) {
  covary(with_left(quote(cbind(y1, y2))), with_left(quote(sigma)), with_left(quote(rho)),
    data = d,
    prior = wide, ...
  )
}

grid_of <- function(d) {
  data.frame(
    c1 = seq(0.02, 0.98, length.out = 25),
    d[rep(1, 25), c("m1", "m2", "s1", "s2")], row.names = NULL
  )
}

d <- seed_case(1)
grid <- grid_of(d)
set.seed(1)
only_rho <- fit_rho(d)
everything <- fit_all(d)

test_that("the model is the intended one", {
  expect_identical(sum(grepl("^b_", variables(only_rho))), 5L)
  expect_identical(sum(grepl("^b_", variables(everything))), 25L)
  expect_true(all(vapply(only_rho$priors$prior, format, "") == "normal(0, 10)"))
  expect_true(all(vapply(everything$priors$prior, format, "") == "normal(0, 10)"))
  expect_true(diagnostics(only_rho)$converged && diagnostics(everything)$converged)
})

test_that("the correlation curve covers the truth, over data sets", {
  covered <- function(fitter, seeds) {
    mean(vapply(seeds, function(seed) {
      d <- seed_case(seed)
      found <- correlation(fitter(d, draws = 1000), grid_of(d))
      mean(found$lower <= found$c1 / 2 & found$c1 / 2 <= found$upper)
    }, 0))
  }
  # 25 points of a curve with 5 coefficients: the mean of 40 data sets has a standard error of about
  # 0.02.
  expect_gte(covered(fit_rho, 1:40), 0.89)
  expect_gte(covered(fit_all, 1:10), 0.85)
})

test_that("the correlation curve is near the truth, with narrow intervals", {
  for (fit in list(only_rho, everything)) {
    found <- correlation(fit, grid)
    expect_lt(sqrt(mean((found$estimate - grid$c1 / 2)^2)), 0.1)
    expect_lt(mean(found$upper - found$lower), 0.4)
  }
})

test_that("the correlation is the same whether means and sds are known or not", {
  a <- correlation(only_rho, grid)
  b <- correlation(everything, grid)
  expect_lt(max(abs(a$estimate - b$estimate) / b$sd), 0.75)
  expect_lt(abs(mean(log(a$sd / b$sd))), 0.15)
})

test_that("means and standard deviations are near the truth when everything is unknown", {
  mu <- predict(everything, grid, dpar = "mu")
  sigma <- predict(everything, grid, dpar = "sigma")
  mu_truth <- ifelse(mu$resp == "y1", d$m1[1], d$m2[1])
  sigma_truth <- exp(ifelse(sigma$resp == "y1", d$s1[1], d$s2[1]))
  expect_lt(max(abs(mu$estimate - mu_truth) / mu$sd), 3.5)
  expect_lt(max(abs(sigma$estimate - sigma_truth) / sigma$sd), 3.5)
})

test_that("one response alone agrees with its margin in the joint model", {
  set.seed(3)
  alone <- covary(with_left(quote(y1)), with_left(quote(sigma)), data = d, prior = wide)
  for (dpar in c("mu", "sigma")) {
    joint <- predict(everything, grid, dpar = dpar, resp = "y1")
    single <- predict(alone, grid, dpar = dpar)
    expect_lt(max(abs(joint$estimate - single$estimate) / single$sd), 0.75)
    expect_lt(abs(mean(log(joint$sd / single$sd))), 0.1)
  }
})

test_that("the prior is that of the formula: N(0, 10) weights put correlations at the ends", {
  set.seed(4)
  prior <- fit_rho(d, algorithm = "prior")
  beta <- as.matrix(prior)[, grep("^b_", variables(prior))]
  expect_equal(unname(apply(beta, 2, sd)), rep(10, 5), tolerance = 0.05)
  rho <- tanh(posterior_linpred(prior, newdata = grid, dpar = "rho") / 2)
  expect_gt(mean(abs(rho) > 0.9), 0.5)
  expect_lt(abs(mean(rho)), 0.1)
})

test_that("replicated data have the correlations of the data", {
  set.seed(5)
  for (fit in list(only_rho, everything)) {
    found <- pp_check(fit, "correlation", covariate = "c1", bins = 5, plot = FALSE)
    expect_gte(sum(found$observed > found$lower & found$observed < found$upper), 4)
  }
  y <- posterior_predict(everything, newdata = grid, ndraws = 500)
  expect_identical(dim(y), c(500L, 25L, 2L))
})
