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

test_that("smooths of matrices are fitted", {
  set.seed(13)
  d <- data.frame(id = 1:100)
  d$X <- matrix(stats::runif(500), 100)
  d$L <- matrix(0.2, 100, 5)
  d$y <- rowSums(sin(5 * d$X) * d$L) * 3 + stats::rnorm(100, 0, 0.2)
  fit <- quick(y ~ s(X, by = L, k = 6), data = d)
  known <- fitted(mgcv::gam(y ~ s(X, by = L, k = 6), data = d, method = "REML"))
  expect_gt(stats::cor(fitted(fit)[, 1], known), 0.995)
})
