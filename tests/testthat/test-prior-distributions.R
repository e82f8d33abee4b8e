# Priors: normalisation, R's own densities, derivatives, Gaussian expectations.

prior_cases <- list(
  list("normal", c(0.4, 1.7, 0)), list("normal", c(-3, 0.02, 0)),
  list("student_t", c(0.5, 2, 3)), list("student_t", c(0, 1, 1)), list("student_t", c(-1, 0.1, 40)),
  list("logistic", c(0, 1, 0)), list("logistic", c(2, 0.3, 0)),
  list("lkj", c(0, 1, 1)), list("lkj", c(0.5, 2, 3.5)),
  list("half_t", c(0, 1, 3)), list("half_t", c(0, 2.5, 1)), list("half_t", c(0, 0.05, 30)),
  list("half_normal", c(0, 1, 0)), list("half_normal", c(0, 7, 0)),
  list("exponential", c(0, 1, 0)), list("exponential", c(0, 0.2, 0)),
  list("gamma", c(2, 0.5, 0)), list("gamma", c(0.7, 3, 0)),
  list("inv_gamma", c(1.5, 2, 0)), list("inv_gamma", c(4, 0.3, 0))
)

prior_at <- function(case, x, sd = NULL) .Call(C_prior, prior_codes[[case[[1]]]], case[[2]], x, sd)

on_log_sd <- function(case) prior_codes[[case[[1]]]] > 10L

# R's density of the coefficient, or of log tau through that of tau.
base_density <- function(case, x) {
  a <- case[[2]][1]
  s <- case[[2]][2]
  df <- case[[2]][3]
  tau <- exp(x)
  switch(case[[1]],
    normal = dnorm(x, a, s, log = TRUE),
    student_t = dt((x - a) / s, df, log = TRUE) - log(s),
    logistic = dlogis(x, a, s, log = TRUE),
    lkj = dbeta(plogis((x - a) / s), df, df, log = TRUE) + dlogis(x, a, s, log = TRUE),
    half_t = log(2) + dt(tau / s, df, log = TRUE) - log(s) + x,
    half_normal = log(2) + dnorm(tau, 0, s, log = TRUE) + x,
    exponential = dexp(tau, 1 / s, log = TRUE) + x,
    gamma = dgamma(tau, a, scale = s, log = TRUE) + x,
    inv_gamma = dgamma(1 / tau, a, rate = s, log = TRUE) - x
  )
}

centre <- function(case) {
  p <- case[[2]]
  if (!on_log_sd(case)) {
    p[1]
  } else {
    log(p[2]) +
      switch(case[[1]],
        gamma = log(p[1]),
        inv_gamma = -log(p[1]),
        0
      )
  }
}
spread <- function(case) if (on_log_sd(case)) 1 else case[[2]][2]

for (case in prior_cases) {
  label <- sprintf("%s(%s)", case[[1]], toString(case[[2]]))

  test_that(paste("density and derivatives are right:", label), {
    x <- centre(case) + spread(case) * c(seq(-6, 3, by = 0.25), 1e-9)
    out <- prior_at(case, x)
    expect_close(out[1, , drop = FALSE], t(base_density(case, x)), 1e-13, floor = 1)
    for (order in 0:2) {
      truth <- twin_prior(case[[1]], case[[2]], x, order)
      expect_close(out[order + 1, ], truth, last_bits)
    }
    step <- vapply(x, function(xi) {
      complex_jacobian(function(x) twin_prior(case[[1]], case[[2]], x), xi)
    }, 0)
    expect_close(out[2, ], step, rounding)
    slopes <- vapply(x, function(xi) {
      difference_jacobian(function(x) prior_at(case, x)[1:2], xi, 0.02 * spread(case))
    }, numeric(2))
    expect_close(out[2, ], slopes[1, ], half_of_digits)
    expect_close(out[3, ], slopes[2, ], half_of_digits)
  })

  test_that(paste("the density integrates to one:", label), {
    density <- function(x) exp(prior_at(case, x)[1, ])
    # the variable u = atanh of a share of the line, so that heavy tails have an end
    line <- function(u) density(centre(case) + spread(case) * sinh(u)) * spread(case) * cosh(u)
    reach <- if (on_log_sd(case)) 5 else 30
    ends <- seq(-reach, reach, length.out = 41)
    pieces <- vapply(1:40, function(i) {
      integrate(line, ends[i], ends[i + 1], rel.tol = 1e-10, abs.tol = 1e-14)$value
    }, 0)
    expect_equal(sum(pieces), 1, tolerance = rounding_of_fit)
  })

  test_that(paste("expectations equal adaptive integration:", label), {
    c0 <- centre(case)
    w <- spread(case)
    for (sd in w * c(1e-3, 0.1, 0.5, 1, 2, 4)) {
      for (mean in c0 + w * c(-4, -0.5, 0, 1, 3)) {
        f <- function(order) function(x) twin_prior(case[[1]], case[[2]], x, order)
        breaks <- c0 + w * c(-20, -5, -2, -1, 0, 1, 2, 5, 20)
        # expectations of exp(c t) live at mean + c sd^2, so look further out than 12 sds
        truth <- vapply(0:2, function(i) normal_integral(f(i), mean, sd, breaks, reach = 20), 0)
        got <- prior_at(case, mean, sd)[, 1]
        expect_close(t(got), t(truth), 1e-9, floor = c(1, 1e-3 / w, 1e-3 / w^2))
      }
    }
  })
}

test_that("derivatives of an expectation are expectations of derivatives", {
  for (case in prior_cases) {
    w <- spread(case)
    f <- function(mean) prior_at(case, mean, 0.7 * w)[1:2]
    x <- centre(case) + 0.4 * w
    slope <- difference_jacobian(f, x, 0.03 * w)
    got <- prior_at(case, x, 0.7 * w)
    expect_close(t(got[2:3]), t(slope[1:2]), 1e-8, floor = 1e-3 / w^(1:2))
  }
})

test_that("far tails and tiny sds stay finite where the density is", {
  for (case in prior_cases) {
    w <- spread(case)
    out <- prior_at(case, centre(case) + w * c(-700, 700, -300, 300))
    expect_false(anyNA(out))
    expect_close(prior_at(case, centre(case) + w, 0), prior_at(case, centre(case) + w), 1e-14,
      floor = 1
    )
  }
  out <- prior_at(list("half_t", c(0, 1, 3)), c(-1e3, 1e3))
  expect_equal(out[2, ], c(1, -3))
  expect_equal(out[3, ], c(0, 0))
})

test_that("no prior is zero", {
  expect_identical(.Call(C_prior, 0L, c(0, 1, 1), c(-1, 2), NULL), matrix(0, 3, 2))
  expect_identical(.Call(C_prior, 0L, c(0, 1, 1), c(-1, 2), c(1, 2)), matrix(0, 3, 2))
})
