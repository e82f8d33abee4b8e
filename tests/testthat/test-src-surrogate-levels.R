# Many log_tau at once (src/surrogate_levels.c) against each by itself, which has no polynomials.

# Levels as of `rows` rows each: `size` effects that meet `head` coefficients, of which two have no
# sd. sds: of the effects of a level
levels_surrogate <- function(head, size, levels, rows, sds = seq_len(size), seed = 1) {
  set.seed(seed)
  d <- head + size * levels
  shape <- new_arrow_shape(seq_len(head), matrix(head + seq_len(size * levels), size))
  dense <- matrix(0, d, d)
  for (l in seq_len(levels)) {
    n <- rpois(1, rows) + 1
    x <- cbind(1, matrix(rnorm(n * (head - 1)), n))
    z <- cbind(1, matrix(runif(n * size), n))[, seq_len(size), drop = FALSE]
    columns <- cbind(x, z)
    at <- c(seq_len(head), shape$level[, l])
    dense[at, at] <- dense[at, at] + crossprod(columns)
  }
  group <- as.integer(c(0, 0, rep(max(sds) + 1, head - 2), rep(sds, levels)))
  list(
    a = arrow_of(dense + diag(1e-6, d), shape), b = rnorm(d) * sqrt(diag(dense)), group = group,
    d = d
  )
}

marginals_of <- function(s, log_tau, level = 2L) {
  .Call(C_arrow_marginal, s$a, s$b, s$group, log_tau, 0L, level)$value
}

draws_of <- function(s, log_tau, z, level = 2L) {
  .Call(C_arrow_draws, s$a, s$b, s$group, log_tau, z, level)
}

# A few points at a time are factored one by one.
one_by_one <- function(f, n) lapply(seq_len(n), f)

cases <- list(
  few = levels_surrogate(7, 1, 30, 40), pair = levels_surrogate(20, 4, 60, 30),
  shared = levels_surrogate(9, 3, 40, 10, sds = c(1, 2, 1)), sparse = levels_surrogate(5, 2, 90, 1)
)

test_that("log integrals are those of points by themselves", {
  for (s in cases) {
    groups <- max(s$group)
    log_tau <- matrix(-1 + 0.12 * rt(groups * 600, 5), groups)
    want <- unlist(one_by_one(function(i) marginals_of(s, log_tau[, i, drop = FALSE]), 600))
    for (level in 0:2) {
      expect_lt(max(abs(marginals_of(s, log_tau, level) - want)), 2e-4)
    }
    # and of many of which none is like the others
    wide <- matrix(runif(groups * 400, -9, 9), groups)
    want <- unlist(one_by_one(function(i) marginals_of(s, wide[, i, drop = FALSE]), 400))
    expect_lt(max(abs(marginals_of(s, wide) - want)), 2e-4)
  }
})

test_that("draws are those of points by themselves, and have the density that they say", {
  for (s in cases) {
    groups <- max(s$group)
    log_tau <- matrix(-1 + 0.1 * rnorm(groups * 150), groups)[, sort(sample(150, 300, TRUE))]
    z <- matrix(rnorm(300 * s$d), 300)
    single <- one_by_one(function(i) {
      draws_of(s, log_tau[, i, drop = FALSE], z[i, , drop = FALSE])
    }, 300)
    want <- do.call(rbind, lapply(single, `[[`, "beta"))
    sd <- apply(want, 2, stats::sd)
    for (level in 0:2) {
      got <- draws_of(s, log_tau, z, level)
      expect_lt(max(abs(t(got$beta - want)) / sd), 1e-3)
      expect_lt(max(abs(got$log_density - vapply(single, `[[`, 0, "log_density"))), 2e-4)
    }
    # The density of a Gaussian at its own draw and elsewhere: differences need no constant.
    i <- which(!duplicated(t(log_tau)))[3]
    twice <- cbind(log_tau, log_tau[, i])
    more <- draws_of(s, twice, rbind(z, rnorm(s$d)))
    scale <- ifelse(s$group > 0, exp(-2 * log_tau[pmax(s$group, 1), i]), 0)
    precision <- as.matrix(s$a) + diag(scale)
    log_density <- function(beta) {
      as.vector(-0.5 * beta %*% precision %*% beta + beta %*% s$b)
    }
    change <- log_density(more$beta[301, ]) - log_density(more$beta[i, ])
    expect_equal(more$log_density[301] - more$log_density[i], change, tolerance = 1e-4)
  }
})

test_that("where levels have sds of their own, or none, points are factored by themselves", {
  s <- cases$few
  s$group[10] <- 0L
  log_tau <- matrix(-1 + 0.1 * rnorm(max(s$group) * 50), max(s$group))
  want <- unlist(one_by_one(function(i) marginals_of(s, log_tau[, i, drop = FALSE]), 50))
  expect_identical(marginals_of(s, log_tau), want)
})

test_that("a level that is not positive definite gives NaN", {
  s <- cases$pair
  s$a$block[1, 2] <- -1e6
  log_tau <- matrix(-1 + 0.1 * rnorm(max(s$group) * 100), max(s$group))
  expect_true(all(is.nan(marginals_of(s, log_tau))))
  expect_true(all(is.nan(draws_of(s, log_tau, matrix(0, 100, s$d))$beta)))
})
