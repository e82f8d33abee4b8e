# The class of sufficient statistics: its kinds, and what is true of each.

some_rows <- function(n = 6000) {
  set.seed(901)
  d <- data.frame(x = runif(n), z = rnorm(n), g = sample(c("a", "b"), n, TRUE))
  transform(d, y1 = x + rnorm(n), y2 = z * x + rnorm(n))
}

by_kind <- list(exact = ~g, grid1d = ~ x + g, grid2d = ~ x + z + g)

test_that("the kind is the number of continuous covariates, and all kinds are cells", {
  d <- some_rows()
  for (kind in names(by_kind)) {
    x <- compress(d, c("y1", "y2"), by = by_kind[[kind]])
    expect_s3_class(x, c(paste0("covary_suffstats_", kind), "covary_suffstats", "cells"),
      exact = TRUE
    )
    expect_identical(check_cells(x), x)
    expect_identical(length(continuous_names(x)), match(kind, suffstats_kinds) - 1L)
    expect_identical(has_moments(x), kind != "exact")
  }
})

test_that("cells of an older version, of class cells alone, get the class of their kind", {
  d <- some_rows()
  for (by in by_kind) {
    x <- compress(d, c("y1", "y2"), by = by)
    old <- structure(x, class = "cells")
    old$core <- NULL
    expect_identical(class(check_cells(old)), class(x))
    expect_identical(nobs(merge(old, x)), 2 * nobs(x))
    expect_identical(summary(old), summary(x))
  }
})

test_that("kinds are merged to the one with more continuous covariates", {
  d <- some_rows()
  few <- d[1:500, ]
  for (kind in c("grid1d", "grid2d")) {
    by <- by_kind[[kind]]
    x <- merge(compress(few, "y1", by = by), compress(d, "y1", by = by))
    expect_s3_class(x, paste0("covary_suffstats_", kind))
    expect_equal(summary(x)$mean, mean(c(few$y1, d$y1)), tolerance = 1e-12)
    expect_identical(check_cells(x), x)
  }
})

test_that("every kind keeps responses and groups, and rescales", {
  d <- some_rows()
  for (by in by_kind) {
    x <- compress(d, c("y1", "y2"), by = by)
    one <- select_responses(x, "y2")
    expect_identical(check_cells(one), one)
    expect_equal(summary(one), summary(x)[2, ], ignore_attr = TRUE, tolerance = 1e-12)
    expect_identical(nobs(subset(x, g == "a")), as.double(sum(d$g == "a")))
    scaled <- rescale(x, cbind(c(1, -2), c(0.5, 4)))
    expect_identical(check_cells(scaled), scaled)
    expect_equal(summary(scaled), summary(x), tolerance = 1e-11)
    expect_error(select_responses(x, "y3"), class = "covary_error_variable")
  }
})

test_that("nodes hold the sums of their cells", {
  d <- some_rows()
  for (by in by_kind[-1]) {
    x <- compress(d, c("y1", "y2"), by = by)
    nodes <- quadrature_nodes(x)
    total <- rowSums(raw_sums(x)[1:6, ])
    expect_identical(colnames(nodes$x), axis_names(x))
    expect_identical(ncol(nodes$stats), as.integer(nodes_per_cell(nodes) * count_cells(x)))
    expect_equal(rowSums(nodes$stats), total, tolerance = 1e-10)
    expect_equal(rowSums(merge_point_cells(nodes)$stats), total, tolerance = 1e-10)
    expect_equal(rowSums(few_nodes(x, nodes)$stats), total[1], tolerance = 1e-10)
  }
})

test_that("a third continuous covariate is refused", {
  d <- some_rows()
  d$w <- runif(nrow(d))
  expect_error(compress(d, "y1", by = ~ x + z + w), class = "covary_error_too_many_continuous")
})
