fit_cars <- function() {
  d <- transform(mtcars, cyl = factor(cyl))
  # Few rows: khat may be high, which does not matter here.
  suppressWarnings(covary(cbind(mpg, qsec) ~ wt + cyl, sigma ~ 1, rho ~ wt, data = d, draws = 400))
}

effect_columns <- c(
  "covariate", "x", "level", "by", "group", "dpar", "resp", "estimate", "lower",
  "upper", "lower50", "upper50", "extrapolated"
)

test_that("effects have the documented columns, in order and within their scales", {
  set.seed(1)
  e <- conditional_effects(fit_cars())
  expect_s3_class(e, c("covary_effects", "data.frame"), exact = TRUE)
  expect_named(e, effect_columns)
  expect_identical(unique(e$covariate), c("wt", "cyl"))
  expect_true(all(e$lower <= e$lower50 & e$lower50 <= e$estimate & e$estimate <= e$upper50 &
    e$upper50 <= e$upper))
  expect_true(all(abs(unlist(e[e$dpar == "rho", c("lower", "upper")])) <= 1))
  expect_true(all(e$lower[e$dpar == "sigma"] > 0))
  expect_false(anyNA(e$estimate))
})

test_that("the grid goes beyond the data, is marked there, and does not cross zero", {
  set.seed(1)
  e <- conditional_effects(fit_cars(), "wt", dpar = "rho")
  expect_identical(nrow(e), 100L)
  expect_identical(e$extrapolated, e$x < min(mtcars$wt) | e$x > max(mtcars$wt))
  expect_true(any(e$extrapolated) && !all(e$extrapolated))
  expect_identical(lower_end(c(0.1, 10), 0.05), 0.05)
  expect_lt(lower_end(c(-1, 10), 0.05), -1)
  expect_identical(upper_end(c(-10, -0.1), 0.05), -0.05)
})

test_that("effects are quantiles of the draws of their predictor", {
  set.seed(1)
  fit <- fit_cars()
  e <- conditional_effects(fit, "wt", dpar = "rho", points = 5)
  rho <- tanh(posterior_linpred(fit, newdata = data.frame(wt = e$x), dpar = "rho") / 2)
  expect_equal(e$estimate, apply(rho, 2, median), tolerance = 1e-3)
  expect_equal(e$lower, apply(rho, 2, quantile, 0.025, names = FALSE), tolerance = 1e-2)
  m <- conditional_effects(fit, "wt",
    dpar = "mu", resp = "mpg", by = FALSE, points = 3,
    conditions = list(cyl = "4")
  )
  mu <- posterior_linpred(fit, newdata = data.frame(wt = m$x, cyl = "4"), dpar = "mu", resp = "mpg")
  expect_equal(m$estimate, apply(mu, 2, median))
})

test_that("a factor in the same predictor splits the curves, and only there", {
  set.seed(1)
  fit <- fit_cars()
  e <- conditional_effects(fit, "wt")
  expect_identical(unique(e$group[e$dpar == "mu"]), c("4", "6", "8"))
  expect_true(all(is.na(e$group[e$dpar != "mu"])))
  expect_true(all(is.na(conditional_effects(fit, "wt", by = FALSE)$group)))
  f <- conditional_effects(fit, "cyl")
  expect_identical(unique(f$dpar), "mu")
  expect_identical(f$level[f$resp == "mpg"], c("4", "6", "8"))
})

test_that("a predictor without covariates is shown along the first one, a known one nowhere", {
  set.seed(1)
  fit <- fit_cars()
  expect_true("sigma" %in% conditional_effects(fit, "wt")$dpar)
  d <- transform(mtcars, m = 20)
  known <- covary(cbind(mpg, qsec) ~ 0 + offset(m), sigma ~ 1, rho ~ wt, data = d, draws = 200)
  e <- conditional_effects(known)
  expect_identical(unique(e$covariate), "wt")
  expect_setequal(unique(e$dpar), c("sigma", "rho"))
})

test_that("functions of covariates, smooths with by, random effects and weights are shown", {
  set.seed(2)
  n <- 300
  d <- data.frame(
    x = exp(rnorm(n)), f = factor(sample(letters[1:2], n, TRUE)),
    id = factor(sample(1:20, n, TRUE)), w = rpois(n, 2)
  )
  d$y <- sin(d$x) + rnorm(20)[d$id] + rnorm(n)
  fit <- covary(y ~ s(x, by = f, k = 5) + f + s(id, bs = "re"), sigma ~ log(x),
    data = d,
    weights = w, draws = 400
  )
  expect_silent(e <- conditional_effects(fit))
  expect_false(anyNA(e$estimate))
  expect_setequal(unique(e$covariate), c("x", "f", "id"))
  expect_silent(b <- plot_data(fit, "bins", covariate = "x"))
  expect_gte(nrow(b), 3)
})

test_that("bins along a covariate the sd and correlation do not use are moments of residuals", {
  set.seed(3)
  d <- data.frame(x = rep(1:10, each = 60))
  d$a <- rnorm(600)
  d$b <- 0.6 * d$a + rnorm(600)
  fit <- covary(cbind(a, b) ~ x, data = d, draws = 200)
  bins <- plot_data(fit, "bins", covariate = "x", bins = 5)
  r <- fit$frame$y - central_predictors(fit)[, 1:2]
  first <- d$x <= 2
  # Two coefficients leave 1 - h of a residual's variance; 200 draws know h to 10 % or so.
  left <- expected_products(fit)
  x <- model.matrix(~x, d)
  expect_equal(unname((1 - left[, "a"]) / diag(x %*% solve(crossprod(x), t(x)))), rep(1, nrow(x)),
    tolerance = 0.3
  )
  rho <- central_marginals(fit, "rho:a:b")[1]
  expect_equal(left[, "a:b"], rho * left[, "a"], tolerance = 0.005, ignore_attr = TRUE)
  sd <- sqrt(sum(r[first, 1]^2) / sum(left[first, "a"]))
  expect_equal(bins$estimate[bins$dpar == "sigma" & bins$resp == "a"][1], sd,
    tolerance = convergence_error
  )
  raw <- sum(r[first, 1] * r[first, 2]) / sqrt(sum(r[first, 1]^2) * sum(r[first, 2]^2))
  expected <- sum(left[first, "a:b"]) / sqrt(sum(left[first, "a"]) * sum(left[first, "b"]))
  raw <- tanh(atanh(raw) + atanh(rho) - atanh(expected))
  expect_equal(bins$estimate[bins$dpar == "rho"][1], raw, tolerance = convergence_error)
  expect_identical(sum(bins$n[bins$dpar == "rho"]), 600L)
})

test_that("circles agree with the curves of sds and correlations where groups take up residuals", {
  set.seed(8)
  id <- factor(rep(1:40, each = 3))
  d <- data.frame(id, x = runif(120), a = 2 * rnorm(40)[id], b = rnorm(40)[id])
  u <- rnorm(120)
  d$a <- d$a + exp(0.5 * d$x) * u
  d$b <- d$b + 0.6 * u + 0.8 * rnorm(120)
  fit <- quiet(covary(cbind(a, b) ~ x + s(id, bs = "re"), sigma(a) ~ x, data = d, draws = 400))
  bins <- plot_data(fit, "bins", covariate = "x", bins = 4)
  curves <- conditional_effects(fit, "x")
  gap <- function(dpar, resp) {
    b <- bins[bins$dpar == dpar & bins$resp == resp, ]
    e <- curves[curves$dpar == dpar & curves$resp == resp, ]
    mean(b$estimate / approx(e$x, e$estimate, b$x)$y)
  }
  # 25 such data sets: .99 (se .002), 1.00 (se .005); residuals as they are: .82.
  expect_lt(abs(gap("sigma", "a") - 1), 0.05)
  expect_lt(abs(gap("sigma", "b") - 1), 0.05)
  expect_lt(abs(gap("rho", "a:b") - 1), 0.08)
  # What is left to a residual is a row's share of the degrees of freedom.
  left <- expected_products(fit)
  expect_lt(sum(left[, "a"]), 120 - 20)
  expect_true(all(left[, "a"] > 0 & left[, "a"] < 1))
  # A row a group: effects follow every row, and nothing is drawn.
  alone <- suppressWarnings(covary(a ~ 1 + s(id, bs = "re"), sigma ~ 0, data = data.frame(
    id = factor(1:40), a = rnorm(40, 0, 30)
  ), draws = 200))
  expect_lt(sum(expected_products(alone)), 5)
})

test_that("ellipses hold their share of the fitted population", {
  set.seed(4)
  fit <- fit_cars()
  e <- plot_data(fit, "ellipses", at = c(2, 4))
  expect_named(e, c(
    "covariate", "value", "content", "x", "y", "mean_x", "mean_y", "sd_x", "sd_y",
    "rho"
  ))
  for (i in split(e, list(e$value, e$content))) {
    u <- (i$x - i$mean_x) / i$sd_x
    v <- (i$y - i$mean_y) / i$sd_y
    distance <- (u^2 + v^2 - 2 * i$rho * u * v) / (1 - i$rho^2)
    expect_equal(distance, rep(qchisq(i$content[1], 2), nrow(i)))
  }
  expect_length(unique(plot_data(fit, "ellipses")$value), 5)
})

test_that("ellipses and heat maps take the levels of a factor, those on which rho depends first", {
  set.seed(7)
  d <- data_groups()
  d$f <- rep(c("q", "p"), 40)
  d$z <- rnorm(80)
  fit <- quiet(covary(cbind(y, z) ~ x + s(g, bs = "re"), rho ~ f, data = d, draws = 300))
  e <- plot_data(fit, "ellipses")
  expect_identical(e$covariate[1], "f")
  expect_identical(unique(e$value), factor(c("p", "q")))
  # Those of the population: the effect of no group is in the mean.
  at <- data.frame(x = quantile(d$x, 0.5, type = 1), f = "p")
  mean <- apply(posterior_epred(fit, at, resp = "y", re_formula = NA), 2, median)
  expect_equal(e$mean_x[e$value == "p"][1], as.vector(mean))
  expect_identical(levels(plot_data(fit, "heatmap")$value), c("p", "q"))
  expect_identical(unique(plot_data(fit, "ellipses", at = "q")$value), factor("q", c("p", "q")))
  expect_error(plot_data(fit, "ellipses", at = "r"), "levels of 'f'",
    class = "covary_error_argument"
  )
  pdf(NULL)
  on.exit(dev.off())
  expect_silent(plot(fit, "ellipses"))
  expect_silent(plot(fit, "heatmap"))
  expect_error(plot(fit, "ellipses", covariate = "g"), "'g' has 10 values",
    class = "covary_error_argument"
  )
  expect_silent(plot(fit, "ellipses", covariate = "g", at = c("a", "c")))
  skip_if_not_installed("ggplot2")
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(fit, "ellipses")))
})

test_that("the ELBO frame is the trace", {
  set.seed(5)
  fit <- suppressWarnings(covary(cbind(mpg, qsec) ~ wt,
    data = mtcars, algorithm = "fullrank",
    draws = 200
  ))
  d <- plot_data(fit, "elbo")
  expect_identical(d$elbo, fit$info$trace)
  expect_true(all(d$gap >= 0))
  prior <- covary(mpg ~ wt, data = mtcars, algorithm = "prior", draws = 200)
  expect_error(plot_data(prior, "elbo"), class = "covary_error_argument")
})

test_that("wrong requests are typed errors", {
  set.seed(6)
  fit <- fit_cars()
  expect_error(conditional_effects(fit, "nothing"), class = "covary_error_argument")
  expect_error(conditional_effects(fit, by = "wt"), class = "covary_error_argument")
  expect_error(conditional_effects(fit, conditions = list(nothing = 1)),
    class = "covary_error_argument"
  )
  expect_error(conditional_effects(fit, conditions = 3), class = "covary_error_argument")
  expect_error(plot_data(fit, "ellipses", covariate = "hp"), class = "covary_error_argument")
  expect_error(plot_data(fit, "ellipses", at = NA), class = "covary_error_argument")
  expect_error(plot_data(fit, "no such type"), class = "covary_error_argument")
  one <- covary(mpg ~ wt, data = mtcars, draws = 200)
  expect_error(plot_data(one, "ellipses"), class = "covary_error_argument")
  none <- covary(mpg ~ 1, data = mtcars, draws = 200)
  expect_error(conditional_effects(none, "wt"), class = "covary_error_argument")
})

test_that("a fit without covariates shows its constants", {
  fit <- quiet(covary(cbind(mpg, qsec) ~ 1, data = mtcars, draws = 400))
  d <- conditional_effects(fit)
  expect_identical(d$resp, c("mpg", "qsec", "mpg", "qsec", "mpg:qsec"))
  expect_equal(d$estimate[1], median(as.matrix(fit)[, "b_mpg_Intercept"]))
  expect_equal(d$upper50[5], unname(quantile(posterior_epred(fit, dpar = "rho")[, 1], 0.75)))
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expect_s3_class(plot(fit), "covary_effects")
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(fit), "ggplot")
})

test_that("the data of a matrix of panels are those of its effects", {
  fit <- fixture("two")
  covariate <- unique(conditional_effects(fit)$covariate)[1]
  d <- plot_data(fit, "matrix", covariate)
  expect_identical(as.data.frame(d), as.data.frame(conditional_effects(fit, covariate)))
})
