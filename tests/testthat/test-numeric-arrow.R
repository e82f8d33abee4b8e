# Matrices in the shape of an arrow against dense ones (R/numeric-arrow.R, src/arrow.c).

random_arrow <- function(head, size, levels, seed = 1, mixed = TRUE) {
  set.seed(seed)
  d <- head + size * levels
  at <- if (mixed) sample(d) else seq_len(d)
  shape <- new_arrow_shape(sort(at[seq_len(head)]), matrix(at[-seq_len(head)], size, levels))
  root <- matrix(rnorm(d^2), d)
  dense <- as.matrix(arrow_of(crossprod(root) / d, shape))
  dense <- dense + diag(2 * max(rowSums(abs(dense))) * runif(d, 0.3, 1), d)
  list(arrow = arrow_of(dense, shape), dense = dense, shape = shape, d = d)
}

# Derivatives by central differences, extrapolated twice: a row a value of f, a column an argument
richardson <- function(f, x, h = 1e-2) {
  difference <- function(i, h) {
    (f(replace(x, i, x[i] + h)) - f(replace(x, i, x[i] - h))) / (2 * h)
  }
  columns <- lapply(seq_along(x), function(i) {
    d <- lapply(h / c(1, 2, 4), function(h) difference(i, h))
    once <- Map(function(a, b) (4 * b - a) / 3, d[-3], d[-1])
    (16 * once[[2]] - once[[1]]) / 15
  })
  drop(do.call(cbind, columns))
}

shapes <- list(c(3, 1, 4), c(1, 2, 3), c(7, 4, 40), c(40, 3, 33), c(5, 1, 1))

test_that("arrows are the matrices that they stand for", {
  for (s in shapes) {
    at <- random_arrow(s[1], s[2], s[3])
    validate_arrow(at$arrow)
    expect_identical(as.matrix(at$arrow), at$dense)
    expect_identical(dim(at$arrow), dim(at$dense))
    expect_identical(diagonal(at$arrow), diag(at$dense))
    v <- rnorm(at$d)
    expect_equal(as.matrix(add_diagonal(at$arrow, v)), at$dense + diag(v, at$d), tolerance = 1e-14)
    expect_equal(symmetric_times(at$arrow, v), as.vector(at$dense %*% v), tolerance = 1e-13)
    expect_equal(as.matrix(2 * at$arrow - at$arrow / 4), 1.75 * at$dense, tolerance = 1e-14)
    expect_identical(as.matrix(-at$arrow), -at$dense)
    expect_equal(sum(at$arrow * at$arrow), sum(at$dense^2), tolerance = 1e-13)
  }
})

test_that("factors, solutions and inverses are those of the dense matrix", {
  for (s in shapes) {
    at <- random_arrow(s[1], s[2], s[3], seed = 2)
    factor <- chol_or_null(at$arrow)
    expect_equal(
      sum(log(factor_diagonal(factor))), sum(log(diag(chol(at$dense)))),
      tolerance = 1e-12
    )
    v <- rnorm(at$d)
    expect_equal(solve_chol(factor, v), solve(at$dense, v), tolerance = 1e-10)
    inverse <- covariance_of(factor)
    want <- as.matrix(arrow_of(solve(at$dense), at$shape))
    expect_equal(as.matrix(inverse), want, tolerance = 1e-10)
    expect_identical(precision_of(inverse), at$arrow)
  }
})

test_that("what is not positive definite has no factor", {
  at <- random_arrow(4, 2, 5)
  low <- at$arrow
  low$block[1, 2] <- -1
  expect_null(chol_or_null(low))
  low <- at$arrow
  low$head[2, 2] <- NaN
  expect_null(chol_or_null(low))
  low <- add_diagonal(at$arrow, -2 * max(at$dense))
  expect_null(chol_or_null(low))
})

test_that("the smoothing level by arrows is that of dense matrices", {
  for (s in shapes) {
    at <- random_arrow(s[1], s[2], s[3], seed = 3, mixed = s[2] > 1)
    group <- integer(at$d)
    group[at$shape$level] <- seq_len(s[2])
    group[at$shape$head] <- as.integer(c(0, rep_len(c(s[2] + 1, 0, s[2] + 2), s[1] - 1)))
    groups <- max(group)
    a <- at$dense / max(at$dense) * 20
    b <- rnorm(at$d)
    arrow <- arrow_of(a, at$shape)
    log_tau <- matrix(rnorm(groups * 3, -0.5), groups)
    # naive: integrals of Gaussians by determinants
    naive <- function(log_tau) {
      on <- group > 0
      precision <- a + diag(ifelse(on, exp(-2 * log_tau[pmax(group, 1)]), 0), at$d)
      half <- sum(log(diag(chol(precision))))
      0.5 * sum(b * solve(precision, b)) - half - sum(log_tau[group[on]])
    }
    value <- .Call(C_arrow_marginal, arrow, b, group, log_tau, 0L, 2L)$value
    expect_equal(value, apply(log_tau, 2, naive), tolerance = 1e-11)
    x <- log_tau[, 1]
    deep <- .Call(C_arrow_marginal, arrow, b, group, cbind(x), 2L, 2L)
    expect_equal(deep$value, naive(x), tolerance = 1e-11)
    expect_equal(deep$gradient, richardson(naive, x), tolerance = 1e-7)
    slope <- function(x) .Call(C_arrow_marginal, arrow, b, group, cbind(x), 2L, 2L)$gradient
    expect_equal(deep$hessian, matrix(richardson(slope, x), groups), tolerance = 1e-7)
    expect_equal(deep$hessian, t(deep$hessian), tolerance = 1e-12)
  }
})

test_that("the smoothing level by arrows is that of src/surrogate.c where all is penalised", {
  at <- random_arrow(6, 3, 12, seed = 5)
  group <- integer(at$d)
  group[at$shape$level] <- 1:3
  group[at$shape$head] <- c(4L, 4L, 5L, 5L, 4L, 1L)
  b <- rnorm(at$d, 0, 3)
  x <- rnorm(5, -1)
  new <- .Call(C_arrow_marginal, at$arrow, b, group, cbind(x), 2L, 2L)
  old <- .Call(C_surrogate_marginal, at$dense, b, group, cbind(x), 2L, 2L)
  expect_equal(new$value, old$value, tolerance = 1e-12)
  expect_equal(new$gradient, as.vector(old$gradient), tolerance = 1e-10)
  expect_equal(as.vector(new$hessian), as.vector(old$hessian), tolerance = 1e-10)
})

test_that("draws by arrows have the moments and densities of their Gaussian", {
  at <- random_arrow(4, 2, 3, seed = 7)
  group <- integer(at$d)
  group[at$shape$level] <- 1:2
  group[at$shape$head] <- c(0L, 3L, 0L, 3L)
  b <- rnorm(at$d, 0, 3)
  log_tau <- matrix(c(-1, -0.3, 0.2), 3, at$d + 1)
  # the mean, and the root of the covariance column by column
  noise <- rbind(0, diag(at$d))
  out <- .Call(C_arrow_draws, at$arrow, b, group, log_tau, noise, 2L)
  precision <- at$dense + diag(ifelse(group > 0, exp(-2 * log_tau[pmax(group, 1), 1]), 0), at$d)
  expect_equal(out$beta[1, ], solve(precision, b), tolerance = 1e-11)
  root <- sweep(out$beta[-1, ], 2, out$beta[1, ])
  expect_equal(crossprod(root), solve(precision), tolerance = 1e-11)
  want <- sum(log(diag(chol(precision)))) - 0.5 * (at$d * log(2 * pi) + rowSums(noise^2))
  expect_equal(out$log_density, want, tolerance = 1e-11)
})

test_that("shapes that are none are refused", {
  at <- random_arrow(4, 2, 3)$arrow
  at$shape$head[1] <- at$shape$head[2]
  expect_error(.Call(C_arrow_factor, at, 2L), class = "covary_error_internal")
})
