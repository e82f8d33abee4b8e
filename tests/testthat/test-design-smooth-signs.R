test_that("columns of a smooth have the same signs, whichever way their basis was turned", {
  x <- cbind(c(-1, 0.2, 1), c(1, -2, 1), c(0.1, 3, -0.4))
  random <- list(fixed = FALSE, trans.D = c(1, 2, 3))
  place <- order_of_points(list(x = c(1, 2, 3)))
  expect_identical(place, 3:1)
  turned <- with_signs(random, x, place)
  # From the last point up: 1; 1 of 2 is not more than half, so -2 counts; 3
  expect_identical(turned$trans.D, c(1, -2, 3))
  for (flip in list(c(-1, 1, 1), c(1, -1, -1))) {
    other <- with_signs(random, sweep(x, 2, flip, "*"), place)
    expect_identical(other$trans.D * flip, turned$trans.D)
  }
})

test_that("smooths of mgcv come out the same when a BLAS turns their eigenvectors around", {
  d <- rows_60()
  for (spec in list(mgcv::s(x, k = 6), mgcv::s(x, z, k = 8), mgcv::s(x, bs = "cr", k = 5))) {
    sm <- mgcv::smoothCon(spec, data = d, absorb.cons = TRUE)[[1]]
    random <- mgcv::smooth2random(sm, "", type = 2)
    place <- order_of_points(d[spec$term])
    columns <- function(random) {
      sweep(sm$X %*% random$trans.U, 2, with_signs(random, sm$X, place)$trans.D, "*")
    }
    turned <- random
    turned$trans.U[, c(1, 3)] <- -turned$trans.U[, c(1, 3)]
    expect_identical(columns(turned), columns(random))
  }
})
