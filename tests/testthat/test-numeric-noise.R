test_that("noise comes in pairs with mean zero and covariance one, for even and odd numbers", {
  for (n in c(200, 201)) {
    set.seed(942)
    z <- matched_noise(n, 7)
    expect_identical(dim(z), c(as.integer(n), 7L))
    expect_lt(max(abs(colMeans(z))), 1e-14)
    expect_equal(stats::cov(z), diag(7))
    if (n == 200) expect_identical(z[101:200, ], -z[1:100, ])
  }
})
