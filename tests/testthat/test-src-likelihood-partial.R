# The kernel of any number of responses by canonical partial correlations against naive twins
# (helper-partial.R), against the kernel of two, and against itself.

partial_of <- function(k) list(name = "partial", responses = k)

test_that("the twin is the textbook density of Sigma", {
  set.seed(301)
  for (k in c(2, 3, 5, 8)) {
    eta <- rnorm(predictors_of(k), sd = 0.7)
    y <- matrix(rnorm(4 * k), 4)
    expect_close(
      partial_twin_rows(y, matrix(eta, length(eta), 4)), naive_density(y, eta), 1e-11,
      floor = 1
    )
  }
})

for (k in c(3L, 5L, 10L)) {
  test_that(paste("value, gradient and Hessian are right at", k, "responses"), {
    for (fit in c(TRUE, FALSE)) {
      set.seed(310 + 2 * k + fit)
      # 10,000 points: validation/gradients-many-responses.R
      m <- c(400, 200, 60)[match(k, c(3, 5, 10))] * if (full_tests()) 3 else 1
      data <- random_points(k, m, fit)
      expect_close(twin_gradient(data), twin_derivatives(data), 1e-12)
      errors <- likelihood_errors(data)
      expect_lte(max(errors[, "value"]), 1e-9)
      expect_lte(max(errors[, "gradient"]), 1e-9)
      expect_lte(max(errors[, "hessian"]), 1e-9)
    }
  })
}

test_that("a cell has the density, gradient and Hessian that complex steps gave elsewhere", {
  eta <- c(0.2, -0.3, 0.1, 0.15, -0.25, 0.05, 1.2, -0.8, 0.6)
  cell <- c(4, 0.7, -1.1, 0.4, 1.5, 0.6, -0.4, 1.2, 0.5, 0.9)
  out <- .Call(C_likelihood, normal_of(3L), cbind(cell), cbind(eta))
  expect_equal(out[1], -19.306175286306, tolerance = 1e-12)
  expect_close(out[2:10], c(
    6.814529208658, -10.865395720334, 4.134486825881, 1.076712956591, 8.095788557057,
    -1.875239401214, -3.947342372638, 0.6494429216354, -2.8502073473
  ), 1e-11)
  hessian <- matrix(out[-(1:10)], 9)
  truth <- c(
    -5.315422001226, 4.331043317688, -2.306611846316, -9.472240209271, -3.464834654151,
    -0.6919835538948, 5.297836544114, -2.523755585675, 3.140131125791, -10.127418761908,
    1.993130173209, 2.165521658844, 18.96733072986, 0.5979390519627, -6.790351330466,
    0.5644578510766, -4.642561143951, -4.622255880519, -1.153305923158, -1.594504138567,
    -5.521163590036, 0.7621726559622, -2.094477707345, 4.272443059828, -9.395493332587,
    -0.7579325805955, 0, 3.156365154875, -1.853578466265, 1.595498921364, -23.134675007537,
    -0.2989695259814, 6.806237131156, -0.2145992220482, 4.181601368339, -3.950551671591,
    0.08028072723695, -0.7505040039783, 1.088564854704, -4.827880654811, 0.3031819169059,
    -1.932575882431, -0.7012030632589, 1.161911590573, -3.948965432888
  )
  expect_close(hessian[lower.tri(hessian, TRUE)], truth, 1e-9)

  # minus the Hessian where mean and scatter are those of the model is the expected information
  r <- naive_correlation(3, eta[7:9])
  expect_close(
    r[lower.tri(r)], c(0.537049566998, -0.3799489622552, 0.02325708850357), 1e-12
  )
  root <- t(chol(naive_sigma(3, eta)))
  cell <- c(4, eta[1:3], 2 * root[lower.tri(root, TRUE)])
  out <- .Call(C_likelihood, normal_of(3L), cbind(cell), cbind(eta))
  expect_lt(max(abs(out[2:10])), 1e-13)
  information <- -matrix(out[-(1:10)], 9)
  expect_close(
    information[lower.tri(information, TRUE)][c(1, 25:45)],
    c(
      5.315422001226, 11.175069204338, -2.104638206065, -1.070430998272, -1.394297507862,
      1.205296462068, 0, 10.142589982846, -0.03795177678105, -1.074099133996, -0.4453985375576,
      -0.5826252249032, 9.108382775053, 0.320198373866, 0.7598979245105, -0.5826252249032,
      1.381154846534, -0.2294652046616, 0.1564493123782, 1.23709382304, -0.1106839247928,
      1.084863038173
    ), 1e-9
  )
})

test_that("for one and two responses it is the kernel of one and two", {
  for (k in 1:2) {
    for (fit in c(TRUE, FALSE)) {
      set.seed(320 + k)
      data <- random_points(k, 400, fit)
      any <- .Call(C_likelihood, partial_of(k), data$cells, data$eta)
      own <- .Call(C_likelihood, normal_of(k), data$cells, data$eta)
      moderate <- if (k == 1) rep(TRUE, 400) else abs(data$eta[5, ]) < 5
      q <- predictors_of(k)
      for (part in list(1, 1 + 1:q, 1 + q + seq_len(q^2))) {
        error <- scaled_errors(
          any[part, , drop = FALSE], own[part, , drop = FALSE], data$cells[1, ]
        )
        # near a correlation of one both round z_1 - z_2, whose size is sqrt(1 - |rho|)
        expect_lte(max(error[moderate]), 1e-13)
        expect_lte(max(error), 1e-9)
      }
    }
  }
})

test_that("the first responses alone have the same density and derivatives by their predictors", {
  set.seed(330)
  data <- random_points(5L, 50, TRUE)
  some <- random_points(3L, 50, TRUE)
  keep <- c(1:3, 6:8, 11:13)
  eta <- data$eta
  eta[-c(1:10, 11:13), ] <- 0
  some$eta <- eta[keep, ]
  # the others are apart and standardised by themselves
  root <- matrix(0, 15, 50)
  root[c(1:3, 6:7, 10), ] <- some$cells[5:10, ]
  cells <- rbind(some$cells[1:4, ], eta[4:5, ], root)
  all <- .Call(C_likelihood, normal_of(5L), cells, eta)
  three <- .Call(C_likelihood, normal_of(3L), some$cells, some$eta)
  rest <- -cells[1, ] * (log(2 * pi) + eta[9, ] + eta[10, ])
  expect_close(all[1, ], three[1, ] + rest, 1e-13, floor = 1)
  expect_close(all[1 + keep, ], three[2:10, ], 1e-13, floor = 1)
})

test_that("scores near a correlation of one are finite", {
  for (c in c(40, -40)) {
    out <- .Call(
      C_likelihood, normal_of(4L), cbind(c(1, 0.1, 0.2, 0.3, 0.4, 0 * 1:10)),
      cbind(c(0 * 1:8, c, c, c, 0, 1, c))
    )
    expect_true(all(is.finite(out)))
  }
})

test_that("what overflows is seen at every level", {
  for (level in c("plain", "base", "avx2")) {
    at <- function(at, value) {
      eta <- replace(numeric(9), at, value)
      at_level(level, .Call(C_likelihood, normal_of(3L), cbind(c(1, 1:9)), cbind(eta)))[1]
    }
    expect_false(is.finite(at(8, 1600)))
    expect_false(is.finite(at(5, -800)))
    expect_true(is.nan(at(6, NaN)) && is.nan(at(9, NaN)))
  }
})

test_that("a cell is the sum of its rows, whatever its neighbours and the vectors", {
  set.seed(340)
  for (k in c(3L, 6L)) {
    data <- random_points(k, 50, TRUE)
    single <- rbind(1, t(data$y), matrix(0, k * (k + 1) / 2, length(data$id)))
    rows <- .Call(C_likelihood, normal_of(k), single, data$eta[, data$id])
    truth <- unname(t(rowsum(data$weight * t(rows), data$id)))
    got <- .Call(C_likelihood, normal_of(k), data$cells, data$eta)
    expect_close(got, truth, 1e-9, data$cells[1, ])
    plain <- at_level("plain", .Call(C_likelihood, normal_of(k), data$cells, data$eta))
    for (level in c("base", "avx2")) {
      vector <- at_level(level, .Call(C_likelihood, normal_of(k), data$cells, data$eta))
      expect_close(vector, plain, 1e-9, floor = data$cells[1, ])
    }
    some <- c(7, 33, 2)
    alone <- .Call(C_likelihood, normal_of(k), data$cells[, some], data$eta[, some])
    expect_close(alone, got[, some], 1e-13)
  }
})

test_that("residuals of any sign make the density of their scatter", {
  set.seed(350)
  for (k in c(2L, 3L, 5L)) {
    m <- 20
    data <- random_points(k, m, FALSE)
    data$eta[-seq_len(2 * k), ] <- rnorm(m * (predictors_of(k) - 2 * k), sd = 0.5)
    a <- matrix(rnorm(m * (k + 1)), k + 1)
    g <- matrix(rnorm(m * (k + 1)), k + 1)
    u <- array(rnorm(m * k * (k + 1)), c(k, k + 1, m))
    columns <- vapply(seq_len(m), function(i) {
      c(rbind(a[, i], g[, i], u[, , i]))
    }, numeric((k + 1) * (k + 2)))
    out <- .Call(C_likelihood, partial_of(k), columns, data$eta)
    # each residual is that of a row at means that move g times as much, scaled by its weight
    value <- vapply(seq_len(m), function(i) {
      eta <- data$eta[, i]
      v <- naive_sigma(k, eta)
      r <- u[, , i] - outer(eta[1:k], g[, i])
      n <- sum(a[, i] * g[, i]^2)
      -n / 2 * (k * log(2 * pi) + c(determinant(v)$modulus)) -
        sum(a[, i] * colSums(r * solve(v, r))) / 2
    }, 0)
    expect_close(out[1, ], value, 1e-11, floor = 1)
    q <- predictors_of(k)
    for (i in 1:5) {
      column <- columns[, i, drop = FALSE]
      f <- function(eta) .Call(C_likelihood, partial_of(k), column, cbind(eta))[1:(1 + q)]
      truth <- difference_jacobian(f, data$eta[, i])
      expect_close(out[1 + 1:q, i], truth[1, ], 1e-8, floor = 1)
      expect_close(out[-(1:(1 + q)), i], c(truth[-1, ]), 1e-8, floor = 1)
    }
  }
})
