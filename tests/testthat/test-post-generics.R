body_of_test <- c(
  "set.seed(1)",
  "fit <- suppressWarnings(covary(mpg ~ wt, data = mtcars, draws = 300))",
  paste0(
    "stopifnot(identical(dim(posterior_predict(fit)), c(300L, 32L)), ",
    "is.matrix(bayes_R2(fit)), is.matrix(log_lik(fit)))"
  ),
  paste0(
    "stopifnot(identical(dim(rstantools::posterior_epred(fit)), c(300L, 32L)), ",
    "rstantools::nsamples(fit) == 300)"
  ),
  paste0(
    "stopifnot(inherits(suppressWarnings(loo(fit)), 'loo'), ",
    "inherits(suppressWarnings(loo::waic(fit)), 'waic'))"
  ),
  # Objects of other classes reach the methods of the other packages.
  "m <- matrix(rnorm(60), 20)",
  paste0(
    "stopifnot(identical(dim(posterior_interval(m)), c(3L, 2L)), ",
    "inherits(suppressWarnings(waic(m)), 'waic'))"
  ),
  "posterior_predict.other <- function(object, ...) 'other'",
  "stopifnot(posterior_predict(structure(1, class = 'other')) == 'other')",
  paste0(
    "registerS3method('posterior_predict', 'third', function(object, ...) 'third', ",
    "asNamespace('rstantools'))"
  ),
  "stopifnot(posterior_predict(structure(1, class = 'third')) == 'third')",
  "e <- tryCatch(posterior_predict(3), error = conditionMessage)",
  "stopifnot(grepl('no applicable method', e))",
  "cat('fine')"
)

test_that("the order of attaching does not matter", {
  skip_on_cran()
  skip_if_not_installed("rstantools")
  skip_if_not_installed("loo")
  skip_if(!nzchar(system.file(package = "covary")) ||
    !file.exists(system.file("Meta", package = "covary")), "needs an installed covary")
  attach_covary <- "library(covary)"
  others <- c("suppressMessages(library(rstantools))", "suppressMessages(library(loo))")
  for (order in list(c(attach_covary, others), c(others, attach_covary), attach_covary)) {
    expect_identical(tail(run_fresh(c(order, body_of_test)), 1), "fine")
  }
})

test_that("generics of package generics answer", {
  expect_s3_class(generics::tidy(fixture("one")), "data.frame")
})
