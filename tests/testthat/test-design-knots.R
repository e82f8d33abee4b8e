test_that("knots of xt are those of mgcv's `knots`, of rows and of many rows", {
  d <- data.frame(temp = as.numeric(datasets::nottem), month = as.numeric(cycle(datasets::nottem)))
  f <- temp ~ s(month, bs = "cc", k = 8, xt = list(knots = c(0.5, 12.5)))
  at <- data.frame(month = c(0.5, 1, 6, 12, 12.5))
  fit <- quick(f, data = d, draws = 1000)
  mean <- colMeans(posterior_epred(fit, newdata = at))
  expect_equal(mean[1], mean[5])
  known <- mgcv::gam(temp ~ s(month, bs = "cc", k = 8),
    data = d, knots = list(month = c(0.5, 12.5))
  )
  expect_lt(max(abs(mean - predict(known, at))), 0.15) # of a standard error of .45
  expect_gt(abs(mean[2] - mean[4]), 0.3) # January is not December

  many <- d[rep(1:240, 100), ]
  many$month <- many$month + seq(-0.5, 0.5, length.out = nrow(many))
  expect_message(big <- covary(f, data = many, draws = 200), "compressed")
  expect_equal(as.double(big$design$predictors[[1]]$smooths[[1]]$sm$xp)[c(1, 8)], c(0.5, 12.5))
  all <- seq(0.5, 12.5, length.out = 8)
  f <- temp ~ s(month, bs = "cr", k = 8, xt = list(knots = all))
  fit <- quick(f, data = d)
  expect_equal(as.double(fit$design$predictors[[1]]$smooths[[1]]$sm$xp), all)
  for (bad in list("a", 1, c(1, NA))) {
    expect_error(quick(temp ~ s(month, bs = "cc", xt = list(knots = bad)), data = d),
      class = "covary_error_smooth"
    )
  }
})
