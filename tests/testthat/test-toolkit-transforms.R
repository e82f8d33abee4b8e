all_transforms <- list(
  transform_identity(2), transform_log(2), transform_logit(-1, 3, 2),
  transform_ordered(3), transform_simplex(4), transform_correlation(3), transform_correlation(4)
)

test_that("Jacobians and pullbacks of transforms agree with complex steps; inverses invert", {
  set.seed(1)
  for (t in all_transforms) {
    for (i in 1:5) {
      u <- rnorm(t$free)
      keep <- if (t$kind == "simplex") seq_len(t$size - 1) else seq_len(t$size)
      jacobian <- sapply(seq_len(t$free), function(j) {
        z <- matrix(as.complex(u), 1)
        z[j] <- z[j] + 1e-30i
        Im(t$forward(z))[keep] / 1e-30
      })
      expect_equal(t$log_jacobian(matrix(u, 1)), determinant(as.matrix(jacobian))$modulus[1],
        tolerance = rounding_of_solve, info = t$text
      )
      x <- as.vector(t$forward(matrix(u, 1)))
      expect_equal(as.vector(t$inverse(x)), u, tolerance = half_of_digits, info = t$text)
      g <- rnorm(t$size)
      f <- function(z) sum(g * t$forward(matrix(z, 1))) + t$log_jacobian(matrix(z, 1))
      expect_equal(t$pullback(u, g), complex_step(f, u), tolerance = rounding_of_fit, info = t$text)
    }
  }
})

test_that("Jacobians and pullbacks hold at extreme points", {
  set.seed(2)
  log_sech2 <- function(u) log(4) - 2 * abs(u) - 2 * log1p(exp(-2 * abs(u)))
  log_logistic <- function(u) -abs(u) - 2 * log1p(exp(-abs(u)))
  # Jacobians by hand: triangular maps, and those of partial correlations (Lewandowski, Kurowicka
  # and Joe 2009)
  by_hand <- list(
    identity = function(u) 0, log = sum, `logit(-1, 3)` = function(u) {
      sum(log_logistic(u)) + length(u) * log(4)
    },
    ordered = function(u) sum(u[-1]),
    simplex = function(u) {
      a <- u - log(3:1)
      sum(-log1p(exp(-a)) - 3:1 * ifelse(a > 0, a + log1p(exp(-a)), log1p(exp(a))))
    },
    correlation = function(u) {
      sum(log_sech2(u) * (if (length(u) == 3) c(1.5, 1.5, 1) else c(2, 2, 2, 1.5, 1.5, 1)))
    }
  )
  for (t in all_transforms) {
    for (size in c(3, 10, 30)) {
      for (i in 1:6) {
        u <- if (i == 1) {
          rep(-size, t$free)
        } else if (i == 2) {
          rep(size, t$free)
        } else if (i == 3) {
          rep_len(c(size, -size), t$free)
        } else {
          runif(t$free, -size, size)
        }
        at <- t$log_jacobian(matrix(u, 1))
        expect_equal(at, by_hand[[t$text]](u), tolerance = rounding, info = paste(t$text, size))
        # the Jacobian part alone, where values are rounded to their bounds
        slope <- t$pullback(u, numeric(t$size))
        expect_true(all(is.finite(slope)), info = paste(t$text, size))
        step <- vapply(
          seq_along(u),
          function(j) {
            (t$log_jacobian(matrix(replace(u, j, u[j] + 1e-4), 1)) -
              t$log_jacobian(matrix(replace(u, j, u[j] - 1e-4), 1))) / 2e-4
          }, 0
        )
        expect_equal(slope, step, tolerance = convergence_error, info = paste(t$text, size))
        # and with values, against complex steps
        g <- rnorm(t$size)
        whole <- complex_step(function(z) {
          sum(g * t$forward(matrix(z, 1))) +
            t$log_jacobian(matrix(z, 1))
        }, u)
        expect_lt(max(abs(t$pullback(u, g) - whole) / (1 + abs(whole))), rounding)
      }
    }
  }
})

test_that("a density on (0, 1) has the right answer through the logit", {
  target <- suppressMessages(target_density(function(theta) {
    3 * log(theta[["p"]]) +
      log(1 - theta[["p"]])
  }, names = "p", transforms = list(p = "logit")))
  set.seed(1)
  fit <- suppressWarnings(nuts(target, iterations = 2000))
  expect_equal(unname(mean(fit)), 4 / 6, tolerance = 0.01)
  expect_equal(target$derivative, "complex")
})

test_that("correlation matrices under the transform are uniform where the density is", {
  target <- suppressMessages(target_density(function(theta) theta[["r[2,1]"]] * 0,
    names = "r",
    transforms = list(r = transform_correlation(2))
  ))
  set.seed(1)
  fit <- suppressWarnings(nuts(target, iterations = 4000))
  expect_equal(unname(sd(fit)), sqrt(1 / 3), tolerance = 0.05)
})

test_that("transforms refuse bad input", {
  expect_error(target_density(function(t) 0, names = "a", transforms = list(a = "cube")),
    class = "covary_error_transform"
  )
  expect_error(target_density(function(t) 0, names = "a", transforms = list(b = "log")),
    class = "covary_error_transform"
  )
  expect_error(suppressMessages(target_density(function(t) sum(t),
    names = "a",
    transforms = list(a = "log"), start = list(a = -1)
  )), class = "covary_error_start")
})
