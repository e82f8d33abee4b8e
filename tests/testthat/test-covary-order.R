test_that("responses change places, formulas of pairs are carried over", {
  f <- list(cbind(a, b, c) ~ x, sigma(b) ~ x, rho(a, c) ~ 0)
  out <- reorder_formulas(f, c("c", "a", "b"))
  expect_equal(out, c(list(cbind(c, a, b) ~ x), f[-1]))
  # Means of several formulas: one each, the last of a response wins.
  f <- list(cbind(a, l = log(b)) ~ x, c ~ z, a ~ 1, rho ~ x)
  out <- reorder_formulas(f, c("c", "l", "a"))
  expect_equal(out, list(c ~ z, cbind(l = log(b)) ~ x, a ~ 1, rho ~ x))
  expect_identical(
    names(parse_formulas(out, data_names = character())$responses), c("c", "l", "a")
  )
  expect_equal(reorder_formulas(list(cbind(log(a), b) ~ 1), c("b", "loga")), list(
    cbind(b, log(a)) ~ 1
  ))
  for (bad in list("a", c("a", "b", "b"), c("a", "b", "d"), 1)) {
    expect_error(reorder_formulas(list(cbind(a, b, c) ~ 1), bad), class = "covary_error_argument")
  }
})

test_that("a fit in another order is the same where correlations are constant", {
  set.seed(5)
  fit <- quiet(covary(cbind(mpg, qsec, drat) ~ wt, rho(drat, mpg) ~ 1,
    data = mtcars, algorithm = "laplace", draws = 4000
  ))
  other <- quiet(update(fit, order = c("drat", "mpg", "qsec")))
  expect_identical(other$responses, c("drat", "mpg", "qsec"))
  a <- correlation(fit, mtcars[1, ])
  b <- correlation(other, mtcars[1, ])
  at <- match(c("mpg:qsec", "mpg:drat", "qsec:drat"), a$pair)
  to <- match(c("mpg:qsec", "drat:mpg", "drat:qsec"), b$pair)
  # Laplace is not invariant: a part of a posterior sd
  expect_lt(max(abs(a$estimate[at] - b$estimate[to]) / a$sd[at]), 0.3)
  expect_equal(update(fit, order = c("drat", "mpg", "qsec"), evaluate = FALSE)[[2]],
    cbind(drat, mpg, qsec) ~ wt,
    ignore_attr = TRUE
  )
})
