test_that("predict summarises draws beside the columns of newdata", {
  fit <- fixture("two")
  new <- data.frame(id = 1:3, x = c(0, 1, 5), f = "p")
  p <- predict(fit, new)
  expect_named(p, c(
    "id", "x", "f", "dpar", "resp", "estimate", "sd", "lower", "upper",
    "extrapolated"
  ))
  expect_identical(nrow(p), 15L)
  expect_identical(
    unique(paste(p$dpar, p$resp)),
    c("mu a", "mu b", "sigma a", "sigma b", "rho a:b")
  )
  e <- posterior_epred(fit, newdata = new, dpar = "rho")
  q <- p[p$dpar == "rho", ]
  expect_equal(q$estimate, colMeans(e))
  expect_equal(q$sd, apply(e, 2, sd))
  expect_equal(q$upper, apply(e, 2, quantile, 0.975, names = FALSE))
  expect_identical(q$extrapolated, c(FALSE, FALSE, TRUE))
  # sigma of b has no covariates and cannot be extrapolated.
  expect_false(any(p$extrapolated[p$dpar == "sigma" & p$resp == "b"]))
  link <- predict(fit, new, "sigma", "a", type = "link", interval = 0.5)
  expect_equal(link$lower, apply(posterior_linpred(fit, newdata = new, dpar = "sigma", resp = "a"),
    2, quantile, 0.25,
    names = FALSE
  ))
})

test_that("one response, rows of the fit, subsets of parameters", {
  fit <- fixture("one")
  p <- predict(fit)
  expect_identical(p$dpar, rep(c("mu", "sigma"), each = 32))
  expect_identical(rownames(predict(fit, mtcars[2:3, ], "mu")), rownames(mtcars)[2:3])
  expect_identical(predict(fixture("two"), resp = "a:b")$dpar, rep("rho", 120))
  expect_identical(unique(predict(fixture("two"), resp = "a")$dpar), c("mu", "sigma"))
  expect_equal(predict(fixture("two"))$estimate[1:120], unname(fitted(fixture("two"))[, "a"]))
  expect_error(predict(fit, dpar = "rho"), class = "covary_error_argument")
  expect_error(predict(fit, interval = 95), class = "covary_error_argument")
})

test_that("missing covariates stay as NA, no rows give no rows", {
  fit <- fixture("two")
  p <- predict(fit, data.frame(x = c(NA, 1), f = "p"), "mu")
  expect_identical(is.na(p$estimate), c(TRUE, FALSE, TRUE, FALSE))
  expect_identical(is.na(p$extrapolated), is.na(p$estimate))
  none <- predict(fit, data.frame(x = numeric(), f = character()))
  expect_identical(dim(none), c(0L, 9L))
  expect_type(none$extrapolated, "logical")
  expect_identical(dim(predict(fit, data.frame(x = NA_real_, f = NA), "mu")), c(2L, 9L))
})

test_that("columns of newdata with names of results are kept apart", {
  p <- predict(fixture("one"), data.frame(wt = 3, sd = 99), "mu")
  expect_lt(p$sd, 10)
  expect_identical(p$sd.newdata, 99)
})

test_that("intervals grow outside the data", {
  p <- predict(fixture("two"), data.frame(x = c(2, 4, 8), f = "p"), "mu", "a")
  expect_true(all(diff(p$sd) > 0))
})

test_that("tibbles and data.tables are data frames", {
  skip_if_not_installed("tibble")
  new <- data.frame(x = c(0, 1), f = "p")
  expect_equal(predict(fixture("two"), tibble::as_tibble(new)), predict(fixture("two"), new))
})

test_that("the interval of lm() points to predictive_interval()", {
  for (kind in c("prediction", "confidence")) {
    expect_error(predict(fixture("one"), interval = kind), "predictive_interval\\(\\)",
      class = "covary_error_argument"
    )
  }
})

test_that("a posterior mean outside its interval is said, and medians are inside", {
  fit <- fixture("one")
  far <- data.frame(wt = c(3, 100))
  expect_warning(d <- predict(fit, far, dpar = "sigma"), "1 of 2 points",
    class = "covary_warning_long_tail"
  )
  expect_gt(d$estimate[2], d$upper[2])
  expect_silent(predict(fit, far[1, , drop = FALSE]))
  expect_silent(predict(fit, far, dpar = "sigma", prob = 0.5))
  expect_silent(predict(fit, far, type = "link"))
  e <- conditional_effects(fit, "wt", dpar = "sigma", extend = 10)
  expect_true(all(e$estimate >= e$lower & e$estimate <= e$upper))
})
