# Units change nothing: the same seed gives the same draws after mapping. Powers of two are exact;
# others round, and shifting y by 1e8 rounds y itself to 1e-8.

mapped <- function(data, newdata, f, algorithm) {
  set.seed(3)
  all_predictors(quick(f, data = data, algorithm = algorithm), newdata)
}

expect_same_draws <- function(base, other, response = identity, log_sd = 0, tolerance, label) {
  for (key in names(base)) {
    there <- switch(key,
      "mu:a" = response(other[[key]]),
      "sigma:a" = other[[key]] - log_sd,
      other[[key]]
    )
    expect_lt(draws_differ(base[[key]], there), tolerance, label = paste(label, key))
  }
}

sets <- list(
  parametric = list(cbind(a, b) ~ x + g, sigma ~ x, rho ~ poly(x, 2)),
  smooth = list(cbind(a, b) ~ s(x, k = 6), sigma ~ s(x, k = 5)),
  mixed = list(cbind(a, b) ~ splines::bs(x, 4) + s(g, bs = "re"), sigma ~ s(x, bs = "cr", k = 5))
)

test_that("units of a response change nothing", {
  d <- rows_60()
  for (set in names(sets)) {
    for (algorithm in c("nested", "fullrank")) {
      label <- paste(set, algorithm)
      base <- mapped(d, d[1:9, ], sets[[set]], algorithm)
      for (s in c(1e6, 1e-6, 1e300, 1e-300)) {
        other <- mapped(transform(d, a = a * s), d[1:9, ], sets[[set]], algorithm)
        expect_same_draws(base, other, function(m) m / s, log(s), 1e-9, paste(label, s))
      }
      other <- mapped(transform(d, a = a + 1e8), d[1:9, ], sets[[set]], algorithm)
      expect_same_draws(base, other, function(m) m - 1e8, 0, 1e-5, paste(label, "+ 1e8"))
    }
  }
})

test_that("units of a covariate change nothing", {
  d <- rows_60()
  for (set in names(sets)) {
    for (algorithm in c("nested", "fullrank")) {
      base <- mapped(d, d[1:9, ], sets[[set]], algorithm)
      for (s in c(1e6, 1e-6, 2^20)) {
        there <- transform(d, x = x * s)
        expect_same_draws(base, mapped(there, there[1:9, ], sets[[set]], algorithm),
          tolerance = if (s == 2^20) 1e-300 else 1e-8, label = paste(set, algorithm, s)
        )
      }
    }
  }
  for (s in c(1e300, 1e-300)) {
    there <- transform(d, x = x * s)
    f <- list(cbind(a, b) ~ x + g, sigma ~ x)
    expect_same_draws(mapped(d, d[1:9, ], f, "nested"), mapped(there, there[1:9, ], f, "nested"),
      tolerance = 1e-9, label = paste("x times", s)
    )
  }
})

test_that("a prior on the user's scale goes with the units", {
  d <- rows_60()
  prior <- function(s, t) {
    c(
      set_prior(normal(0.2 * s / t, 0.3 * s / t), coef = "x", dpar = "mu", resp = "a"),
      set_prior(student_t(4, s, 0.5 * s), class = "Intercept", dpar = "mu", resp = "a"),
      set_prior(half_t(3, 0, 0.1 * s), class = "sds", resp = "a")
    )
  }
  run <- function(s, t, at) {
    set.seed(3)
    fit <- quick(cbind(a, b) ~ x + s(z, k = 5),
      data = transform(d, a = a * s, x = x * t),
      prior = prior(s, t)
    )
    all_predictors(fit, transform(d[1:9, ], x = x * t))
  }
  base <- run(1, 1)
  for (s in c(1e6, 1e-6)) {
    for (t in c(1e3, 1e-3)) {
      expect_same_draws(base, run(s, t), function(m) m / s, log(s), 1e-8, paste("units", s, t))
    }
  }
})

test_that("units of a response change nothing where pairs are regression coefficients", {
  fitted_with <- function(d) {
    set.seed(1)
    suppressWarnings(classes = c("covary_warning_rough", "covary_warning_khat"), covary(
      cbind(mpg, qsec, drat) ~ s(wt, k = 4), sigma ~ wt, rho ~ s(wt, k = 4),
      data = d, algorithm = "laplace", draws = 200,
      control = covary_control(correlation = "regression")
    ))
  }
  fit <- fitted_with(mtcars)
  other <- fitted_with(transform(mtcars, qsec = 1000 * qsec + 50, drat = drat / 7))
  at <- mtcars[1:3, ]
  expect_equal(
    correlation(other, at, draws = TRUE), correlation(fit, at, draws = TRUE),
    tolerance = 1e-10
  )
  expect_equal(sigma(other), sigma(fit) * rep(c(1, 1000, 1 / 7), each = 32), tolerance = 1e-10)
})
