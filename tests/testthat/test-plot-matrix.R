on_paper <- function(expr) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  expr
}

four <- quiet(covary(
  cbind(mpg, qsec, drat, disp) ~ wt + am, sigma ~ wt, rho ~ wt, rho(mpg, qsec) ~ am,
  data = transform(mtcars, am = factor(am)), algorithm = "laplace", draws = 100
))

test_that("a matrix shows means, sds and marginal correlations along one covariate", {
  on_paper({
    d <- plot(four, type = "matrix", points = 5)
    some <- plot(four, type = "matrix", resp = c("mpg", "drat"), points = 5, by = FALSE)
    expect_error(plot(four, "matrix", resp = "nothing"), class = "covary_error_argument")
  })
  expect_identical(unique(d$covariate), "wt")
  expect_setequal(unique(some$resp), c("mpg", "drat", "mpg:drat"))
  lines <- mean_and_sd(some)
  sd <- some$estimate[some$dpar == "sigma" & some$resp == "mpg"]
  mean <- some$estimate[some$dpar == "mu" & some$resp == "mpg"]
  expect_equal(lines$estimate[lines$line == "mpg all 1"], mean + sd)
  expect_equal(usual_picture(four), "matrix")
  expect_equal(usual_picture(fixture("two")), "effects")
  skip_if_not_installed("ggplot2")
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(four, points = 5)))
  # No sd changes along qsec, so that no lines are drawn around the means.
  other <- quiet(covary(cbind(mpg, drat) ~ qsec, sigma ~ am,
    data = mtcars, algorithm = "laplace", draws = 100
  ))
  picture <- ggplot2::autoplot(other, type = "matrix", covariate = "qsec", points = 5)
  expect_silent(ggplot2::ggplot_build(picture))
})

test_that("the matrix has constants along the covariate asked for", {
  d <- plot_data(fixture("two"), "matrix", covariate = "f")
  expect_true(all(c("mu", "sigma") %in% d$dpar[d$resp == "b"]))
  expect_false("sigma" %in% conditional_effects(fixture("two"), "f")$dpar)
  expect_error(plot_data(fixture("two"), "matrix", nonsense = 1), class = "covary_error_argument")
})

test_that("heat maps are marginal correlations at values of a covariate", {
  d <- plot_data(four, "heatmap", at = c(2, 4))
  expect_identical(nrow(d), 12L)
  want <- correlation(four, data.frame(wt = c(2, 4), am = factor(0, c(0, 1))), resp = "drat:disp")
  expect_equal(d$estimate[d$resp == "drat:disp"], want$estimate)
  expect_identical(unique(d$row[d$resp == "drat:disp"]), "disp")
  constant <- plot_data(fixture("full"), "heatmap")
  expect_true(is.na(constant$value))
  by_factor <- quiet(covary(cbind(mpg, qsec) ~ wt, rho ~ am,
    data = transform(mtcars, am = factor(am)), algorithm = "laplace", draws = 100
  ))
  d <- plot_data(by_factor, "heatmap", conditions = list(am = "1"))
  at <- data.frame(wt = 3, am = factor(1, c(0, 1)))
  expect_equal(d$estimate, correlation(by_factor, at)$estimate)
  expect_error(plot_data(fixture("one"), "heatmap"), class = "covary_error_argument")
  on_paper({
    expect_identical(nrow(plot(four, "heatmap", resp = c("mpg", "qsec", "disp"))), 9L)
    expect_error(plot(four, "heatmap", at = 1:9 / 3), class = "covary_error_argument")
    plot(fixture("full"), "heatmap")
  })
  expect_identical(correlation_colours(c(-1, 1, NA))[3], "grey85")
  skip_if_not_installed("ggplot2")
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(four, "heatmap")))
  expect_silent(ggplot2::ggplot_build(ggplot2::autoplot(fixture("full"), "heatmap")))
})

test_that("checks of correlations show all pairs, or some", {
  on_paper({
    all <- pp_check(four, "correlation", covariate = "am", ndraws = 10)
    some <- pp_check(four, "correlation", covariate = "am", resp = "disp:mpg", ndraws = 10)
    one <- pp_check(four, "sd", resp = "mpg", ndraws = 10)
  })
  expect_length(unique(all$resp), 6)
  expect_identical(unique(one$resp), "mpg")
  expect_equal(some$observed, all$observed[all$resp == "mpg:disp"])
})

test_that("pictures leave out responses that are missing", {
  d <- transform(mtcars, qsec = replace(qsec, 3:8, NA))
  fit <- suppressMessages(quiet(covary(cbind(mpg, qsec) ~ wt, rho ~ wt,
    data = d, algorithm = "laplace", draws = 100
  )))
  on_paper({
    plot(fit)
    plot(fit, "matrix")
    plot(fit, "ellipses")
  })
  bins <- plot_data(fit, "bins", covariate = "wt", bins = 1)
  expect_false(anyNA(bins$estimate))
})
