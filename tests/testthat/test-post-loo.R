test_that("resampled draws go to loo, others through the correction", {
  skip_if_not_installed("loo")
  fit <- fixture("one")
  a <- suppressWarnings(loo(fit))
  expect_s3_class(a, "psis_loo")
  expect_false(inherits(a, "psis_loo_ap"))
  b <- suppressWarnings(loo(fixture("full")))
  expect_s3_class(b, "psis_loo_ap")
  expect_identical(b$approximate_posterior$log_p, as.vector(as.matrix(fixture("full"), "lp__")))
  expect_s3_class(suppressWarnings(waic(fit)), "waic")
})

test_that("loo approximates leaving rows out", {
  skip_if_not_installed("loo")
  fit <- fixture("one")
  pointwise <- suppressWarnings(loo(fit))$pointwise[, "elpd_loo"]
  for (i in c(3, 20)) {
    set.seed(3)
    left <- quiet(covary(mpg ~ wt, sigma ~ wt, data = mtcars[-i, ], draws = 2000))
    expect_equal(log(mean(exp(log_lik(left, newdata = mtcars[i, ])))), pointwise[i],
      tolerance = 0.1, ignore_attr = TRUE
    )
  }
})

test_that("results can be compared, and fits of other data are noticed", {
  skip_if_not_installed("loo")
  a <- suppressWarnings(loo(fixture("full")))
  set.seed(1)
  b <- suppressWarnings(loo(quiet(covary(cbind(mpg, qsec) ~ 1, data = mtcars, draws = 800))))
  expect_identical(rownames(loo::loo_compare(a, b))[1], "model1")
  b2 <- suppressWarnings(loo(quiet(covary(cbind(mpg, drat) ~ 1, data = mtcars, draws = 800))))
  expect_warning(loo::loo_compare(a, b2), "same y")
})

test_that("draws from the prior and a missing package are typed errors", {
  skip_if_not_installed("loo")
  fit <- covary(mpg ~ wt, data = mtcars, algorithm = "prior", draws = 200)
  expect_error(loo(fit), class = "covary_error_algorithm")
  expect_error(need_package("nonexistentpackage", "x"), class = "covary_error_package")
})

test_that("fits with their responses in another order can be compared", {
  skip_if_not_installed("loo")
  fit <- fixture("full")
  other <- quiet(update(fit, order = rev(fit$responses)))
  hash <- function(fit) attr(suppressWarnings(loo(fit)), "yhash")
  expect_equal(unname(hash(fit)), unname(hash(other)))
})

test_that("two fits are compared by loo_compare()", {
  skip_if_not_installed("loo")
  expect_error(loo(fixture("one"), fixture("one")), "loo_compare", class = "covary_error_argument")
})

test_that("rows in parts give what all rows give at once, and rows of high k are named", {
  skip_if_not_installed("loo")
  fit <- fixture("two")
  whole <- suppressWarnings(loo(fit, save_psis = TRUE))
  densities <- log_lik(fit)
  one <- function(densities) {
    suppressWarnings(loo::loo(densities, r_eff = rep(1, ncol(densities))))
  }
  parts <- lapply(list(1:50, 51:51, 52:120), function(rows) one(densities[, rows, drop = FALSE]))
  joined <- join_loo(parts)
  at_once <- one(densities)
  expect_equal(joined, at_once)
  expect_equal(suppressWarnings(loo(fit))$estimates, whole$estimates)
  d <- mtcars
  d["Fiat 128", "mpg"] <- 80
  out <- quiet(covary(mpg ~ wt, data = d, draws = 1000))
  expect_warning(loo(out), "Fiat 128", class = "covary_warning_loo_khat")
})
