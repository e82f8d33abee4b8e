# Six features with two factors whose loadings move with x
data_joint <- function(n = 2000, seed = 41) {
  set.seed(seed)
  x <- runif(n)
  loadings <- function(x) {
    lapply(1:6, function(j) cbind(cos(j) * 1.2 * sin(2 * x + 1), sin(j) * cos(3 * x)))
  }
  f <- matrix(rnorm(2 * n), n)
  y <- vapply(loadings(x), function(l) {
    (rowSums(l * f) + rnorm(n)) / sqrt(1 + rowSums(l^2)) * (1 + x)
  }, numeric(n))
  colnames(y) <- paste0("y", 1:6)
  truth <- function(x) {
    l <- do.call(rbind, loadings(x))
    out <- tcrossprod(l / sqrt(1 + rowSums(l^2)))
    diag(out) <- 1
    out
  }
  list(data = data.frame(x = x, y), truth = truth)
}

joint_fit_of_six <- local({
  fit <- NULL
  function() {
    if (is.null(fit)) {
      d <- data_joint()$data
      set.seed(1)
      m <- fit_margins(d, paste0("y", 1:6), sigma = ~x)
      fit <<- fit_pairs(m, d, rho = ~ s(x))
    }
    fit
  }
})

kl_to_truth <- function(r, truth) {
  size <- nrow(r)
  (sum(diag(solve(r, truth))) - size + log(det(r)) - log(det(truth))) / 2 / size
}

test_that("joint matrices are positive definite and near the truth", {
  p <- joint_fit_of_six()
  at <- data.frame(x = c(0.05, 0.5, 0.95))
  for (method in c("factor", "shrink")) {
    r <- correlation_matrix(p, at, method)
    for (i in 1:3) {
      expect_identical(unname(diag(r[i, , ])), rep(1, 6))
      expect_gt(min(eigen(r[i, , ])$values), 0.02)
      # six features, 15 curves of some 5 effective coefficients: KL / G about 15 * 5 / 2 / 2000 / 6
      expect_lt(kl_to_truth(r[i, , ], data_joint()$truth(at$x[i])), 0.02)
    }
    # what is said to have moved is what has
    pairs <- vapply(colnames(p$mean), function(name) {
      tanh(exact_curve(p, "rho", name, at) / 2)
    }, numeric(3))
    moved <- vapply(1:3, function(i) max(abs(r[i, , ][t(p$pairs)] - pairs[i, ])), 0)
    expect_equal(attr(r, "moved")$max, moved, tolerance = rounding)
  }
  scores <- attr(r, "scores")
  expect_gt(scores$score[scores$form == "factor"], scores$score[scores$form == "pooled"])
  expect_identical(p$joint$factor, 2L)
})

test_that("a part of a joint matrix is that of all features, and gaps stay", {
  p <- joint_fit_of_six()
  at <- data.frame(x = c(0.3, NA))
  r <- correlation_matrix(p, at)
  expect_identical(
    unname(correlation_matrix(p, at, resp = c("y5", "y2"))[1, 1, 2]), unname(r[1, 5, 2])
  )
  expect_true(all(is.na(r[2, , ])))
})

test_that("principal axes recover a factor matrix exactly", {
  loadings <- cbind(c(0.8, 0.6, -0.5, 0.4, 0.7, 0.3, 0.2), c(0.1, -0.5, 0.4, 0.6, 0.2, -0.6, 0.5))
  r <- factor_matrix(loadings)
  # communalities settle to 1e-6, correlations to about that
  expect_equal(factor_matrix(principal_axes(r, 2)), r, tolerance = 1e-4)
})

test_that("a joint matrix that cannot be made is refused", {
  p <- joint_fit_of_six()
  d <- data_joint()$data
  some <- fit_pairs(p$margins, d, c("y1:y2", "y3:y4"))
  expect_error(correlation_matrix(some, d[1, ]), class = "covary_error_argument")
  expect_error(fit_pairs(p$margins, d, "y1:y2", joint = TRUE), class = "covary_error_argument")
})

test_that("sums of features have the moments of the rows' sums", {
  p <- joint_fit_of_six()
  d <- data_joint(20000, 42)$data # rows of the same law that the fit has not seen
  w <- cbind(region = c(y1 = 0.5, y2 = 0.25, y3 = 0.25), contrast = c(1, -1, 0))
  d$x <- round(d$x, 1)
  out <- combine(p, w, d)
  expect_identical(nrow(out), 40000L)
  for (sum in c("region", "contrast")) {
    z <- out$z[out$resp == sum]
    # 20,000 rows: standard errors .007 and .005, and those of the fit of 2,000
    expect_lt(abs(mean(z)), 0.06)
    expect_lt(abs(sd(z) - 1), 0.06)
  }
  first <- out[out$resp == "contrast", ]
  expect_equal(first$value, d$y1 - d$y2)
})

test_that("a sum of two is what its pair says, of one what its margin says", {
  p <- joint_fit_of_six()
  at <- data.frame(x = c(0.2, 0.8))
  sd <- exp(cbind(exact_curve(p, "sigma", "y1", at), exact_curve(p, "sigma", "y4", at)))
  rho <- tanh(exact_curve(p, "rho", "y1:y4", at) / 2)
  two <- combine(p, c(y4 = 2, y1 = 1), at)
  expected <- sqrt(sd[, 1]^2 + 4 * sd[, 2]^2 + 4 * sd[, 1] * sd[, 2] * rho)
  # by tables, whose error is below 1e-6
  expect_equal(two$sd, unname(expected), tolerance = 1e-6)
  expect_true(all(is.na(two$z)))
  one <- combine(p, c(y1 = -1), data.frame(at, y1 = 1))
  expect_equal(one$sd, unname(sd[, 1]), tolerance = 1e-6)
  expect_equal(one$value, c(-1, -1))
  for (bad in list(c(1, 2), c(zz = 1), c(y1 = 0), c(y1 = NA), "a")) {
    expect_error(combine(p, bad, at), class = "covary_error_argument")
  }
})

test_that("joint fits of some pairs are compared", {
  skip_on_cran()
  p <- joint_fit_of_six()
  set.seed(5)
  found <- check_pairs(p, data_joint()$data, c("y1:y2", "y4:y5"), draws = 1000)
  expect_identical(found$pair, c("y1:y2", "y4:y5"))
  expect_true(all(found$rms < 0.3))
  expect_true(all(abs(found$sd_ratio - 1) < 0.08))
})

test_that("pictures return what they draw", {
  p <- joint_fit_of_six()
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  curves <- plot(p$margins, resp = c("y1", "y2"))
  expect_identical(dim(curves), c(404L, 10L))
  map <- plot(p, at = c(0.1, 0.9))
  expect_identical(nrow(map), 30L)
  expect_equal(map$estimate[1:2], unname(fitted(p, data.frame(x = c(0.1, 0.9)))[, 1]))
  few <- plot(p, type = "curves", pairs = "y1:y2")
  expect_true(all(few$lower <= few$lower50 & few$upper50 <= few$upper))
  expect_error(plot(p, pairs = "y1:y2"), class = "covary_error_argument")
  expect_error(plot(p, covariate = "zz"), class = "covary_error_argument")
})
