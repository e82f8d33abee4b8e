test_that("centiles and deviations are inverse, also at new levels", {
  fit <- fit_sites()
  d <- data_sites()[1:7, c("age", "sex", "site")]
  p <- c(0.004, 0.3, 0.98)
  for (new_levels in c("error", "predictive")) {
    if (new_levels == "predictive") d$site <- "new"
    lines <- centiles(fit, d, p = p, new_levels = new_levels)
    people <- d[rep(1:7, 3), ]
    for (resp in c("height", "weight")) people[[resp]] <- lines$value[lines$resp == resp]
    z <- deviations(fit, people, new_levels = new_levels)
    expect_equal(
      z$centile[z$resp == "weight"], rep(p, each = 7),
      tolerance = if (new_levels == "error") rounding else half_of_digits
    )
  }
})

test_that("a chart's own grid has the first covariate and the factors, without sites", {
  lines <- centiles(fit_sites(), p = 0.5)
  expect_identical(names(lines)[1:2], c("age", "sex"))
  expect_equal(nrow(lines), 101 * 2 * 2)
  expect_false(anyNA(lines$value))
})

test_that("intervals of values have the posterior sd of the value over the draws", {
  fit <- fit_sites()
  d <- data_sites()[1:50, ]
  out <- centiles(fit, d, z = -1.5, resp = "height", interval = 0.9)
  draws <- posterior_linpred(fit, newdata = d, resp = "height") -
    1.5 * exp(posterior_linpred(fit, newdata = d, dpar = "sigma", resp = "height"))
  ratio <- out$se / apply(draws, 2, sd)
  expect_lt(abs(mean(ratio) - 1), 0.02)
  expect_equal(out$upper - out$lower, 2 * qnorm(0.95) * out$se, tolerance = rounding)
})

test_that("probabilities and scores are checked", {
  refused <- function(...) expect_error(centiles(fit_sites(), ...), class = "covary_error_argument")
  refused(p = 1)
  refused(p = 0.5, z = 0)
  refused(z = Inf)
})
