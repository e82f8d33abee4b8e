of <- function(out, measure, resp = "height") {
  out$estimate[out$measure == measure & out$resp == resp]
}

test_that("measures are those of their formulas", {
  fit <- fit_sites()
  d <- data_sites()
  out <- evaluate(fit, d)
  x <- exact_scores(fit, d)
  at <- getFromNamespace("central_at", "covary")
  mu <- at(fit, fit$design$predictors[["mu:height"]], d)
  sigma <- exp(at(fit, fit$design$predictors[["sigma:height"]], d))
  # Tables are within 1e-6 of z.
  near <- function(a, b) expect_lt(abs(a - b), 1e-5)
  near(of(out, "log_score"), mean(dnorm(d$height, mu, sigma, TRUE)))
  base <- dnorm(d$height, signif(mean(d$height), 4), signif(sd(d$height), 4), TRUE)
  near(of(out, "msll"), mean(base - dnorm(d$height, mu, sigma, TRUE)))
  near(of(out, "rmse"), sqrt(mean((d$height - mu)^2)))
  near(of(out, "smse"), mean((d$height - mu)^2) / mean((d$height - mean(d$height))^2))
  near(of(out, "expv"), 1 - var(d$height - mu) / var(d$height))
  near(of(out, "var_z"), mean((x$height - mean(x$height))^2))
  near(of(out, "coverage_0.25"), mean(pnorm(x$height) <= 0.25))
  near(of(out, "mean_z"), mean(x$height))
  joint <- dnorm(x$height, log = TRUE) - log(sigma) - log(sqrt(1 - x$rho^2)) +
    dnorm((x$weight - x$rho * x$height) / sqrt(1 - x$rho^2), log = TRUE) -
    at(fit, fit$design$predictors[["sigma:weight"]], d)
  near(of(out, "joint_log_score", "height:weight"), mean(joint))
})

test_that("CRPS is the integral that defines it", {
  fit <- fixture("one")
  d <- mtcars[3, ]
  line <- centiles(fit, d, z = c(0, 1))$value
  cdf <- function(q) (pnorm(q, line[1], line[2] - line[1]) - (q >= d$mpg))^2
  exact <- integrate(cdf, -100, d$mpg, rel.tol = 1e-10)$value +
    integrate(cdf, d$mpg, 150, rel.tol = 1e-10)$value
  expect_equal(of(evaluate(fit, d), "crps", "mpg"), exact, tolerance = 1e-6)
})

test_that("groups are those of columns, numbers cut at tenths", {
  out <- evaluate(fit_sites(), data_sites(), by = c("site", "sex"), measures = "mean_z")
  expect_equal(nrow(out), 16 * 2)
  d <- data_sites()
  one <- out$n[out$site == "s1" & out$sex == "F" & out$resp == "height"]
  expect_equal(one, sum(d$site == "s1" & d$sex == "F"))
  by_age <- evaluate(fit_sites(), data_sites(), by = "age", measures = "mean_z")
  expect_equal(nrow(by_age), 20)
  expect_equal(sum(by_age$n), 3200)
})

test_that("people of unseen sites are calibrated by the predictive score", {
  d <- data_sites()
  d$site <- "new"
  out <- evaluate(fit_sites(), d, new_levels = "predictive", measures = c("log_score", "var_z"))
  wide <- evaluate(fit_sites(), d, new_levels = "population", measures = "var_z")
  expect_lt(of(out, "var_z"), of(wide, "var_z"))
})

test_that("arguments are checked", {
  refused <- function(...) {
    expect_error(evaluate(fit_sites(), data_sites(), ...), class = "covary_error_argument")
  }
  refused(by = "region")
  refused(measures = "aic")
  refused(baseline = 1)
})
