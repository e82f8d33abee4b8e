# What a term is at other rows than those of the fit.

terms_data <- function(n = 90) {
  set.seed(21)
  d <- data.frame(
    x = stats::runif(n, 1, 10), z = stats::rnorm(n),
    g = factor(sample(c("b", "a", "c"), n, TRUE), c("c", "b", "a")),
    count = sample(1:9, n, TRUE), day = as.Date("2020-01-01") + sample(0:400, n)
  )
  d$m <- matrix(stats::rnorm(3 * n), n)
  d$y <- d$x + d$z + stats::rnorm(n)
  d$w <- exp(d$z)
  d
}

mode_fit <- function(...) {
  set.seed(1)
  suppressWarnings(covary(..., draws = 200, algorithm = "laplace"), classes = "covary_warning")
}

# The fit at its own rows, at single ones and at some in another order.
expect_same_at_new_data <- function(fit, d) {
  label <- deparse1(formula(fit)[[1]])
  inside <- unname(fitted(fit)[, 1])
  at <- function(rows) predict(fit, d[rows, ], dpar = "mu")$estimate
  expect_equal(at(seq_len(nrow(d))), inside, tolerance = rounding_of_fit, label = label)
  for (row in c(1, 17, which.max(d$x))) {
    expect_equal(at(row), inside[row],
      tolerance = rounding_of_fit,
      label = paste(label, "row", row)
    )
  }
  expect_equal(at(40:31), inside[40:31], tolerance = rounding_of_fit, label = label)
  expect_equal(log_lik(fit, newdata = d[c(5, 60), ]), log_lik(fit)[, c(5, 60)],
    tolerance = rounding_of_fit,
    label = label, ignore_attr = TRUE
  )
}

test_that("terms keep the state of the training rows, wherever they stand", {
  d <- terms_data()
  cutoff <- 5
  knots <- c(4, 7)
  square <- function(v) v^2 / cutoff
  for (f in list(
    y ~ scale(x), y ~ base::scale(x), y ~ I(scale(x)^2), y ~ log(scale(x) + 5),
    y ~ scale(x)[, 1], y ~ poly(log(x), 2), y ~ poly(x, z, degree = 2),
    y ~ splines::ns(scale(x), 3), y ~ splines::bs(x, knots = knots), y ~ I(x / max(x)),
    y ~ I(x - mean(x)), y ~ I(x > median(x)),
    y ~ cut(x, quantile(x), include.lowest = TRUE), y ~ pmin(x, quantile(x, 0.9)), y ~ table(g)[g],
    y ~ tapply(x, g, mean)[g],
    y ~ as.integer(factor(g)), y ~ relevel(factor(g), ref = "b"), y ~ as.integer(g),
    y ~ square(scale(x)), y ~ scale(m), y ~ I(m %*% 1:3),
    y ~ I(day - min(day)), y ~ format(day, "%m"), y ~ s(scale(x), k = 5),
    y ~ s(I(x / max(x)), k = 5), y ~ s(x, by = scale(z), k = 5),
    y ~ t2(scale(x), z, k = 4), y ~ x + offset(scale(z)), y ~ x + offset(log(w / sum(w))),
    y ~ ifelse(x > cutoff, 1, 0),
    scale(y) ~ x, log(w) ~ x, I(y - mean(y)) ~ x,
    scale(y)[, 1] ~ x
  )) {
    expect_same_at_new_data(mode_fit(f, data = d), d)
  }
})

test_that("terms that depend on other rows and have no state are refused by the fit", {
  d <- terms_data()
  centre <- function(v) v - mean(v)
  for (f in list(
    y ~ cut(x, 3), y ~ rank(x), y ~ ave(x, g), y ~ cumsum(x), y ~ c(0, diff(x)),
    y ~ seq_along(x), y ~ rev(x), y ~ duplicated(count),
    y ~ centre(x), y ~ jitter(x), y ~ I(x + stats::rnorm(length(x))), y ~ I(stats::runif(90)),
    y ~ s(rank(x)), y ~ s(x, by = cumsum(z)),
    y ~ x + offset(rank(z)), y ~ stats::residuals(stats::lm(z ~ x)), rank(y) ~ x, cumsum(y) ~ x
  )) {
    expect_error(mode_fit(f, data = d), "as a column of `data`",
      class = "covary_error_term",
      label = deparse1(f)
    )
  }
  # In every predictor, at any number of rows.
  expect_error(mode_fit(y ~ x, sigma ~ rank(x), data = d), "rank(x) of sigma:y",
    fixed = TRUE,
    class = "covary_error_term"
  )
  many <- d[rep(1:90, 140), ]
  many$x <- many$x + seq_len(nrow(many)) / 1e6
  expect_error(mode_fit(y ~ rank(x), data = many), class = "covary_error_term")
})

test_that("states come from the rows that are used", {
  d <- terms_data()
  f <- scale(y) ~ scale(x) + poly(z, 2)
  kept <- mode_fit(f, data = d, subset = day > as.Date("2020-06-01"))
  expect_identical(
    coefficients_of(kept),
    coefficients_of(mode_fit(f, data = d[d$day > as.Date("2020-06-01"), ]))
  )
  d$x[1:5] <- NA
  expect_identical(
    coefficients_of(suppressMessages(mode_fit(f, data = d))),
    coefficients_of(mode_fit(f, data = d[-(1:5), ]))
  )
})

test_that("states of many rows hold for responses and terms alike", {
  set.seed(2)
  n <- 12000
  d <- data.frame(x = stats::rgamma(n, 2))
  d$v <- 10 + 3 * d$x + stats::rnorm(n)
  for (f in list(scale(v) ~ x, v ~ poly(x, 2), v ~ s(scale(x), k = 5), v ~ I(x / max(x)))) {
    fit <- suppressMessages(mode_fit(f, data = d))
    rows <- c(3, which.max(d$x))
    expect_equal(predict(fit, d[rows, , drop = FALSE], dpar = "mu")$estimate,
      unname(fitted(fit)[rows, 1]),
      tolerance = convergence_error
    )
    expect_equal(log_lik(fit, newdata = d[rows, ]), log_lik(fit)[, rows],
      tolerance = convergence_error,
      ignore_attr = TRUE
    )
  }
})

test_that("looking at terms leaves the random numbers alone", {
  d <- terms_data()
  after <- function(f) {
    set.seed(3)
    add_term_states(parse_formulas(f, data_names = names(d)), as.list(d), nrow(d))
    stats::runif(1)
  }
  noisy <- function(v) v + 0 * stats::rnorm(1)
  expect_identical(after(y ~ noisy(x)), after(y ~ 1))
})

test_that("values from outside the data are columns of the fit that new data must have", {
  d <- terms_data()
  z <- d$z
  plain <- mode_fit(y ~ x + z, data = d[c("y", "x", "z")])
  outside <- mode_fit(y ~ x + z, data = d[c("y", "x")])
  expect_identical(fitted(outside), fitted(plain))
  expect_error(predict(outside, d["x"]), "'z' from outside `data`",
    fixed = TRUE,
    class = "covary_error_newdata"
  )
  expect_identical(
    predict(outside, d[1:3, c("x", "z")])$estimate,
    predict(plain, d[1:3, c("x", "z")])$estimate
  )
  for (f in list(d$y ~ d$x + d[["z"]], d$y ~ I(d$x) + d[, "z"])) {
    fit <- mode_fit(f, data = d)
    expect_identical(unname(fitted(fit)), unname(fitted(plain)))
    expect_error(predict(fit, d[1:3, ]), "d$x", fixed = TRUE, class = "covary_error_newdata")
    expect_error(log_lik(fit, newdata = d), class = "covary_error")
  }
  mixed <- mode_fit(y ~ I(x + d$z) + s(d$x, k = 4) + offset(d$z), data = d)
  same <- mode_fit(y ~ I(x + z) + s(x, k = 4) + offset(z), data = d[c("x", "y", "z")])
  expect_equal(fitted(mixed), fitted(same), tolerance = half_of_digits)
  expect_error(predict(mixed, d), class = "covary_error_newdata")
  y <- d$y
  fit <- mode_fit(y ~ x, data = d["x"])
  expect_error(log_lik(fit, newdata = d["x"]), "'y'", class = "covary_error_variable")
  expect_identical(log_lik(fit, newdata = d[1:3, ]), log_lik(fit)[, 1:3])
})

test_that("an interaction before its main effects is coded as lm() codes it", {
  d <- terms_data()
  for (f in list(y ~ g:x + g + x, y ~ g:x + x, y ~ 0 + g:x + g, y ~ x:z + z + x)) {
    fit <- mode_fit(f, data = d)
    expect_identical(
      colnames(model.matrix(fit)),
      paste0("b_", sub("(Intercept)", "Intercept", colnames(stats::model.matrix(f, d)),
        fixed = TRUE
      ))
    )
  }
})

test_that("a fit without new data of other types predicts what it would with them", {
  d <- terms_data()
  d$hours <- as.difftime(d$x, units = "hours")
  d$when <- as.POSIXct("2021-03-01", tz = "UTC") + 1000 * d$x
  fit <- mode_fit(y ~ hours + as.integer(g) + when + day, data = d)
  inside <- unname(fitted(fit)[4:9, 1])
  at <- function(newdata) predict(fit, newdata, dpar = "mu")$estimate
  new <- d[4:9, ]
  expect_equal(at(transform(new, g = as.character(g))), inside)
  expect_equal(at(transform(new, g = factor(as.character(g)))), inside)
  units(new$hours) <- "mins"
  expect_equal(at(new), inside)
  new$when <- as.POSIXlt(new$when)
  expect_equal(at(new), inside)
  for (bad in list(
    transform(new, hours = 3), transform(new, day = 18000),
    transform(new, day = "2020-01-01"), transform(new, when = day),
    transform(new, day = when)
  )) {
    expect_error(at(bad), "as in the fit",
      class = "covary_error_newdata"
    )
  }
  expect_error(predict(mode_fit(y ~ x, data = d), transform(new, x = day)),
    class = "covary_error_newdata"
  )
})

test_that("dates, times, logicals and 64-bit integers work in all that follows a fit", {
  d <- terms_data()
  d$when <- as.POSIXlt("2021-03-01", tz = "UTC") + 1000 * d$x
  d$late <- d$x > 5
  d$span <- as.difftime(d$x, units = "days")
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  fit <- mode_fit(cbind(y, w) ~ day + late + s(when, k = 4), rho ~ span, data = d)
  plain <- mode_fit(cbind(y, w) ~ day + late + s(when, k = 4), rho ~ span,
    data = transform(d,
      day = as.numeric(day), when = as.numeric(as.POSIXct(when)),
      span = as.numeric(span)
    )
  )
  effects <- conditional_effects(fit)
  expect_equal(as.data.frame(effects), as.data.frame(conditional_effects(plain)),
    tolerance = convergence_error
  )
  expect_equal(plot_data(fit, "bins", "day"), plot_data(plain, "bins", "day"),
    tolerance = convergence_error
  )
  for (type in c("effects", "ellipses")) expect_silent(plot(fit, type = type))
  for (type in c("dens", "sd", "correlation", "qq")) expect_silent(pp_check(fit, type))
  early <- conditional_effects(fit, "late", conditions = list(day = as.Date("2020-01-05")))
  expect_identical(
    nrow(early),
    nrow(conditional_effects(plain, "late", conditions = list(day = 18266)))
  )
  expect_equal(early$estimate, conditional_effects(plain, "late",
    conditions = list(day = 18266)
  )$estimate, tolerance = convergence_error)
  skip_if_not_installed("bit64")
  d$big <- bit64::as.integer64(d$count)
  expect_identical(fitted(mode_fit(y ~ big, data = d)), fitted(mode_fit(y ~ count, data = d)))
  expect_identical(
    predict(mode_fit(y ~ big, data = d), d[1:3, ])$estimate,
    predict(mode_fit(y ~ count, data = d), d[1:3, ])$estimate
  )
})

test_that("curves stay where their terms exist", {
  d <- terms_data()
  for (f in list(
    y ~ cut(x, c(0, 5, 10)), y ~ factor(count), y ~ log(x - 0.9),
    y ~ approx(1:10, sqrt(1:10), x)$y
  )) {
    effects <- conditional_effects(mode_fit(f, data = d))
    expect_true(all(is.finite(effects$estimate)))
    expect_gt(nrow(effects), 10)
  }
})

test_that("columns may have the names of coefficients and results", {
  set.seed(4)
  base <- as.data.frame(matrix(stats::rnorm(240), 60, dimnames = list(NULL, c("a", "b", "x", "y"))))
  base$y <- base$a + base$x + base$y
  reference <- mode_fit(y ~ a + b + s(x, k = 4), sigma ~ a, data = base)
  for (names in list(
    c("Intercept", "(Intercept)"), c("sigma_Intercept", "lp__"),
    c("estimate", "dpar"), c("x.newdata", "upper"), c("a b", "s(x)")
  )) {
    d <- stats::setNames(base, c(names, "x", "y"))
    quoted <- paste0("`", names, "`")
    fit <- mode_fit(list(stats::as.formula(paste(
      "y ~", quoted[1], "+", quoted[2],
      "+ s(x, k = 4)"
    )), stats::as.formula(paste("sigma ~", quoted[1]))), data = d)
    expect_identical(anyDuplicated(colnames(fit$draws)), 0L)
    expect_equal(unname(coef(fit)), unname(coef(reference)), tolerance = rounding_of_solve)
    expect_identical(predict(fit, d[1:4, ])$sd, predict(reference, base[1:4, ])$sd)
    expect_identical(
      predict(fit, d[1:4, ])$extrapolated,
      predict(reference, base[1:4, ])$extrapolated
    )
  }
  fit <- mode_fit(y ~ 0 + Intercept, data = transform(base, Intercept = 1))
  expect_identical(fit$priors$class[1], "b")
})
