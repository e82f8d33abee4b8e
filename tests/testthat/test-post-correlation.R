test_that("correlations and covariances follow from their predictors", {
  fit <- fixture("two")
  new <- data.frame(x = c(-1, 4), f = "p")
  p <- correlation(fit, new)
  expect_named(p, c("x", "f", "pair", "estimate", "sd", "lower", "upper", "extrapolated"))
  rho <- posterior_epred(fit, newdata = new, dpar = "rho")
  s <- posterior_epred(fit, newdata = new, dpar = "sigma")
  expect_equal(p$estimate, colMeans(rho))
  expect_equal(p$lower, apply(rho, 2, quantile, 0.025, names = FALSE))
  v <- covariance(fit, new)
  expect_identical(v$pair, rep(c("a:a", "b:b", "a:b"), each = 2))
  expect_equal(
    v$estimate,
    c(colMeans(s[, , 1]^2), colMeans(s[, , 2]^2), colMeans(rho * s[, , 1] * s[, , 2]))
  )
  expect_identical(v$extrapolated, c(FALSE, TRUE, FALSE, FALSE, FALSE, TRUE))
})

test_that("draws are matrices", {
  fit <- fixture("two")
  new <- data.frame(x = c(-1, 1), f = "p")
  r <- correlation(fit, new, draws = TRUE)
  v <- covariance(fit, new, draws = TRUE, draw_ids = 1:5)
  expect_identical(dim(r), c(800L, 2L, 2L, 2L))
  expect_identical(dimnames(r)[3:4], list(c("a", "b"), c("a", "b")))
  expect_true(all(r[, , 1, 1] == 1))
  expect_equal(cov2cor(v[5, 2, , ]), r[5, 2, , ])
  expect_true(isSymmetric(v[1, 1, , ]))
})

test_that("one response has a variance and no correlation", {
  fit <- fixture("one")
  expect_error(correlation(fit), class = "covary_error_argument")
  expect_equal(covariance(fit, mtcars[1:2, ])$estimate,
    colMeans(posterior_epred(fit, newdata = mtcars[1:2, ], dpar = "sigma")^2),
    ignore_attr = TRUE
  )
  expect_identical(nrow(covariance(fit, mtcars[0, ])), 0L)
})
