test_that("formulas change, are replaced and added", {
  fit <- fixture("one")
  new <- quiet(update(fit, . ~ . + hp, sigma ~ . - wt, draws = 200))
  expect_equal(formula(new)[[1]], mpg ~ wt + hp, ignore_attr = TRUE)
  expect_equal(formula(new)[[2]], sigma ~ 1, ignore_attr = TRUE)
  expect_identical(ndraws(new), 200L)
  two <- update(fixture("known"), rho ~ wt, evaluate = FALSE)
  expect_equal(two[[4]], rho ~ wt, ignore_attr = TRUE)
  expect_error(update(fit, 3), class = "covary_error_formula")
  expect_error(update(fit, nonsense = 3), class = "covary_error_argument")
})

test_that("updating twice, and dots for all other columns", {
  d <- mtcars[c("mpg", "wt", "hp", "qsec")]
  fit <- quiet(covary(mpg ~ ., data = d, draws = 200))
  new <- quiet(update(fit, . ~ . - qsec))
  expect_setequal(names(coef(new)), c("b_Intercept", "b_wt", "b_hp", "b_sigma_Intercept"))
  again <- quiet(update(new, draws = 300))
  expect_identical(names(coef(again)), names(coef(new)))
})

test_that("update works inside functions, with the data of the fit", {
  inside <- function() {
    local_data <- mtcars[1:20, ]
    fit <- quiet(covary(mpg ~ wt, data = local_data, draws = 200))
    list(fit, quiet(update(fit, draws = 300)))
  }
  both <- inside()
  expect_identical(ndraws(both[[2]]), 300L)
  # Outside, the frame of the formula still has the data, whatever else has its name.
  local_data <- mtcars[21:32, ]
  expect_identical(nobs(quiet(update(both[[1]], draws = 200))), 20L)
  expect_identical(nobs(quiet(update(both[[1]], data = local_data))), 12L)
  # A formula from elsewhere: the data are in the frame of the caller.
  caller <- function(f) {
    here <- mtcars[1:25, ]
    fit <- quiet(covary(f, data = here, draws = 200))
    nobs(quiet(update(fit, draws = 300)))
  }
  expect_identical(caller(mpg ~ wt), 25L)
})

test_that("a new formula sees the variables of the place where it is written", {
  fit <- covary(cbind(mpg, qsec) ~ s(wt, k = 4), data = mtcars, draws = 200)
  other <- (function(size) update(fit, cbind(mpg, qsec) ~ s(wt, k = size)))(6)
  expect_identical(
    sum(grepl("^s_mpg", colnames(other$draws))),
    sum(grepl("^s_mpg", colnames(fit$draws))) + 2L
  )
})

test_that("changed data of the same name are used; lost data are a typed error", {
  d <- mtcars
  fit <- quiet(covary(mpg ~ wt, data = d, draws = 200))
  d <- mtcars[1:15, ]
  expect_identical(nobs(quiet(update(fit))), 15L)
  rm(d)
  expect_error(update(fit), class = "covary_error_data")
})

test_that("weights and subset are evaluated in the data", {
  d <- data_two()
  fit <- fixture("weighted")
  new <- quiet(update(fit, data = d, subset = x > 0, draws = 200))
  expect_identical(nobs(new), sum(d$x > 0))
  expect_equal(new$frame$weights, as.double(d$w[d$x > 0]))
  plain <- quiet(update(fit, data = d, weights = NULL, draws = 200))
  expect_null(plain$frame$weights)
})

test_that("new responses take the place of the old", {
  d <- transform(mtcars, one = mpg, two = qsec)
  fit <- quiet(covary(one ~ wt, sigma ~ wt, data = d, draws = 200))
  expect_identical(quiet(update(fit, log(one) ~ wt))$responses, "log(one)")
  expect_identical(quiet(update(fit, log(.) ~ .))$responses, "log(one)")
  expect_identical(quiet(update(fit, two ~ .))$responses, "two")
  both <- quiet(update(fit, cbind(one, two) ~ . + hp))
  expect_identical(both$responses, c("one", "two"))
  expect_true("b_two_hp" %in% names(coef(both)))
  # A response of the fit gets a mean of its own, and further formulas add.
  expect_identical(quiet(update(both, two ~ 1))$responses, c("one", "two"))
  expect_identical(quiet(update(fit, NULL, two ~ wt))$responses, c("one", "two"))
})

test_that("each formula keeps the variables of the place where it was written", {
  here <- function(size) {
    covary(mpg ~ s(wt, k = size),
      data = mtcars, draws = 100,
      algorithm = "laplace"
    )
  }
  fit <- suppressWarnings(here(5))
  size <- 9
  degree <- 3
  new <- suppressWarnings(update(fit, . ~ . + poly(hp, degree)))
  expect_identical(
    sum(grepl("^s_swt", colnames(new$draws))),
    sum(grepl("^s_swt", colnames(fit$draws)))
  )
  expect_identical(sum(grepl("poly", colnames(new$draws))), 3L)
  again <- suppressWarnings(update(new, . ~ . + qsec))
  expect_identical(sum(grepl("poly|qsec", colnames(again$draws))), 4L)
})

test_that("fits from cells are fitted again from them", {
  cells <- compress(mtcars, ~ mpg + qsec + drat, by = "wt")
  fit <- quiet(covary(cbind(mpg, qsec, drat) ~ wt, data = cells, draws = 2000, seed = 1))
  new <- quiet(update(fit, order = c("drat", "mpg", "qsec"), seed = 1))
  expect_identical(new$responses, c("drat", "mpg", "qsec"))
  expect_equal(coef(new)["b_mpg_wt"], coef(fit)["b_mpg_wt"], tolerance = 0.02)
  expect_identical(ndraws(quiet(update(fit, draws = 300))), 300L)
})

test_that("newdata is another name of data", {
  fit <- fixture("one")
  expect_identical(nobs(quiet(update(fit, newdata = mtcars[1:20, ], draws = 200))), 20L)
  expect_error(update(fit, newdata = mtcars, data = mtcars), "given twice",
    class = "covary_error_argument"
  )
})
