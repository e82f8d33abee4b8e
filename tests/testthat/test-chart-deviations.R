test_that("z, distance and conditional z are those of the exact curves, to 1e-6", {
  fit <- fit_sites()
  d <- data_sites()[1:300, ]
  out <- deviations(fit, d, given = ~weight)
  exact <- exact_scores(fit, d)
  of <- function(resp, column = "z") out[[column]][out$resp == resp]
  expect_lt(max(abs(of("height") - exact$height)), 1e-6)
  expect_lt(max(abs(of("weight") - exact$weight)), 1e-6)
  expect_equal(of("height", "centile"), pnorm(of("height")), tolerance = last_bits)
  given <- (exact$height - exact$rho * exact$weight) / sqrt(1 - exact$rho^2)
  expect_lt(max(abs(of("height | weight") - given)), 1e-6)
  square <- (exact$height^2 - 2 * exact$rho * exact$height * exact$weight + exact$weight^2) /
    (1 - exact$rho^2)
  expect_lt(max(abs(of("height:weight", "distance")^2 - square)), 1e-5)
  expect_equal(
    of("height:weight", "centile"), pchisq(of("height:weight", "distance")^2, 2),
    tolerance = rounding
  )
  expect_true(all(out$status == "ok" & !out$extrapolated))
})

test_that("the rows of the fit are scored by default", {
  fit <- fit_sites()
  expect_equal(deviations(fit)$z, deviations(fit, data_sites())$z, tolerance = last_bits)
})

test_that("the driver is the response, or the two, that the distance comes from", {
  fit <- fit_sites()
  d <- data.frame(age = 10, sex = "F", site = "s1")
  driver <- function(height, weight) {
    at <- centiles(fit, d, z = c(height, weight))
    d$height <- at$value[at$resp == "height"][1]
    d$weight <- at$value[at$resp == "weight"][2]
    out <- deviations(fit, d)
    out$driver[!is.na(out$driver)]
  }
  expect_identical(driver(2, -2), "height high, weight low")
  expect_identical(driver(-2.5, -2.5), "height low, weight low")
  expect_identical(driver(0, 3), "weight high")
})

test_that("a missing response leaves the z of the other, and one degree of freedom", {
  fit <- fit_sites()
  whole <- data_sites()[1:20, ]
  part <- whole
  part$weight[3] <- NA
  a <- deviations(fit, whole)
  b <- deviations(fit, part)
  expect_identical(b$z[b$resp == "height"], a$z[a$resp == "height"])
  joint <- b[b$resp == "height:weight", ]
  expect_identical(joint$dof, rep(c(2L, 1L, 2L), c(2, 1, 17)))
  expect_equal(joint$distance[3], abs(b$z[3]), tolerance = rounding)
  expect_equal(joint$centile[3], pchisq(b$z[3]^2, 1), tolerance = rounding)
  expect_identical(b$status[b$resp == "weight"][3], "missing")
})

test_that("covariates that are missing or outside the range are flagged", {
  fit <- fit_sites()
  d <- data_sites()[1:3, ]
  d$age[1] <- NA
  d$age[2] <- 30
  out <- deviations(fit, d, resp = "height")
  expect_identical(out$status, c("missing", "outside range", "ok"))
  expect_identical(out$extrapolated, c(FALSE, TRUE, FALSE))
  expect_identical(is.na(out$z), c(TRUE, FALSE, FALSE))
})

test_that("z_se is the posterior sd of z over the draws, to two per cent and the noise of draws", {
  fit <- fit_sites()
  d <- data_sites()[1:150, ]
  out <- deviations(fit, d, given = ~height, uncertainty = "posterior")
  draws <- function(dpar, resp) posterior_linpred(fit, newdata = d, dpar = dpar, resp = resp)
  z <- lapply(c("height", "weight"), function(resp) {
    (rep(d[[resp]], each = 600) - draws("mu", resp)) / exp(draws("sigma", resp))
  })
  rho <- tanh(posterior_linpred(fit, newdata = d, dpar = "rho") / 2)
  exact <- list(z[[1]], z[[2]], (z[[2]] - rho * z[[1]]) / sqrt(1 - rho^2))
  for (i in 1:3) {
    resp <- c("height", "weight", "weight | height")[i]
    ratio <- out$z_se[out$resp == resp] / apply(exact[[i]], 2, sd)
    expect_true(all(ratio > 0.93 & ratio < 1.07))
    expect_lt(abs(mean(ratio) - 1), 0.02)
  }
  one <- out[out$resp == "height", ]
  expect_equal(one$upper - one$z, qnorm(0.975) * one$z_se, tolerance = rounding)
})

test_that("a new level is an error, or scored without its effect, or with its uncertainty", {
  fit <- fit_sites()
  d <- data_sites()[1:40, ]
  d$site <- "new"
  expect_error(deviations(fit, d), class = "covary_error_new_level")
  population <- deviations(fit, d, new_levels = "population")
  expect_identical(population$z, deviations(fit, d, exclude = "s(site)")$z)
  expect_identical(population$z, deviations(fit, d, re_formula = NA)$z)
  expect_identical(unique(population$status), "new level")
  predictive <- deviations(fit, d, new_levels = "predictive", resp = "height")
  # By simulation: a new site's effects, then a person of it.
  sds <- sqrt(c(
    mean(fit$draws[, "sds_height_ssite_1"]^2), mean(fit$draws[, "sds_sigma_height_ssite_1"]^2)
  ))
  z <- population$z[1]
  set.seed(5)
  lines <- centiles(fit, d[1, ], z = c(0, 1), resp = "height", new_levels = "population")
  sigma <- diff(lines$value)
  people <- rnorm(4e5, 0, sds[1] / sigma) + exp(rnorm(4e5, 0, sds[2])) * rnorm(4e5)
  # 4 standard errors of a share of 4e5
  expect_lt(abs(mean(people < z) - predictive$centile[1]), 4 * 0.5 / sqrt(4e5))
})

test_that("wide frames have the scores beside the person", {
  fit <- fit_sites()
  d <- data_sites()[1:5, ]
  wide <- deviations(fit, d, given = ~height, wide = TRUE)
  long <- deviations(fit, d, given = ~height)
  expect_identical(names(wide)[seq_along(d)], names(d))
  expect_identical(wide$z_weight, long$z[long$resp == "weight"])
  expect_identical(wide$z_weight_given_height, long$z[long$resp == "weight | height"])
  expect_identical(wide$distance, long$distance[long$resp == "height:weight"])
  expect_output(print(long), "10 scores of 2 responses")
})

test_that("fits of one response, with random slopes, have no joint columns", {
  fit <- fixture("groups")
  d <- data_groups()
  out <- deviations(fit, d)
  at <- getFromNamespace("central_at", "covary")
  p <- fit$design$predictors
  exact <- (d$y - at(fit, p[["mu:y"]], d)) / exp(at(fit, p[["sigma:y"]], d))
  expect_lt(max(abs(out$z - exact)), 1e-6)
  expect_false("distance" %in% names(out))
  expect_equal(nrow(out), 80)
  # The variance of a new slope depends on the covariate.
  new <- transform(d, g = "new")
  expect_error(deviations(fit, new, new_levels = "predictive"), class = "covary_error_argument")
  expect_identical(unique(deviations(fit, new, new_levels = "population")$status), "new level")
  expect_error(
    deviations(fit, new, new_levels = "population", uncertainty = "posterior"),
    class = "covary_error_argument"
  )
})

test_that("scores are printed with as many digits as asked for", {
  out <- deviations(fit_sites(), data_sites()[1:2, ])
  expect_output(print(out), "2 responses")
  expect_output(print(out, digits = 2, row.names = FALSE), "2 responses")
})

test_that("arguments are used or refused", {
  fit <- fit_sites()
  d <- data_sites()[1:5, ]
  refused <- function(...) expect_error(deviations(fit, ...), class = "covary_error_argument")
  refused(d, given = "height")
  refused(d, given = ~site)
  refused(d, resp = "length")
  refused(d, exclude = "s(sites)")
  refused(d, re_formula = ~ (1 | site))
  refused(d, exclude = "s(age)", uncertainty = "posterior")
  expect_error(deviations(fit, d[, -1]), class = "covary_error_newdata")
  expect_error(deviations(fit, d[, -4]), class = "covary_error_variable")
  expect_error(deviations(lm(1 ~ 1)), class = "covary_error_argument")
  expect_error(deviations(fit, d, levels = 1), class = "covary_error_argument")
})

test_that("a term that jumps cannot become a chart, and the error says so", {
  set.seed(2)
  fit <- covary(mpg ~ I(wt > 3), data = mtcars, draws = 100)
  error <- expect_error(deviations(fit), class = "covary_error_chart")
  expect_match(conditionMessage(error), "I(wt > 3)", fixed = TRUE)
})

test_that("z_se at new levels covers the z that people would have if the level were known", {
  fit <- fit_sites()
  set.seed(24)
  n <- 2000
  at <- data.frame(age = runif(n, 4, 16), sex = "F", site = "new")
  line <- centiles(fit, at, z = c(0, 1), resp = "height", new_levels = "population")
  mu <- line$value[line$z == 0]
  sigma <- line$value[line$z == 1] - mu
  sds <- vapply(c("mu:height", "sigma:height"), function(key) {
    Find(function(table) table$random, reference(fit)$predictors[[key]]$tables)$sd
  }, 0)
  true <- rnorm(n)
  at$height <- mu + rnorm(n, 0, sds[1]) + sigma * exp(rnorm(n, 0, sds[2])) * true
  at$weight <- NA
  known <- deviations(fit, at,
    resp = "height", uncertainty = "posterior", exclude = "s(site)"
  )
  for (new_levels in c("population", "predictive")) {
    out <- deviations(fit, at,
      resp = "height", uncertainty = "posterior", new_levels = new_levels
    )
    # The curves are exact in these people, so their part of z_se is taken off; 2,000 people:
    # standard error of the coverage .005
    of_site <- sqrt(out$z_se^2 - known$z_se^2)
    held <- mean(abs(out$z - true) < 1.96 * of_site)
    # predictive z is drawn to zero, nearer to the truth than z_se says
    expect_gt(held, 0.935)
    expect_lt(held, if (new_levels == "population") 0.965 else 0.99)
  }
})

test_that("conditional velocity is the z of one visit given another, at any two ages", {
  set.seed(25)
  n <- 500
  d <- data.frame(age1 = runif(n, 1, 8), gap = runif(n, 0.3, 3))
  d$age2 <- d$age1 + d$gap
  rho <- tanh(1.2 + 0.08 * d$age1 - 0.35 * d$gap)
  z1 <- rnorm(n)
  z2 <- rho * z1 + sqrt(1 - rho^2) * rnorm(n)
  d$first <- 70 + 9 * d$age1 + 3 * z1
  d$second <- 70 + 9 * d$age2 + 3 * z2
  for (form in list(rho ~ s(age1, k = 5) + s(gap, k = 5), rho ~ t2(age1, age2, k = 4))) {
    fit <- quiet(covary(
      list(first ~ age1, second ~ age2, sigma(first) ~ 1, sigma(second) ~ 1, form),
      data = d, draws = 400, seed = 1
    ))
    out <- deviations(fit, d, given = ~first, wide = TRUE)
    central <- getFromNamespace("central_at", "covary")
    at <- function(key) central(fit, fit$design$predictors[[key]], d)
    z <- list(
      (d$first - at("mu:first")) / exp(at("sigma:first")),
      (d$second - at("mu:second")) / exp(at("sigma:second"))
    )
    r <- tanh(at("rho:first:second") / 2)
    # surfaces are tabulated to 1e-5
    expect_lt(max(abs(out$z_second_given_first - (z[[2]] - r * z[[1]]) / sqrt(1 - r^2))), 1e-4)
    truth <- (z2 - rho * z1) / sqrt(1 - rho^2)
    # 500 pairs of visits and some 10 coefficients of rho: about sqrt(15 / 500)
    expect_lt(sqrt(mean((out$z_second_given_first - truth)^2)), 0.3)
  }
})

test_that("nobody has no scores, and an infinite response is refused by fit and chart", {
  fit <- fit_sites()
  nobody <- data_sites()[0, ]
  infinite <- transform(data_sites()[1:2, ], height = c(1, Inf))
  for (object in list(fit, reference(fit))) {
    expect_identical(nrow(deviations(object, nobody, given = ~height)), 0L)
    expect_identical(nrow(deviations(object, nobody, uncertainty = "posterior", wide = TRUE)), 0L)
    expect_identical(nrow(reference_region(object, nobody)), 0L)
    expect_identical(harmonise(object, nobody), nobody)
    expect_error(evaluate(object, nobody), class = "covary_error_newdata")
    expect_error(deviations(object, infinite), class = "covary_error_infinite")
  }
})
