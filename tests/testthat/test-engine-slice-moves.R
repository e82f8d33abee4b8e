# A target of few rows, its surrogate, and a sample to start from.
small_problem <- function(seed = 1, rows = 25) {
  set.seed(seed)
  x <- stats::runif(rows)
  d <- data.frame(x, y = sin(4 * x) + exp(x - 1) * stats::rnorm(rows))
  target <- covary(y ~ s(x, k = 5), sigma ~ s(x, k = 5), data = d, algorithm = "none")$regression
  inner <- fit_inner(target, quiet_progress)
  surrogate <- new_surrogate(target, inner$mean, inner$at)
  list(target = target, surrogate = surrogate, sds = sample_sds(surrogate, target, 1000, inner))
}

test_that("the gap is the log density less its surrogate", {
  p <- small_problem()
  set.seed(2)
  beta <- matrix(stats::rnorm(3 * p$target$dim, 0, 0.3), p$target$dim)
  naive <- apply(beta, 2, function(b) {
    loglik_and_priors(p$target, b, 0L)$value - sum(p$surrogate$b * b) +
      sum(b * (p$surrogate$a %*% b)) / 2
  })
  expect_equal(.Call(C_gap, p$target$core, p$surrogate$a, p$surrogate$b, beta), naive,
    tolerance = rounding
  )
})

test_that("a move ends on its ellipse, above its level, and is that of a plain loop", {
  p <- small_problem()
  d <- p$target$dim
  set.seed(3)
  for (i in 1:20) {
    centre <- stats::rnorm(d, 0, 0.1)
    nu <- centre + stats::rnorm(d, 0, 0.3)
    beta <- centre + stats::rnorm(d, 0, 0.3)
    u <- stats::runif(42)
    gap_of <- function(b) .Call(C_gap, p$target$core, p$surrogate$a, p$surrogate$b, cbind(b))
    level <- gap_of(beta) + log(u[1])
    angle <- high <- 2 * pi * u[2]
    low <- high - 2 * pi
    for (tries in 1:40) {
      at <- centre + (beta - centre) * cos(angle) + (nu - centre) * sin(angle)
      if (isTRUE(gap_of(at) > level)) break
      if (angle < 0) low <- angle else high <- angle
      angle <- low + (high - low) * u[2 + tries]
    }
    new <- .Call(
      C_ellipse, p$target$core, p$surrogate$a, p$surrogate$b, cbind(centre), cbind(nu),
      cbind(u), cbind(beta), gap_of(beta)
    )
    expect_equal(as.vector(new$beta), at, tolerance = rounding_of_fit)
    expect_equal(new$gap, gap_of(at), tolerance = half_of_digits)
  }
})

test_that("sweeps leave a posterior as it is, and bring draws from elsewhere to it", {
  p <- small_problem()
  w <- list(weights = rep(1e-3, 1000))
  far <- nested_proposal(p$surrogate, p$sds)(matched_noise(1000, p$target$dim))
  set.seed(4)
  here <- move_draws(p$target, p$surrogate, far, w, 2000, quiet_progress)
  far$beta <- far$beta + 0.5
  there <- move_draws(p$target, p$surrogate, far, w, 2000, quiet_progress)
  longer <- move_draws(
    p$target, p$surrogate, here, list(weights = rep(1 / 2000, 2000)), 2000,
    quiet_progress
  )
  sd <- apply(longer$beta, 2, stats::sd)
  # 400 chains: means to a twentieth of an sd and the memory that is allowed
  expect_lt(sqrt(mean(((colMeans(here$beta) - colMeans(longer$beta)) / sd)^2)), 0.12)
  # five sds away at the start
  expect_lt(sqrt(mean(((colMeans(there$beta) - colMeans(longer$beta)) / sd)^2)), 0.2)
  expect_lte(here$memory, chain_limits$memory)
})

test_that("log smoothing sds given their coefficients have the density of prior and penalty", {
  p <- small_problem()
  on <- which(p$target$core$group == 1)
  beta <- matrix(0.4, p$target$dim, 4000)
  set.seed(5)
  t <- move_sds(p$target, beta, matrix(-1, 4000, 2), rounds = 10)[, 1]
  grid <- seq(-6, 5, length.out = 4001)
  log_density <- one_sd_prior(p$target, 1, grid) - length(on) * grid - 0.5 * exp(-2 * grid) *
    length(on) * 0.16
  weight <- exp(log_density - max(log_density))
  mean <- sum(grid * weight) / sum(weight)
  sd <- sqrt(sum((grid - mean)^2 * weight) / sum(weight))
  expect_lt(abs(mean(t) - mean) / sd, 4 / sqrt(4000))
  expect_lt(abs(stats::sd(t) / sd - 1), 0.06)
})

test_that("draws whose weights fail are moved and say so; chains that remember are no verdict", {
  set.seed(1)
  fit <- covary(cbind(log(Volume), Height) ~ s(Girth), sigma ~ s(Girth), rho ~ s(Girth),
    data = datasets::trees, draws = 1000
  )
  expect_gt(max(diagnostics(fit)$khat), khat_threshold(1000))
  expect_true(has_forgotten(diagnostics(fit)$moves))
  expect_output(print(diagnostics(fit)), "elliptical slice")
  for (field in c("memory", "error")) {
    worse <- fit
    worse$info$moves[[field]] <- 0.9
    expect_warning(warn_quality(worse), class = "covary_warning_khat")
  }
})

test_that("where expectations are by cubature there are fewer chains, which may take longer", {
  two <- small_problem()$target
  expect_identical(slice_settings_of(two), slice_settings)
  three <- slice_settings_of(fit_three("none")$regression)
  expect_identical(three$chains, slice_settings$cubature$chains)
  expect_identical(three$seconds, slice_settings$cubature$seconds)
  expect_identical(three$most, slice_settings$most)
})

test_that("a tail that the chains have not reached is seen from far out", {
  # One group with 500 rows, 39 with one: the sd within a group and its spread have a long tail
  # together. By a random walk with the group effects integrated out its mean lies half a posterior
  # sd from that of the chains.
  set.seed(32)
  d <- data.frame(g = factor(c(rep(1, 500), 2:40)))
  d$y <- rnorm(539) + rnorm(40)[d$g]
  expect_warning(
    fit <- covary(y ~ s(g, bs = "re"), sigma ~ s(g, bs = "re"), data = d, seed = 1),
    class = "covary_warning_khat"
  )
  moves <- diagnostics(fit)$moves
  expect_lt(moves$memory, chain_limits$memory)
  expect_lt(moves$error, chain_limits$error)
  expect_gt(moves$far, chain_limits$far)
  expect_output(print(diagnostics(fit)), "from far out")
})
