flexible <- function(row_sd = "auto", ...) {
  d <- rows_60()
  covary(cbind(a, b) ~ s(x, k = 5), sigma ~ s(x, k = 5), rho ~ x,
    data = d, algorithm = "none",
    control = covary_control(row_sd = row_sd), ...
  )$regression
}

# Cells are sorted by their covariate.
sort_by_x <- function(d) d[order(d$x), ]

test_that("the bound adds a scatter within rows; nothing where sds and correlation are constant", {
  plain <- flexible(0)
  bound <- flexible(0.05)
  expect_null(plain$within)
  k <- 2
  scatter <- function(stats) chol_to_scatter(stats[-(1:3), , drop = FALSE], k)
  grown <- scatter(bound$core$cells) - scatter(plain$core$cells)
  n <- plain$core$cells[1, ]
  expect_equal(grown, rbind(n * bound$within[1, ], 0, n * bound$within[2, ]), tolerance = rounding)
  expect_equal(bound$within, 0.05^2 * exp(2 * bound$pilot$log_sd), tolerance = rounding)
  d <- rows_60()
  expect_null(covary(cbind(a, b) ~ s(x), data = d, algorithm = "none")$regression$within)
  d$l <- 0
  known <- covary(cbind(a, b) ~ s(x, k = 5), sigma(a) ~ 0 + offset(l), sigma(b) ~ x,
    data = d,
    algorithm = "none"
  )$regression
  expect_true(all(known$within[1, ] == 0) && all(known$within[2, ] > 0))
})

test_that("cells and nodes take the same scatter", {
  set.seed(1)
  stats <- rbind(
    c(3, 1), matrix(stats::rnorm(4), 2), abs(stats::rnorm(2)), stats::rnorm(2),
    abs(stats::rnorm(2))
  )
  within <- matrix(c(0.1, 0.2, 0.3, 0), 2)
  nodes <- rbind(stats[1, ], stats[2:3, ], matrix(0, 2, 2), chol_to_scatter(stats[4:6, ], 2))
  one <- add_within(stats, within)
  two <- add_within(nodes, within)
  expect_equal(chol_to_scatter(one[4:6, ], 2), two[6:8, ], tolerance = rounding)
})

test_that("a response without scatter does not take that of the other with it", {
  stats <- rbind(1, 0.2, -0.3, 0, 0, 0)
  grown <- add_within(stats, matrix(c(0, 0.04), 2))
  expect_equal(as.vector(chol_to_scatter(grown[4:6, , drop = FALSE], 2)), c(0, 0, 0.04),
    tolerance = rounding
  )
})

test_that("the density with the bound is that of rows with a scatter", {
  d <- rows_60()
  target <- covary(a ~ x, sigma ~ x,
    data = d, algorithm = "none",
    control = covary_control(row_sd = 0.1)
  )$regression
  set.seed(1)
  beta <- matrix(stats::rnorm(4 * 20, 0, 0.5), 20)
  x <- target$core$x
  z <- (sort_by_x(d)$a - target$standard$centre) / target$standard$scale
  own <- apply(beta, 1, function(b) {
    m <- as.vector(b[1:2] %*% x[[1]])
    s <- exp(as.vector(b[3:4] %*% x[[2]]))
    sum(stats::dnorm(z, m, s, log = TRUE) - target$within[1, ] / (2 * s^2))
  })
  expect_equal(loglik_and_priors_draws(target, beta) - log_coefficient_prior(target, beta), own,
    tolerance = rounding_of_solve
  )
  # Where sds are those of the pilot, the constant gives back what the scatter takes.
  plain <- covary(a ~ x, sigma ~ x,
    data = d, algorithm = "none",
    control = covary_control(row_sd = 0)
  )$regression
  expect_equal(target$log_jacobian - plain$log_jacobian,
    sum(target$within[1, ] / (2 * exp(2 * target$pilot$log_sd[1, ]))),
    tolerance = rounding_of_solve
  )
})

test_that("rows that a mean interpolates keep their sd, said where it rests on the bound", {
  set.seed(5)
  d <- data.frame(x = c(stats::runif(19), 6))
  d$y <- d$x + stats::rnorm(20, 0, 0.3)
  for (seed in 1:3) {
    set.seed(seed)
    fit <- covary(y ~ s(x, k = 5), sigma ~ s(x, k = 5), data = d, draws = 1000)
    s <- predict(fit, data.frame(x = c(0.5, 6)), dpar = "sigma")
    expect_true(all(s$estimate > 0.01 & s$estimate < 30))
    expect_true(all(s$sd > 1e-3 * s$estimate))
    expect_lte(max(diagnostics(fit)$bound$row_sd), row_sd_most)
  }
})

test_that("the share falls with the number of rows, and its bias stays a tenth of a posterior sd", {
  n <- 10^(1:9)
  share <- vapply(n, default_row_sd, 0)
  expect_true(all(share <= 0.01))
  expect_true(all(share^2 / 2 <= 0.1 / sqrt(2 * n) / 2 * (1 + 1e-12)))
  expect_error(covary_control(row_sd = -1), class = "covary_error_argument")
  expect_error(covary_control(row_sd = "big"), class = "covary_error_argument")
})

test_that("half the width hardly moves an ordinary fit; one as wide as the residuals does, said", {
  d <- rows_60()
  fit <- quick(a ~ x, sigma ~ x, data = d)
  expect_lt(max(diagnostics(fit)$bound$shift), 0.01)
  expect_message(quick(a ~ x, sigma ~ x, data = d, control = covary_control(row_sd = 0.5)),
    class = "covary_message_bound"
  )
})
