test_that("columns have the sds and quantiles that R gives them one by one", {
  v <- matrix(rnorm(60), 12)
  expect_equal(column_sds(v), apply(v, 2, sd))
  p <- c(0.025, 0.5, 0.9)
  expect_equal(column_quantiles(v, p), unname(t(apply(v, 2, quantile, p))))
  v[3, 2] <- NA
  expect_identical(column_quantiles(v, p)[2, ], rep(NA_real_, 3))
})

test_that("blocks cover all numbers once, however wide they are", {
  for (width in c(0, 1, part_doubles / 3, 10 * part_doubles)) {
    blocks <- in_blocks(7, width)
    expect_identical(as.integer(unlist(blocks)), 1:7)
    expect_true(all(lengths(blocks) * width <= part_doubles | lengths(blocks) == 1))
  }
})
