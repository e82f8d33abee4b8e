# Value, gradient and Hessian of the kernels against complex steps of the naive twins.
#
# The bound of 1e-9 is near what double inputs allow: at 1 - |rho| = 1e-8 the score depends on
# z1 - z2, which is 1e4 times smaller than z1, so that the rounding of z1 alone moves it by
# 1e-12, and by more at a point where z1 - z2 happens to be small. Twin and kernel both have
# this error, none other.

n_points <- function() if (full_tests()) 10000 else 500

test_that("the twin of two responses is the textbook density", {
  set.seed(101)
  for (i in 1:50) {
    eta <- rnorm(5)
    y <- rnorm(2)
    rho <- tanh(eta[5] / 2)
    sd <- exp(eta[3:4])
    sigma <- matrix(c(sd[1]^2, rho * sd[1] * sd[2], rho * sd[1] * sd[2], sd[2]^2), 2)
    e <- y - eta[1:2]
    truth <- -log(2 * pi) - log(det(sigma)) / 2 - sum(e * solve(sigma, e)) / 2
    expect_close(twin_rows(t(y), cbind(eta)), truth, 1e-13, floor = 1)
  }
  x <- seq(-3, 3, by = 0.5)
  expect_close(
    twin_rows(cbind(x), rbind(rep(0.3, 13), log(1.7))), dnorm(x, 0.3, 1.7, log = TRUE),
    1e-15
  )
})

for (k in 1:2) {
  for (fit in c(TRUE, FALSE)) {
    label <- sprintf("%d response%s, residuals %s", k, if (k > 1) "s" else "", if (fit) {
      "of the model"
    } else {
      "misfit"
    })

    test_that(paste("value, gradient and Hessian are right:", label), {
      set.seed(110 + 2 * k + fit)
      data <- random_points(k, n_points(), fit)
      expect_close(twin_gradient(data), twin_derivatives(data), 1e-12)
      errors <- likelihood_errors(data)
      expect_lte(max(errors[, "value"]), 1e-9)
      expect_lte(max(errors[, "gradient"]), 1e-9)
      expect_lte(max(errors[, "hessian"]), 1e-9)
    })

    test_that(paste("derivatives agree with differences of the kernel itself:", label), {
      set.seed(120 + 2 * k + fit)
      data <- random_points(k, 20, fit)
      q <- predictors_of(k)
      if (k == 2) data$eta[5, ] <- data$eta[5, ] / 4
      for (i in 1:20) {
        cell <- data$cells[, i, drop = FALSE]
        f <- function(eta) .Call(C_likelihood, normal_of(k), cell, cbind(eta))[1:(1 + q)]
        out <- .Call(C_likelihood, normal_of(k), cell, data$eta[, i, drop = FALSE])
        truth <- difference_jacobian(f, data$eta[, i])
        expect_close(out[1 + 1:q], truth[1, ], 1e-8)
        expect_close(out[-(1:(1 + q))], c(truth[-1, ]), 1e-8)
      }
    })
  }
}

test_that("Hessians are exactly symmetric", {
  set.seed(130)
  for (k in 1:2) {
    data <- random_points(k, 100, FALSE)
    q <- predictors_of(k)
    hess <- .Call(C_likelihood, normal_of(k), data$cells, data$eta)[-(1:(1 + q)), ]
    transposed <- as.vector(matrix(1:q^2, q, byrow = TRUE))
    expect_identical(hess, hess[transposed, ])
  }
})

test_that("a correlation of one in double precision is finite for matching data", {
  z <- c(-1.5, 0, 0.25, 2)
  for (r in c(-700, 700)) {
    eta <- rbind(rep(1, 4), -2, log(2), log(4), r)
    cells <- rbind(1, 1 + 2 * z, -2 + sign(r) * 4 * z, 0, 0, 0)
    out <- .Call(C_likelihood, normal_of(2L), cells, eta)
    expect_true(all(is.finite(out)))
    truth <- 350 - log(2) - log(2 * pi) - log(8) - z^2 / 2
    expect_equal(out[1, ], truth, tolerance = 1e-14)
    expect_equal(out[6, ], rep(sign(r) / 2, 4), tolerance = 1e-14)

    scattered <- rbind(3, 1, -2, 2 * 1.5, sign(r) * 4 * 1.5, 0)
    value <- .Call(C_likelihood, normal_of(2L), scattered, eta[, 1, drop = FALSE])[1]
    expect_equal(value, 3 * (350 - log(2) - log(2 * pi) - log(8)) - 1.5^2 / 2, tolerance = 1e-14)
  }
})

test_that("a cell is the sum of its rows, each a cell", {
  set.seed(140)
  for (k in 1:2) {
    data <- random_points(k, 50, TRUE)
    single <- rbind(1, t(data$y), matrix(0, k * (k + 1) / 2, length(data$id)))
    rows <- .Call(C_likelihood, normal_of(k), single, data$eta[, data$id])
    truth <- t(rowsum(data$weight * t(rows), data$id))
    got <- .Call(C_likelihood, normal_of(k), data$cells, data$eta)
    expect_close(got, unname(truth), 1e-10, data$cells[1, ])
  }
})

test_that("every level of vector code gives the kernel, for any number of cells", {
  set.seed(150)
  for (k in 1:2) {
    for (m in c(1, 3, 32, 33, 70)) {
      data <- random_points(k, m, TRUE)
      q <- predictors_of(k)
      cov <- vapply(
        seq_len(m),
        function(i) as.vector(random_cov(c(runif(q - 1, 0.05, 0.5), sample(c(0.3, 3), 1)))),
        numeric(q^2)
      )
      # nodes: centre, sums and scatter of the same rows about a point near them
      step <- matrix(rnorm(k * m, sd = 0.1), k)
      n <- data$cells[1, ]
      nodes <- rbind(
        n, data$cells[1 + 1:k, ] - step, rep(n, each = k) * step,
        vapply(seq_len(m), function(i) {
          root <- matrix(0, k, k)
          root[lower.tri(root, TRUE)] <- data$cells[-(1:(1 + k)), i]
          scatter <- tcrossprod(root) + n[i] * tcrossprod(step[, i])
          scatter[lower.tri(scatter, TRUE)]
        }, numeric(k * (k + 1) / 2))
      )
      near <- data$eta
      if (k == 2) near[5, ] <- near[5, ] / 5
      run <- function() {
        list(
          .Call(C_likelihood, normal_of(k), data$cells, data$eta),
          likelihood_expect(normal_of(k), data$cells, near, cov),
          .Call(C_likelihood, normal_of(k), unname(nodes), near),
          likelihood_expect(normal_of(k), unname(nodes), near, cov)
        )
      }
      plain <- at_level("plain", run())
      of_cells <- at_level("plain", .Call(C_likelihood, normal_of(k), data$cells, near))
      expect_close(plain[[3]], of_cells, 1e-10,
        floor = n
      )
      for (level in c("base", "avx2")) {
        vector <- at_level(level, run())
        for (i in seq_along(run())) {
          expect_close(vector[[i]], plain[[i]], if (i == 1) 1e-9 else 1e-11,
            floor = n
          )
        }
      }
    }
  }
})

test_that("the result of a cell does not depend on its neighbours", {
  set.seed(151)
  for (k in 1:2) {
    data <- random_points(k, 40, TRUE)
    all <- .Call(C_likelihood, normal_of(k), data$cells, data$eta)
    some <- c(7, 33, 2)
    # cells of one row take a shorter way when no neighbour has a scatter: the same but for rounding
    got <- .Call(C_likelihood, normal_of(k), data$cells[, some], data$eta[, some])
    expect_close(got, all[, some], 1e-13)
  }
})

test_that("what overflows is seen at every level", {
  for (level in c("plain", "base", "avx2")) {
    at <- function(k, eta) {
      at_level(
        level,
        .Call(
          C_likelihood, normal_of(k),
          cbind(c(1, 0.5, -0.3, 0, 0, 0)[seq_len(1 + k + k * (k + 1) / 2)]),
          cbind(eta)
        )
      )[1]
    }
    expect_false(is.finite(at(2, c(0, 0, 0, 0, 800))))
    expect_false(is.finite(at(2, c(0, 0, -800, 0, 0))))
    expect_false(is.finite(at(1, c(0, -800))))
    expect_true(is.nan(at(1, c(0, NaN))) && is.nan(at(2, c(0, 0, 0, 0, NaN))))
  }
})
