# What needs the rows of the data works for fits whose rows were compressed, and is refused by a
# typed error for fits of cells, which hold none.

rows_12000 <- function() {
  set.seed(4)
  d <- data.frame(x = runif(12000), g = factor(sample(letters[1:2], 12000, TRUE)))
  d$a <- d$x + rnorm(12000)
  d$b <- 0.5 * d$a + exp(d$x) * rnorm(12000)
  d
}

test_that("fits with compressed rows answer everything about rows", {
  d <- rows_12000()
  set.seed(1)
  fit <- suppressMessages(covary(cbind(a, b) ~ s(x) + g, sigma ~ s(x), rho ~ s(x),
    data = d,
    draws = 200
  ))
  expect_false(is.null(fit$info$certificate))
  plain <- suppressWarnings(covary(cbind(a, b) ~ s(x) + g, sigma ~ s(x), rho ~ s(x),
    data = d,
    draws = 200,
    control = covary_control(compress = "never"), algorithm = "laplace"
  ))
  expect_lt(max(abs(fitted(fit) - fitted(plain))) / sd(d$a), 0.1)
  pdf(NULL)
  on.exit(dev.off())
  expect_s3_class(plot(fit), "covary_effects")
  expect_gt(nrow(plot_data(fit, "bins")), 5)
  expect_silent(plot(fit, type = "ellipses"))
  expect_silent(pp_check(fit, "correlation", ndraws = 20))
  z <- residuals(fit, type = "whitened")
  expect_identical(dim(z), c(12000L, 2L))
  expect_lt(max(abs(crossprod(z) / 12000 - diag(2))), 0.1)
})

test_that("thinned fits keep their rows together", {
  d <- rows_12000()
  set.seed(1)
  fit <- suppressMessages(covary(cbind(a, b) ~ s(x), data = d, draws = 200))
  thin <- thin_fit(fit, 100)
  rows <- round(seq(1, 12000, length.out = 100))
  expect_identical(thin$frame$n, 100L)
  expect_identical(training_data(thin)$x, d$x[rows])
  expect_equal(thin$frame$y[, "b"], d$b[rows], ignore_attr = TRUE)
})

test_that("fits of cells draw curves and refuse what needs rows", {
  d <- rows_12000()
  cells <- compress(d, c("a", "b"), by = ~ x + g)
  set.seed(1)
  fit <- covary(cbind(a, b) ~ s(x) + g, data = cells, draws = 200)
  pdf(NULL)
  on.exit(dev.off())
  expect_s3_class(plot(fit), "covary_effects")
  expect_equal(nrow(predict(fit, d[1:3, ], dpar = "mu")), 6)
  for (ask in list(
    logLik, residuals, fitted, model.frame, pp_check, as_target,
    function(f) plot(f, type = "ellipses")
  )) {
    expect_error(ask(fit), class = "covary_error_no_rows")
  }
})
