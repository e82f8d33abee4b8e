# Sufficient statistics of the cells in C against naive sums over rows.

cells_of <- function(id, y, weight = rep(1, length(id)), m = max(id)) {
  .Call(C_cells, as.integer(id), as.integer(m), as.matrix(y), weight)
}

random_rows <- function(k, n, m) {
  id <- sample(c(seq_len(m), sample.int(m, n - m, TRUE)))
  list(id = id, y = matrix(rnorm(n * k), n) %*% matrix(rnorm(k * k), k), weight = runif(n, 0.2, 3))
}

# Full symmetric scatter of a cell (a column of cells).
scatter_of <- function(cell, k) {
  root <- matrix(0, k, k)
  root[lower.tri(root, TRUE)] <- cell[-(1:(1 + k))]
  tcrossprod(root)
}

test_that("weights, means and scatters are those of naive sums", {
  set.seed(601)
  for (k in 1:3) {
    for (weighted in c(FALSE, TRUE)) {
      rows <- random_rows(k, 200, 20)
      if (!weighted) rows$weight[] <- 1
      cells <- cells_of(rows$id, rows$y, rows$weight)
      expect_identical(dim(cells), as.integer(c(1 + k + k * (k + 1) / 2, 20)))
      for (i in 1:20) {
        mine <- rows$id == i
        y <- rows$y[mine, , drop = FALSE]
        w <- rows$weight[mine]
        truth <- cov.wt(y, w / sum(w), method = "ML")
        expect_equal(cells[1, i], sum(w), tolerance = 1e-14)
        expect_equal(cells[1 + 1:k, i], unname(truth$center), tolerance = rounding)
        expect_close(scatter_of(cells[, i], k), unname(truth$cov) * sum(w), rounding)
        expect_true(all(cells[1 + k + cumsum(c(1, k:1))[1:k], i] >= 0))
      }
      expect_close(cells, twin_cells(rows$y, rows$weight, rows$id), rounding)
    }
  }
})

test_that("single rows have no scatter", {
  set.seed(602)
  for (k in 1:3) {
    y <- matrix(rnorm(5 * k, mean = 100), 5)
    cells <- cells_of(5:1, y, weight = c(1, 0.3, 2, 1, 7))
    expect_identical(cells[1 + 1:k, , drop = FALSE], t(y[5:1, , drop = FALSE]))
    expect_true(all(cells[-(1:(1 + k)), ] == 0))
  }
})

test_that("equal rows have no scatter", {
  y <- matrix(c(0.1, -7.3), 30, 2, byrow = TRUE)
  cells <- cells_of(rep(1, 30), y, weight = seq(0.1, 3, by = 0.1))
  expect_equal(cells[2:3, 1], c(0.1, -7.3), tolerance = 1e-15)
  expect_true(all(cells[4:6, 1] < 1e-13))
})

test_that("rows of weight zero do not count, wherever they stand", {
  set.seed(603)
  rows <- random_rows(2, 60, 6)
  kept <- cells_of(rows$id, rows$y, rows$weight)
  for (first in c(TRUE, FALSE)) {
    id <- if (first) c(1:6, rows$id) else c(rows$id, 1:6)
    extra <- matrix(1e6, 6, 2)
    y <- if (first) rbind(extra, rows$y) else rbind(rows$y, extra)
    weight <- if (first) c(rep(0, 6), rows$weight) else c(rows$weight, rep(0, 6))
    expect_identical(cells_of(id, y, weight), kept)
  }
  expect_identical(cells_of(1:2, matrix(c(1, 2)), c(0, 1)), cbind(c(0, 0, 0), c(1, 2, 0)))
})

test_that("a cell without rows is empty", {
  expect_identical(cells_of(c(1, 3), matrix(c(5, 6)), m = 3L), cbind(c(1, 5, 0), 0, c(1, 6, 0)))
})

test_that("a large offset costs nothing but the rounding of the responses", {
  # mean 1e8, sd 1: doubles there are 1.5e-8 apart, so the responses are multiples of 2^-26;
  # their distance from 1e8 is exact, which makes the truth exact as well
  set.seed(604)
  n <- 20000
  y <- 1e8 + matrix(rnorm(2 * n), n) %*% matrix(c(1, 0.8, 0, 0.6), 2)
  for (weighted in c(FALSE, TRUE)) {
    weight <- if (weighted) runif(n, 0.2, 3) else rep(1, n)
    cells <- cells_of(rep(1, n), y, weight)
    truth <- twin_cells(y - 1e8, weight, rep(1, n))
    expect_lte(max(abs((cells[2:3, 1] - 1e8) - truth[2:3, 1])), 2^-26)
    expect_equal(cells[4:6, 1], truth[4:6, 1], tolerance = rounding_of_solve)
  }
})

test_that("collinear responses have a root of rank one", {
  set.seed(605)
  for (a in c(2, -0.5, 1)) { # multiples that are exact in binary
    y1 <- rnorm(500)
    cells <- cells_of(rep(1, 500), cbind(y1, a * y1))
    expect_equal(cells[5, 1] / cells[4, 1], a, tolerance = 1e-14)
    expect_identical(cells[6, 1], 0)
    three <- cells_of(rep(1, 500), cbind(y1, a * y1, rnorm(500)))
    expect_identical(three[8, 1], 0)
    expect_true(all(is.finite(three)))
  }
  constant <- cells_of(rep(1, 500), cbind(3, y1))
  expect_equal(constant[4:6, 1], c(0, 0, sqrt(sum((y1 - mean(y1))^2))), tolerance = last_bits)
})

test_that("the smallest conditional scatter keeps its digits", {
  # at |rho| = 1 - 1e-8 the second pivot is 1e-8 of the scatter
  set.seed(606)
  for (gap in c(1e-2, 1e-4, 1e-6, 1e-8)) {
    rho <- 1 - gap
    y1 <- rnorm(2000)
    y <- cbind(y1, rho * y1 + sqrt(gap * (1 + rho)) * rnorm(2000))
    expect_equal(cells_of(rep(1, 2000), y)[6, 1], twin_cells(y, rep(1, 2000), rep(1, 2000))[6, 1],
      tolerance = rounding_of_sums
    )
  }
})

test_that("log likelihoods over cells equal those over rows", {
  set.seed(607)
  for (k in 1:2) {
    for (gap in if (k == 2) c(1, 1e-3, 1e-6, 1e-8) else 1) {
      n <- 2000
      m <- 40
      q <- predictors_of(k)
      id <- sample(c(1:m, sample.int(m, n - m, TRUE)))
      eta <- matrix(rnorm(q * m), q)
      z <- matrix(rnorm(n * k), n)
      if (k == 2) {
        eta[5, ] <- log((2 - gap) / gap)
        parts <- correlation_parts(eta[5, id])
        z[, 2] <- parts$rho * z[, 1] + parts$root * z[, 2]
      }
      y <- t(eta[1:k, id, drop = FALSE]) + exp(t(eta[k + 1:k, id, drop = FALSE])) * z
      weight <- runif(n, 0.2, 3)
      rows <- sum(weight * twin_rows(y, eta[, id]))
      cells <- sum(.Call(C_likelihood, normal_of(k), cells_of(id, y, weight), eta)[1, ])
      expect_close(cells, rows, rounding_of_solve)
    }
  }
})

test_that("ids out of range are refused", {
  expect_error(cells_of(c(1, 4), matrix(1:2 + 0), m = 3L), "id")
  expect_error(cells_of(c(0, 1), matrix(1:2 + 0)), "id")
  expect_error(cells_of(c(1, NA), matrix(1:2 + 0), m = 3L), "id")
})
