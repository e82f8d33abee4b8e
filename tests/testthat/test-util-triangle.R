test_that("a triangle and its matrix are there and back", {
  for (k in 1:4) {
    a <- crossprod(matrix(rnorm(k * k), k))
    expect_identical(symmetric_matrix(lower_triangle(a), k), a)
    expect_identical(lower_matrix(lower_triangle(a), k), a * lower.tri(a, TRUE))
    expect_length(lower_triangle(a), triangle_size(k))
  }
})

test_that("places and pairs agree with each other", {
  expect_identical(lower_places(3), matrix(c(1L, 2L, 3L, 2L, 4L, 5L, 3L, 5L, 6L), 3))
  for (k in 1:4) {
    expect_identical(lower_places(k)[lower_pairs(k)], seq_len(triangle_size(k)))
    strict <- lower_pairs(k, diagonal = FALSE)
    expect_true(all(strict[, 1] > strict[, 2]))
    expect_identical(nrow(strict), as.integer(k * (k - 1) / 2))
  }
})
