# A model of one smooth, its surrogate, and where the search for its sd ended.
one_smooth <- function(k = 8) {
  set.seed(5)
  x <- stats::runif(80)
  d <- data.frame(x, y = 0.3 * sin(6 * x) + stats::rnorm(80))
  model <- covary(y ~ s(x, k = k), data = d, algorithm = "none")$regression
  inner <- fit_inner(model, quiet_progress)
  list(model = model, inner = inner, surrogate = new_surrogate(model, inner$mean, inner$at))
}

test_that("the sd of one smooth has the moments of a grid, near zero too", {
  p <- one_smooth()
  grid <- matrix(seq(-12, 3, by = 0.01))
  density <- exp(surrogate_log_density(p$surrogate, p$model, grid))
  density <- density / sum(density)
  mean <- sum(grid * density)
  sd <- sqrt(sum((grid - mean)^2 * density))
  set.seed(1)
  sample <- gibbs_sds(p$surrogate, p$model, matrix(-1), FALSE)
  # An effective number of at least 500 of the 4000 draws
  expect_lt(abs(mean(sample$points) - mean), 4 * sd / sqrt(500))
  expect_lt(abs(stats::sd(sample$points) / sd - 1), 4 / sqrt(2 * 500))
  expect_lt(sample$gibbs$rhat, gibbs_rhat)
  # The constant: the integral of the density over the grid
  peak <- max(surrogate_log_density(p$surrogate, p$model, grid))
  whole <- peak + log(sum(exp(surrogate_log_density(p$surrogate, p$model, grid) - peak)) * 0.01)
  expect_lt(abs(sample$log_mean - whole), 0.1)
  expect_equal(sample$log_p[1:50],
    surrogate_log_density(p$surrogate, p$model, sample$points[1:50, , drop = FALSE]),
    tolerance = half_of_digits
  )
})

test_that("smooths that share a sd are drawn as one", {
  p <- one_smooth(k = 9)
  # Two of the columns in one group, five in another, out of order
  p$model$core$group[p$surrogate$p] <- c(1L, 2L, 2L, 1L, 2L, 2L, 2L)
  p$model$core$sd_family <- rep(p$model$core$sd_family, 2)
  p$model$core$sd_prior <- cbind(p$model$core$sd_prior, p$model$core$sd_prior)
  p$model$n_sds <- 2L
  p$model$core$size$smooths <- 2L
  p$surrogate <- new_surrogate(p$model, p$inner$mean, p$inner$at)
  grid <- as.matrix(expand.grid(seq(-10, 3, by = 0.1), seq(-10, 3, by = 0.1)))
  density <- exp(surrogate_log_density(p$surrogate, p$model, grid))
  density <- density / sum(density)
  mean <- colSums(grid * density)
  sd <- sqrt(colSums(sweep(grid, 2, mean)^2 * density))
  set.seed(2)
  sample <- gibbs_sds(p$surrogate, p$model, matrix(-1, 1, 2), FALSE)
  expect_lt(max(abs(colMeans(sample$points) - mean) / sd), 4 / sqrt(400))
  expect_lt(max(abs(apply(sample$points, 2, stats::sd) / sd - 1)), 4 / sqrt(2 * 400))
})

test_that("the same seed gives the same sample", {
  p <- one_smooth()
  draw <- function() {
    set.seed(3)
    gibbs_sds(p$surrogate, p$model, matrix(-1), TRUE)
  }
  expect_identical(draw(), draw())
})
