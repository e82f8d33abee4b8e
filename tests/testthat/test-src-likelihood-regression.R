# The kernel by regressions of each response on those before it, and its exact expectations.

regression_of <- function(k) list(name = "normal_regression", responses = k)

regression_points <- function(k, m, spread = 1) {
  data <- random_points(k, m, FALSE)
  q <- predictors_of(k)
  if (k > 1) data$eta[-seq_len(2 * k), ] <- rnorm((q - 2 * k) * m, sd = spread)
  data
}

test_that("value, gradient and Hessian are those of the twin", {
  for (k in c(1L, 2L, 3L, 5L, 10L)) {
    set.seed(600 + k)
    data <- regression_points(k, if (full_tests() && k > 2) 200 else 60)
    q <- predictors_of(k)
    single <- matrix(rnorm(q), q)
    expect_close(
      regression_twin_rows(data$y[1, , drop = FALSE], single),
      normal_density(data$y[1, ], single[1:k], regression_sigma(k, single)), 1e-11
    )
    value <- function(data, eta) {
      sum_by(data$weight * regression_twin_rows(data$y, eta[, data$id, drop = FALSE]), data$id)[, 1]
    }
    score <- function(data, eta = data$eta) {
      scores <- regression_twin_scores(data$y, eta[, data$id, drop = FALSE])
      t(sum_by(data$weight * t(scores), data$id))
    }
    step <- function(f) {
      lapply(seq_len(q), function(j) {
        eta <- data$eta + 0i
        eta[j, ] <- eta[j, ] + 1i * COMPLEX_STEP
        Im(f(data, eta)) / COMPLEX_STEP
      })
    }
    expect_close(score(data), do.call(rbind, step(value)), 1e-12)
    truth <- do.call(rbind, step(score))
    for (level in c("plain", "base", "avx2")) {
      out <- at_level(level, .Call(C_likelihood, regression_of(k), data$cells, data$eta))
      expect_close(out[1, ], value(data, data$eta), 1e-11, floor = 1)
      expect_close(out[1 + 1:q, ], score(data), 1e-11)
      expect_close(out[-(1:(1 + q)), ], truth, 1e-11)
    }
  }
})

test_that("a cell has the density, gradient and Hessian that complex steps gave elsewhere", {
  eta <- c(0.2, -0.3, 0.1, 0.15, -0.25, 0.05, 1.2, -0.8, 0.6)
  cell <- c(4, 0.7, -1.1, 0.4, 1.5, 0.6, -0.4, 1.2, 0.5, 0.9)
  out <- .Call(C_likelihood, regression_of(3L), cbind(cell), cbind(eta))
  expect_equal(out[1], -23.86397374165, tolerance = 1e-12)
  expect_close(out[2:10], c(
    15.977709470972, -11.795338683799, 4.27083261313, -1.592340782784, 13.674292021905,
    1.991471447267, -7.584117845221, 2.732609002469, -3.416666090504
  ), 1e-11)
  hessian <- matrix(out[-(1:10)], 9)
  expect_equal(
    hessian[1, ], c(
      -14.776291192132, 9.65114994199, -2.895479737715, -2.963272882727, -22.15881387821,
      -6.833332181008, 13.189770165601, -5.718572481987, 2.316383790172
    ),
    tolerance = 1e-10
  )
  expect_equal(stats::cov2cor(regression_sigma(3, eta))[1, 2], 0.8730265567521, tolerance = 1e-12)
})

test_that("expectations are exact", {
  mean <- c(0.1, -0.2, 0.3, 0.1, -0.1, 0.2, 0.6, -0.4, 0.9)
  cell <- c(6, 0.4, -0.3, 0.8, 1.6, 0.5, -0.3, 1.9, 0.7, 2.1)
  near <- outer(1:9, 1:9, function(i, j) 0.5^abs(i - j))
  cov <- near * outer(1:9, 1:9, function(i, j) 0.02 + 0.001 * (i + j))
  out <- likelihood_expect(regression_of(3L), cbind(cell), cbind(mean), cbind(c(cov)))
  expect_equal(out[1], -25.236713357846, tolerance = 1e-12)
  expect_close(out[2:10], c(
    4.231145211179, -4.840333124758, 3.085148272473, -3.1817653815, -0.2197148873585,
    0.393119789182, -1.547800621221, 0.8624398502562, -1.691577549605
  ), 1e-11)
  hessian <- matrix(out[-(1:10)], 9)
  truth <- c(
    -9.013804126202, 6.058663282264, -1.787987010752, -3.182137474118, -2.623777476434,
    -2.656375471807, 3.475028194395, -3.625533044564, 0.1705308690524, -11.350379278876,
    3.821447058351, 0, 4.200660577884, 5.480005671632, -2.359764292688, 1.152380340045,
    -3.454956350305, -4.287738634896, 0, 0, -6.170296544947, 0, -1.293557149415,
    0.4137667782675, -5.636469236999, 0, 0, 0, 0, 0, -11.560570225283, 0, 3.095601242441, 0, 0,
    -12.786239578364, 0, -1.724879700512, 3.38315509921, -4.206934315062, 0, 0,
    -2.314015423371, -0.4961792140356, -2.90127940979
  )
  expect_close(hessian[lower.tri(hessian, TRUE)][-19], truth[-19], 1e-10)
  expect_equal(length(truth), 45L)
})

test_that("expectations are derivatives of one another, at every level", {
  set.seed(610)
  for (k in c(1L, 2L, 4L)) {
    q <- predictors_of(k)
    data <- regression_points(k, 40, 0.5)
    cov <- vapply(1:40, function(i) c(random_cov(runif(q, 0.05, 0.3))), numeric(q^2))
    plain <- at_level("plain", likelihood_expect(regression_of(k), data$cells, data$eta, cov))
    for (level in c("base", "avx2")) {
      out <- at_level(level, likelihood_expect(regression_of(k), data$cells, data$eta, cov))
      expect_close(out, plain, 1e-11, floor = data$cells[1, ])
    }
    for (i in 1:2) {
      f <- function(mean) {
        likelihood_expect(
          regression_of(k), data$cells[, i, drop = FALSE], cbind(mean), cov[, i, drop = FALSE]
        )[1:(1 + q)]
      }
      slope <- difference_jacobian(f, data$eta[, i])
      expect_close(plain[1 + 1:q, i], slope[1, ], 1e-8)
      expect_close(plain[-(1:(1 + q)), i], c(slope[-1, ]), 1e-8)
    }
  }
  # half the Hessian is the derivative by the covariance (Price's theorem)
  k <- 3L
  q <- 9
  data <- regression_points(k, 2, 0.5)
  cov <- random_cov(runif(q, 0.1, 0.2))
  lower <- which(lower.tri(cov, TRUE))
  expect_of <- function(cov) {
    likelihood_expect(
      regression_of(k), data$cells[, 1, drop = FALSE], data$eta[, 1, drop = FALSE], cbind(c(cov))
    )
  }
  f <- function(v) {
    moved <- matrix(0, q, q)
    moved[lower] <- v
    expect_of(moved + t(moved) - diag(diag(moved)))[1]
  }
  half <- ifelse(row(cov) == col(cov), 0.5, 1)[lower]
  expect_close(
    drop(difference_jacobian(f, cov[lower], 0.001)), half * expect_of(cov)[-(1:10)][lower], 1e-7
  )
})

test_that("every kind of cell has the density, score and Hessian of its observed responses", {
  set.seed(620)
  for (k in c(2L, 3L, 4L)) {
    x <- observed_case(k, sample(patterns_of(k)), 0.4)
    x$likelihood$name <- "normal_regression"
    expect_observed_derivatives(x, k, function(i, eta) {
      o <- x$at[[i]]
      rows <- x$id == i
      v <- regression_sigma(k, eta)[o, o, drop = FALSE]
      sum(x$weight[rows] * apply(
        x$y[rows, o, drop = FALSE], 1, normal_density,
        mean = eta[o], v = v
      ))
    })
  }
})

test_that("three of four responses have the value and score found elsewhere", {
  eta <- c(
    0.504, 0.546, 0.084, -0.456, -0.576, -0.168, 0.396, 0.594, 0.246, -0.324, -0.6, -0.324,
    0.252, 0.594
  )
  root <- replace(numeric(10), c(1, 3, 4, 8, 9, 10), c(1.2, 0.3, -0.5, 1.4, 0.2, 0.8))
  likelihood <- list(name = "normal_regression", responses = 4L, observed = 13L)
  out <- .Call(C_likelihood, likelihood, cbind(c(5, 0.5, 0, -0.2, 1.1, root)), cbind(eta))
  expect_equal(out[1], -21.436804035197, tolerance = 1e-12)
  expect_close(out[2:15], c(
    0.3914471765505, 0, -1.997151204168, 2.576083886709, -0.4428443518391, -0.3093769351037,
    -3.428857027356, -0.2661434667495, -0.2832077390191, 0.4182382732292, 0.6905883203957,
    -0.1280348193874, 0.140106955162, -1.001416692455
  ), 1e-9)
})

test_that("in a block, cells with all responses keep exact expectations, others take cubature", {
  set.seed(630)
  k <- 3L
  q <- 9
  x <- observed_case(k, list(1:3, c(1, 3), 1:3, 2:3), 0.4)
  x$likelihood$name <- "normal_regression"
  cov <- vapply(1:4, function(i) c(random_cov(runif(q, 0.05, 0.15))), numeric(q^2))
  out <- likelihood_expect(x$likelihood, x$cells, x$eta, cov)
  full <- c(1, 3)
  expect_close(
    out[, full],
    likelihood_expect(regression_of(k), x$cells[, full], x$eta[, full], cov[, full]), 1e-12
  )
  expect_close(
    out[, -full], likelihood_expect(x$likelihood, x$cells, x$eta, cov, 1L)[, -full], 1e-13
  )
})
