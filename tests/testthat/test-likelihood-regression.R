# eta of one row at numbers: k means, k log sds given the responses before, coefficients
eta_of_numbers <- function(k, eta) {
  rho <- matrix(list(), k, k)
  at <- pair_rows(k)
  for (i in seq_len(k)[-1]) {
    for (j in seq_len(i - 1)) rho[[i, j]] <- matrix(eta[at[i, j], ], nrow = 1)
  }
  row <- function(i) matrix(eta[i, ], nrow = 1)
  list(mu = lapply(1:k, row), sigma = lapply(k + 1:k, row), rho = rho)
}

numbers_of_eta <- function(eta) {
  k <- length(eta$mu)
  lower <- t(eta$rho)[upper.tri(eta$rho)]
  rbind(do.call(rbind, eta$mu), do.call(rbind, eta$sigma), do.call(rbind, lower))
}

test_that("densities, whitening, sds and correlations agree with the covariance matrix", {
  set.seed(701)
  regression <- validate_likelihood(regression_likelihood())
  for (k in 1:4) {
    q <- predictors_of(k)
    numbers <- matrix(rnorm(q * 3), q)
    eta <- eta_of_numbers(k, numbers)
    y <- lapply(1:k, function(i) matrix(rnorm(3), 1))
    density <- regression$log_density(y, eta)
    w <- regression$whiten(y, eta)
    pairs <- c(combn(k + (k == 1), 2 - (k == 1), simplify = FALSE), list(c(1, 1)))
    pairs <- Filter(function(at) max(at) <= k && length(at) == 2, pairs)
    sds <- regression$sds(eta, k:1)
    cors <- regression$correlations(eta, pairs)
    for (row in 1:3) {
      v <- regression_sigma(k, numbers[, row])
      at <- vapply(y, `[`, 0, row)
      expect_close(density[row], normal_density(at, numbers[1:k, row], v), 1e-12)
      whitened <- vapply(w, `[`, 0, row)
      d <- at - numbers[1:k, row]
      expect_equal(sum(whitened^2), sum(d * solve(v, d)), tolerance = 1e-11)
      expect_equal(vapply(sds, `[`, 0, row), sqrt(diag(v))[k:1], tolerance = 1e-12)
      for (i in seq_along(pairs)) {
        at <- pairs[[i]]
        expect_equal(rep_len(cors[[i]], 3)[row], cov2cor(v)[at[1], at[2]], tolerance = 1e-12)
      }
    }
    expect_equal(regression$correlate(w, eta), y, tolerance = 1e-12)
  }
})

test_that("some responses alone, in any order, have the distribution of all", {
  set.seed(702)
  regression <- regression_likelihood()
  k <- 5
  numbers <- matrix(rnorm(predictors_of(k) * 2), ncol = 2)
  eta <- eta_of_numbers(k, numbers)
  for (observed in list(1:3, c(2, 5), c(4, 1, 3), 5)) {
    of <- numbers_of_eta(regression$marginal(eta, observed))
    for (row in 1:2) {
      expect_equal(
        regression_sigma(length(observed), of[, row]),
        regression_sigma(k, numbers[, row])[observed, observed, drop = FALSE],
        tolerance = 1e-10
      )
    }
    expect_equal(of[seq_along(observed), 1], numbers[observed, 1])
    expect_identical(regression$rests_on(observed), seq_len(max(observed)))
  }
})

test_that("one correlation matrix has the coefficients found elsewhere", {
  r <- matrix(c(1, 0.5, -0.2, 0.3, 0.5, 1, 0.1, 0.4, -0.2, 0.1, 1, -0.1, 0.3, 0.4, -0.1, 1), 4)
  v <- r * outer(c(1, 2, 0.5, 1.5), c(1, 2, 0.5, 1.5))
  chol <- elementwise_chol(4, function(i, j) v[i, j])
  slopes <- slopes_of_chol(chol)
  expect_equal(
    c(log(unlist(diag(chol))), unlist(t(slopes)[upper.tri(slopes)])),
    c(
      0, 0.5493061443341, -0.74213738474, 0.3026399111748, 1, -0.1666666666667, 0.06666666666667,
      0.1411764705882, 0.2735294117647, -0.3529411764706
    ),
    tolerance = 1e-11
  )
})

test_that("the log likelihood of cells is that of their rows", {
  set.seed(703)
  regression <- regression_likelihood()
  k <- 3
  y <- matrix(rnorm(10 * k), 10)
  cells <- list(stats = twin_cells(y, rep(1, 10), rep(1, 10)), y_scale = c(1, 1, 1))
  numbers <- matrix(rnorm(9 * 2), 9)
  by_draw <- lapply(1:2, function(s) eta_of_numbers(k, numbers[, s, drop = FALSE]))
  eta <- by_draw[[1]]
  bind <- function(a, b) map_units2(a, b, rbind)
  map_units2 <- function(a, b, f) {
    a[] <- Map(function(x, y) if (is.null(x)) NULL else f(x, y), a, b)
    a
  }
  eta <- Map(bind, by_draw[[1]], by_draw[[2]])
  rows <- vapply(1:2, function(s) {
    sum(apply(y, 1, normal_density, numbers[1:k, s], regression_sigma(k, numbers[, s])))
  }, 0)
  expect_equal(regression$log_density_cells(cells, eta), rows, tolerance = 1e-12)
})

regression_data <- function(n = 300) {
  x <- round(stats::runif(n, -1, 1), 2)
  a <- stats::rnorm(n)
  b <- 0.6 * a + stats::rnorm(n, sd = 0.7)
  c <- -0.3 * a + 0.5 * b + stats::rnorm(n, sd = exp(0.4 * x))
  data.frame(x, a = 1 + x + a, b = 5 - x + b, c = 2 * x + c)
}

test_that("a whole fit is K regressions, and units change nothing but units", {
  set.seed(704)
  d <- regression_data()
  control <- covary_control(correlation = "regression")
  run <- function(d, ...) {
    set.seed(1)
    covary(cbind(a, b, c) ~ x, sigma ~ x, data = d, control = control, draws = 4000, ...)
  }
  fit <- run(d)
  draws <- as.matrix(fit)
  # the first response has the same posterior alone, by the engine of one response
  set.seed(1)
  alone <- as.matrix(covary(a ~ x, sigma ~ x, data = d, draws = 4000))
  for (i in 1:2) {
    one <- alone[, c("b_Intercept", "b_sigma_x")[i]]
    all <- draws[, c("b_a_Intercept", "b_sigma_a_x")[i]]
    expect_lt(abs(mean(all) - mean(one)), 4 * stats::sd(one) / sqrt(1000))
    expect_equal(stats::sd(all) / stats::sd(one), 1, tolerance = 0.06)
  }
  # coefficients are near those of least squares on the responses before
  line <- stats::coef(stats::lm(b ~ x + a, data = d))[["a"]]
  slope <- draws[, "b_rho_a_b_Intercept"]
  expect_lt(abs(mean(slope) - line), stats::sd(slope))
  expect_lt(max(fit$info$khat), 0.5)

  scaled <- as.matrix(run(transform(d, a = 1000 * a, c = c / 50)))
  expect_equal(
    scaled[, "b_rho_a_c_Intercept"], draws[, "b_rho_a_c_Intercept"] / 50000,
    tolerance = 1e-6
  )
  expect_equal(scaled[, "b_sigma_c_x"], draws[, "b_sigma_c_x"], tolerance = 1e-5)

  # marginal values, whatever the predictors
  at <- d[1:2, ]
  v <- regression_sigma(3, c(
    numeric(3), draws[1, paste0("b_sigma_", c("a", "b", "c"), "_Intercept")] +
      at$x[1] * draws[1, paste0("b_sigma_", c("a", "b", "c"), "_x")],
    draws[1, paste0("b_rho_", c("a_b", "a_c", "b_c"), "_Intercept")]
  ))
  r <- correlation(fit, at, draws = TRUE)[1, 1, , ]
  expect_equal(r, stats::cov2cor(v), ignore_attr = TRUE, tolerance = 1e-10)
})

test_that("rows that lack responses fit, and the conditional mean is that of the normal", {
  set.seed(705)
  d <- regression_data(200)
  d$a[1:40] <- NA
  d$b[30:60] <- NA
  fit <- suppressMessages(covary(cbind(a, b, c) ~ x,
    data = d, control = covary_control(correlation = "regression"), draws = 1000
  ))
  expect_true(all(is.finite(as.matrix(fit))))
  expect_lt(max(fit$info$khat), 0.7)
})
