test_that("a term that is left out is worth zero: exclude as in mgcv, re_formula = NA as in brms", {
  fit <- fit_sites()
  d <- data_sites()[1:6, ]
  effect <- posterior_linpred(fit, newdata = d, resp = "height") -
    posterior_linpred(fit, newdata = d, resp = "height", exclude = "s(site)")
  sites <- fit$draws[, sprintf("s_height_ssite_1[%s]", sub("s", "", d$site))]
  expect_equal(unname(effect), unname(unclass(sites)), tolerance = rounding, ignore_attr = TRUE)
  expect_identical(
    predict(fit, d, exclude = "s(site)"), predict(fit, d, re_formula = NA)
  )
  new <- transform(d, site = "new")
  expect_identical(
    predict(fit, new, re_formula = NA)$estimate, predict(fit, d, re_formula = NA)$estimate
  )
  sigma <- posterior_epred(fit, d, dpar = "sigma", resp = "weight", exclude = "s(age)")
  expect_equal(
    sigma, posterior_epred(fit, d, dpar = "sigma", resp = "weight"),
    tolerance = last_bits
  )
})

test_that("all methods that take new data leave terms out alike", {
  fit <- fit_sites()
  d <- data_sites()[1:4, ]
  other <- transform(d, site = "s8")
  same <- function(f, ...) {
    set.seed(3)
    a <- f(fit, newdata = d, ..., re_formula = NA)
    set.seed(3)
    b <- f(fit, newdata = other, ..., exclude = "s(site)")
    a <- as.data.frame(a)
    b <- as.data.frame(b)
    expect_equal(a[names(a) != "site"], b[names(b) != "site"], tolerance = last_bits)
  }
  same(posterior_linpred, dpar = "sigma", resp = "height")
  same(posterior_epred, resp = "height")
  same(posterior_predict, resp = "height", ndraws = 50)
  same(predictive_error, resp = "height", ndraws = 50)
  same(predictive_interval, resp = "height")
  same(log_lik)
  same(correlation)
  same(covariance)
  expect_equal(
    fitted(fit, resp = "height", re_formula = NA)[1:4],
    predict(fit, d, dpar = "mu", resp = "height", re_formula = NA)$estimate,
    tolerance = last_bits, ignore_attr = TRUE
  )
})

test_that("terms that are not there, and offsets, are refused", {
  fit <- fit_sites()
  refused <- function(...) expect_error(predict(...), class = "covary_error_argument")
  refused(fit, exclude = "site")
  refused(fit, re_formula = ~ (1 | site))
  refused(fixture("known"), exclude = "offset(log(hp/60))")
  refused(fixture("known"), exclude = 1)
})

test_that("terms that share a smoothing sd can be left out", {
  set.seed(7)
  d <- as.data.frame(matrix(stats::rnorm(450), 150, dimnames = list(NULL, c("a", "b", "c"))))
  d$x <- stats::runif(150)
  fit <- quiet(covary(cbind(a, b, c) ~ 1, rho ~ s(x, k = 4),
    data = d, algorithm = "laplace", draws = 100,
    control = covary_control(shared_sds = "always")
  ))
  new <- data.frame(x = c(0.1, 0.9))
  rho <- suppressWarnings(posterior_linpred(fit,
    newdata = new, dpar = "rho", resp = "b:c", exclude = "s(x)"
  ))
  expect_equal(unname(rho[, 1]), unname(rho[, 2]))
})

test_that("new data need no covariates of terms that are left out", {
  d <- rows_60()
  fit <- quick(a ~ x + s(g, bs = "re"), sigma ~ s(g, x, bs = "re"), data = d)
  nd <- data.frame(x = c(0.2, 0.7))
  full <- data.frame(x = c(0.2, 0.7), g = "a")
  out <- predict(fit, nd, re_formula = NA)
  expect_identical(names(out)[1:2], c("x", "dpar"))
  expect_equal(out$estimate, predict(fit, full, re_formula = NA)$estimate)
  expect_identical(dim(posterior_epred(fit, newdata = nd, re_formula = NA))[2], 2L)
  expect_error(predict(fit, nd), class = "covary_error_newdata")
  # x stands in a term that stays.
  expect_error(predict(fit, full["g"], re_formula = NA), class = "covary_error_newdata")
  fit <- quick(a ~ s(g, x, bs = "re"), data = d)
  expect_identical(nrow(predict(fit, d[1:2, "z", drop = FALSE], dpar = "mu", re_formula = NA)), 2L)
})
