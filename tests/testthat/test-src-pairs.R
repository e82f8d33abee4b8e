# The C core of pairs against the same in plain R.

# A pair model of m bins with p columns, the last p - 2 of them penalised, and priors as rho ~ s(x)
# has them
small_model <- function(m = 12, p = 5, seed = 1) {
  set.seed(seed)
  x <- rbind(1, seq(-1.5, 1.5, length.out = m), matrix(rnorm((p - 2) * m), p - 2))
  core <- list(
    likelihood = list(name = "normal", responses = 2),
    size = list(cells = m, coefficients = p, smooths = 1L),
    cells = matrix(0, 6, m), offset = rbind(matrix(0, 4, m), rnorm(m, 0, 0.1)),
    x = c(rep(list(matrix(0, 0, m)), 4), list(x)),
    group = c(0L, 0L, rep(1L, p - 2)), family = c(3L, 0L, rep(0L, p - 2)),
    prior = cbind(c(0, 1, 0), matrix(0, 3, p - 1)),
    joint = list(list(
      at = 2L, location = 0, precision = matrix(0.3), constant = 0.5 * log(0.3 / 2 / pi)
    )),
    sd_family = 11L, sd_prior = matrix(c(0, 1, 3), 3)
  )
  n <- rpois(m, 30) + 5
  rho <- tanh((0.5 + 0.8 * x[2, ]) / 2)
  sums <- vapply(seq_len(m), function(b) {
    z1 <- rnorm(n[b])
    z2 <- rho[b] * z1 + sqrt(1 - rho[b]^2) * rnorm(n[b])
    c(n[b], sum(z1^2), sum(z1 * z2), sum(z2^2))
  }, numeric(4))
  spread <- rbind(1, x[2, ])
  pair <- cbind(c(1, 2, 2), c(1, 1, 2))
  products <- spread[pair[, 1], ] * spread[pair[, 2], ] * 1.1
  point <- qt((1:25 - 0.5) / 25, 4)
  cov <- cbind(c(0.004, 0.001, 0.003), c(0.002, -0.0005, 0.004))
  list(
    core = core, sums = sums,
    margins = list(spread = spread, products = products, cov = cov),
    settings = list(
      point = matrix(point, 1), log_density = dt(point, 4, log = TRUE),
      noise = matrix(rnorm(p * 32), p)
    )
  )
}

# E f(eta), eta ~ N(mean, variance), element by element
gauss <- function(f, mean, variance) {
  node <- seq(-8, 8, by = 0.05)
  weight <- dnorm(node) / sum(dnorm(node))
  colSums(weight * f(rep(mean, each = length(node)) + node %o% sqrt(variance)))
}

# The fit in plain R: variational Gaussian at a log_tau, surrogate, points of the smoothing level,
# information less what margins do not know.
naive_fit <- function(model) {
  core <- model$core
  x <- core$x[[5]]
  offset <- core$offset[5, ]
  n <- model$sums[1, ]
  u <- model$sums[2, ] - 2 * model$sums[3, ] + model$sums[4, ]
  v <- model$sums[2, ] + 2 * model$sums[3, ] + model$sums[4, ]
  p <- nrow(x)
  penalised <- core$group == 1
  ridge <- function(t) diag(ifelse(penalised, exp(-2 * t), 0))
  expected <- function(mean, cov) {
    eta <- offset + drop(mean %*% x)
    s2 <- colSums(x * (cov %*% x))
    up <- exp(eta + s2 / 2) * u / 8
    down <- exp(-eta + s2 / 2) * v / 8
    slope <- n * gauss(function(e) tanh(e / 2) / 2, eta, s2) - up + down
    curve <- n * gauss(function(e) 1 / cosh(e / 2)^2 / 4, eta, s2) - up - down
    g <- drop(x %*% slope)
    h <- x %*% (t(x) * curve)
    g[1] <- g[1] - gauss(function(e) tanh(e / 2), mean[1], cov[1, 1])
    h[1, 1] <- h[1, 1] - gauss(function(e) 1 / cosh(e / 2)^2 / 2, mean[1], cov[1, 1])
    g[2] <- g[2] - 0.3 * mean[2]
    h[2, 2] <- h[2, 2] - 0.3
    list(g = g, a = -h)
  }
  log_tau <- -1
  mean <- numeric(p)
  cov <- diag(0.01, p)
  for (round in 1:4) {
    for (i in 1:200) {
      at <- expected(mean, cov)
      cov <- solve(at$a + ridge(log_tau))
      mean <- mean + 0.7 * drop(cov %*% (at$g - ridge(log_tau) %*% mean))
    }
    at <- expected(mean, cov)
    a <- at$a
    b <- at$g + drop(a %*% mean)
    density <- function(t) {
      chol_a <- chol(a + ridge(t))
      half <- backsolve(chol_a, b, transpose = TRUE)
      sum(half^2) / 2 - sum(log(diag(chol_a))) - sum(penalised) * t +
        dt(exp(t), 3, log = TRUE) + log(2) + t
    }
    mode <- optimize(density, c(-6, 4), maximum = TRUE, tol = 1e-10)$maximum
    curvature <- -(density(mode + 1e-3) - 2 * density(mode) + density(mode - 1e-3)) / 1e-6
    points <- mode + model$settings$point[1, ] / sqrt(curvature + 0.25)
    weight <- vapply(points, density, 0) - model$settings$log_density
    weight <- exp(weight - max(weight))
    weight <- weight / sum(weight)
    moved <- abs(sum(weight * points) - log_tau)
    log_tau <- sum(weight * points)
    if (moved < 0.05) break
  }
  given <- drop(solve(a + ridge(log_tau), b))
  rho <- tanh((offset + drop(given %*% x)) / 2)
  square <- function(triangle) matrix(triangle[c(1, 2, 2, 3)], 2)
  d <- Reduce(`+`, lapply(seq_along(n), function(bin) {
    n[bin] * rho[bin]^2 / (1 - rho[bin]^2) * square(model$margins$products[, bin])
  }))
  r <- model$margins$spread %*% (t(x) * n * rho / 2)
  c1 <- solve(square(model$margins$cov[, 1]))
  c2 <- solve(square(model$margins$cov[, 2]))
  joint <- rbind(cbind(c1 + d, -d), cbind(-d, c2 + d))
  both <- rbind(r, r)
  s <- a - t(both) %*% solve(joint, both)
  means <- vapply(points, function(t) drop(solve(a + ridge(t), b)), numeric(p))
  centre <- drop(means %*% weight)
  spread <- Reduce(`+`, lapply(seq_along(points), function(k) {
    weight[k] * (solve(s + ridge(points[k])) + tcrossprod(means[, k] - centre))
  }))
  # The scores by the log sds that the pair adds to those of its margins
  e <- exp(offset + drop(given %*% x))
  change <- function(own) {
    drop(model$margins$spread %*% (own * ((e + 1 / e) / 4 - 0.5) +
      model$sums[3, ] * (1 / e - e) / 4))
  }
  score <- t(both) %*% solve(joint, c(change(model$sums[2, ]), change(model$sums[4, ])))
  step <- drop(spread %*% score)
  variance <- colSums(x * (spread %*% x))
  shift <- sqrt(sum(n * drop(step %*% x)^2 / variance) / sum(n))
  list(mean = centre, cov = spread, log_tau = log_tau, shift = shift)
}

pair_fits <- function(model, sums = model$sums) {
  .Call(C_pair_fits, model$core, model$margins, rbind(1L, 2L), as.vector(sums), model$settings)
}

test_that("a pair's fit is that of plain R", {
  for (seed in 1:3) {
    model <- small_model(seed = seed)
    ours <- pair_fits(model)
    theirs <- naive_fit(model)
    expect_identical(ours$found[3, 1], 1)
    # Series for log cosh, a numerical second derivative for the width of the points
    expect_equal(ours$mean[, 1], theirs$mean, tolerance = 1e-4)
    cov <- theirs$cov
    expect_equal(ours$cov[, 1], cov[lower.tri(cov, TRUE)], tolerance = 1e-3)
    expect_equal(ours$log_tau[1, 1], theirs$log_tau, tolerance = 1e-3)
    expect_equal(ours$found[4, 1], theirs$shift, tolerance = 1e-3)
  }
})

test_that("margins that are known leave the likelihood's own information", {
  model <- small_model()
  known <- model
  known$margins$cov <- model$margins$cov * 1e-8
  vague <- pair_fits(model)$cov[, 1]
  sharp <- pair_fits(known)$cov[, 1]
  diagonal <- c(1, 6, 10, 13, 15)
  expect_true(all(sharp[diagonal] < vague[diagonal]))
  expect_equal(pair_fits(known)$mean, pair_fits(model)$mean)
})

test_that("sums of pairs are those of the rows with both, whatever the blocks", {
  set.seed(5)
  z <- matrix(rnorm(60), 20)
  z[c(3, 27, 50)] <- NA
  w <- runif(20)
  bin <- sort(sample(1:3, 20, TRUE))
  start <- c(0L, cumsum(tabulate(bin, 3)))
  pairs <- rbind(c(1L, 1L), c(2L, 3L))
  out <- array(.Call(C_pair_sums, z, w, start, pairs, 3L, NULL), c(4, 3, 2))
  for (k in 1:2) {
    for (b in 1:3) {
      rows <- which(bin == b & !is.na(z[, pairs[1, k]]) & !is.na(z[, pairs[2, k]]))
      a <- z[rows, pairs[1, k]]
      c <- z[rows, pairs[2, k]]
      naive <- c(sum(w[rows]), sum(w[rows] * a^2), sum(w[rows] * a * c), sum(w[rows] * c^2))
      expect_equal(out[, b, k], naive, tolerance = 1e-13)
    }
  }
  twice <- .Call(C_pair_sums, z, w, start, pairs, 3L, as.vector(out))
  expect_equal(twice, 2 * as.vector(out), tolerance = 1e-13)
})

test_that("doors of pairs refuse what does not fit together", {
  model <- small_model()
  expect_error(pair_fits(model, model$sums[, -1]), class = "covary_error_internal")
  broken <- model
  broken$margins$spread <- model$margins$spread[, -1]
  expect_error(pair_fits(broken), class = "covary_error_internal")
  expect_error(
    .Call(C_pair_sums, matrix(0, 4, 2), NULL, c(0L, 5L), rbind(1L, 2L), 1L, NULL),
    class = "covary_error_internal"
  )
  expect_error(
    .Call(C_pair_sums, matrix(0, 4, 2), NULL, c(0L, 4L), rbind(1L, 3L), 1L, NULL),
    class = "covary_error_internal"
  )
})
