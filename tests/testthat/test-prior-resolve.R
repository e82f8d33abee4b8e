test_that("defaults are proper and scale with the data", {
  d <- rows_60()
  p <- default_prior(cbind(a, b) ~ x + s(z), rho ~ x, data = d)
  text <- stats::setNames(vapply(p$prior, format, ""), p$name)
  s <- sqrt(mean((d$a - mean(d$a))^2))
  centred <- d$x - mean(d$x)
  expect_identical(text[["b_a_Intercept"]], format(normal(mean(d$a), 2.5 * s)))
  expect_identical(text[["sds_a_sz_1"]], format(half_t(3, 0, s)))
  expect_identical(text[["b_sigma_a_Intercept"]], format(normal(log(s), 2.5)))
  expect_identical(text[["b_rho_a_b_Intercept"]], "logistic(0, 1)")
  # A mean has sd 2.5 s in each direction of its columns: the marginal of x, next to z, is that over
  # what z leaves of x.
  sd_of <- function(name) p$prior[[match(name, p$name)]]$par[2]
  expect_equal(sd_of("b_a_x"), 2.5 * s / sqrt(mean(stats::residuals(stats::lm(x ~ z, d))^2)),
    tolerance = half_of_digits
  )
  # A rhobit of one column has sd 2.5 where leverage lies: var = 2.5^2 / sum(h x^2), h = x^2 /
  # sum(x^2)
  expect_equal(sd_of("b_rho_a_b_x"), 2.5 / sqrt(sum(centred^4) / sum(centred^2)),
    tolerance = half_of_digits
  )
  expect_match(text[c("b_a_x", "bs_a_sz_1", "b_rho_a_b_x")], ", joint$")
  expect_true(all(p$source == "default"))
})

test_that("default_prior takes weights and subset as covary does", {
  d <- rows_60()
  d$w <- rep(1:2, 30)
  means <- function(...) default_prior(a ~ x, data = d, ...)$prior[[1]]$par
  expect_equal(means(weights = w), means(weights = d$w))
  expect_equal(means(weights = w)[1], stats::weighted.mean(d$a, d$w))
  expect_equal(means(subset = z > 0)[1], mean(d$a[d$z > 0]))
  expect_identical(quick(a ~ x, data = d, weights = w)$priors$prior[[1]]$par, means(weights = w))
})

test_that("the most specific prior wins, then the last", {
  d <- rows_60()
  resolved <- function(...) {
    p <- quick(cbind(a, b) ~ x + s(z, k = 4), rho ~ x,
      data = d, prior = c(...),
      algorithm = "prior"
    )$priors
    stats::setNames(vapply(p$prior, format, ""), p$name)
  }
  p <- resolved(
    set_prior(normal(0, 1)), set_prior(normal(0, 2), dpar = "rho"),
    set_prior(normal(0, 3), resp = "b"), set_prior(normal(0, 4), coef = "x", resp = "a"),
    set_prior(exponential(2), class = "sds"),
    set_prior(student_t(4, 1, 2), class = "Intercept", dpar = "sigma", resp = "b")
  )
  expect_identical(
    p[c(
      "b_a_x", "bs_a_sz_1", "b_b_x", "b_rho_a_b_x", "sds_b_sz_1",
      "b_sigma_b_Intercept"
    )],
    c(
      b_a_x = "normal(0, 4)", bs_a_sz_1 = "normal(0, 1)", b_b_x = "normal(0, 3)",
      b_rho_a_b_x = "normal(0, 2)", sds_b_sz_1 = "exponential(2)",
      b_sigma_b_Intercept = "student_t(4, 1, 2)"
    )
  )
  p <- resolved(
    set_prior(normal(0, 2), resp = "b:a", dpar = "rho"),
    set_prior(normal(0, 1), dpar = "mu")
  )
  expect_identical(p[["b_rho_a_b_x"]], "normal(0, 2)")
  expect_error(resolved(set_prior(normal(0, 1)), set_prior(normal(0, 2))), "overridden",
    class = "covary_error_prior"
  )
})

test_that("priors that cannot be meant are errors", {
  d <- rows_60()
  refused <- function(code, class = "covary_error_prior") expect_error(code, class = class)
  fit <- function(prior) quick(a ~ x, data = d, prior = prior)
  refused(fit(set_prior(normal(), coef = "nothing")))
  refused(fit(set_prior(normal(), dpar = "rho")))
  refused(fit(set_prior(half_t(), class = "sds")))
  refused(fit(set_prior(normal(), resp = "b")))
  refused(fit(normal(0, 1)))
  refused(fit("normal(0, 1)"))
  refused(set_prior(half_t(), class = "b"))
  refused(set_prior(normal(), class = "sds"))
  refused(set_prior("nonsense(0, 1)"))
  refused(c(set_prior(normal()), 3))
  refused(set_prior(normal(), class = "c"), "covary_error_argument")
  refused(set_prior(normal(), dpar = "nu"), "covary_error_argument")
  refused(set_prior(normal(), coef = c("a", "b")), "covary_error_argument")
  for (call in list(
    quote(normal(0, 0)), quote(normal(0, -1)), quote(normal(NA, 1)),
    quote(normal(Inf, 1)), quote(normal(0, Inf)), quote(normal("a")),
    quote(student_t(0)), quote(half_t(3, 1, 1)), quote(exponential(0)), quote(inv_gamma(-1, 1)),
    quote(logistic(0, NaN)), quote(normal(0, 1:2))
  )) {
    refused(eval(call), "covary_error_argument")
  }
  expect_identical(format(set_prior(gamma(2, 3), class = "sds")$prior[[1]]), "gamma(2, 3)")
})

test_that("algorithm = \"prior\" gives draws of every prior, on the scale of the user's data", {
  d <- rows_60()
  d$a <- d$a * 1000
  u <- c(0.05, 0.25, 0.5, 0.75, 0.95)
  check <- function(prior, quantiles, name, class, mapped = identity, ...) {
    set.seed(5)
    fit <- quick(cbind(a, b) ~ x + s(z, k = 4),
      data = d, algorithm = "prior",
      prior = set_prior(prior, class = class, ...), draws = 40000
    )
    draws <- mapped(coefficients_of(fit)[, name])
    # The distribution function of the draws at the quantiles; its standard error is 0.0025.
    expect_equal(vapply(quantiles, function(q) mean(draws <= q), 0), u,
      tolerance = 0.01,
      label = paste(name, prior$text)
    )
  }
  check(normal(3, 20), stats::qnorm(u, 3, 20), "b_a_x", "b", resp = "a")
  check(student_t(4, -1, 3), -1 + 3 * stats::qt(u, 4), "b_a_x", "b", resp = "a", dpar = "mu")
  check(logistic(1, 2), stats::qlogis(u, 1, 2), "b_b_x", "b", resp = "b")
  check(half_t(3, 0, 500), 500 * stats::qt(0.5 + u / 2, 3), "sds_a_sz_1", "sds", resp = "a")
  check(half_normal(0, 500), 500 * stats::qnorm(0.5 + u / 2), "sds_a_sz_1", "sds", resp = "a")
  check(exponential(1 / 300), stats::qexp(u, 1 / 300), "sds_a_sz_1", "sds", resp = "a")
  check(gamma_prior(2, 0.01), stats::qgamma(u, 2, 0.01), "sds_a_sz_1", "sds", resp = "a")
  check(inv_gamma(3, 400), 1 / stats::qgamma(1 - u, 3, 400), "sds_a_sz_1", "sds", resp = "a")
  check(logistic(0, 1), 2 * u - 1, "b_rho_a_b_Intercept", "Intercept", mapped = function(r) {
    tanh(r / 2)
  }, dpar = "rho")
})

test_that("the prior of an intercept is that of the centred intercept", {
  d <- rows_60()
  set.seed(1)
  fit <- quick(a ~ x,
    data = d, algorithm = "prior",
    prior = set_prior(normal(7, 0.1), class = "Intercept", dpar = "mu"), draws = 4000
  )
  b <- coefficients_of(fit)
  centred <- b[, "b_Intercept"] + mean(d$x) * b[, "b_x"]
  expect_equal(c(mean(centred), stats::sd(centred)), c(7, 0.1), tolerance = 0.03)
})

test_that("the documented table of default priors is that of the code", {
  d <- data.frame(y = stats::rnorm(50, 3), x = stats::runif(50))
  d$z <- d$y + stats::rnorm(50)
  p <- default_prior(cbind(y, z) ~ s(x), data = d)
  s <- sqrt(mean((d$y - mean(d$y))^2))
  of <- function(class, dpar) p$prior[[which(p$class == class & p$dpar == dpar)[1]]]
  table <- gsub("mean(y)", format(mean(d$y), digits = 4), default_prior_table(), fixed = TRUE)
  expect_match(table, paste0("normal(", format(mean(d$y), digits = 4), ", 2.5 s)"), fixed = TRUE)
  expect_equal(of("Intercept", "mu")$par[1:2], c(mean(d$y), 2.5 * s))
  expect_match(table, "normal(log(s), 2.5)", fixed = TRUE)
  expect_equal(of("Intercept", "sigma")$par[1:2], c(log(s), 2.5))
  expect_match(table, format(of("Intercept", "rho")), fixed = TRUE)
  expect_match(table, "half_t(3, 0, s)", fixed = TRUE)
  expect_identical(of("sds", "mu")$family, "half_t")
  expect_equal(of("sds", "mu")$par[c(2, 3)], c(s, 3))
})

test_that("constants of three correlations have an LKJ prior, those of one the logistic", {
  p <- default_prior(cbind(mpg, qsec, drat) ~ 1, rho ~ wt, data = mtcars)
  text <- stats::setNames(vapply(p$prior, format, ""), p$name)
  expect_identical(text[["b_rho_mpg_qsec_Intercept"]], "lkj(1), beta(1.5, 1.5)")
  expect_identical(text[["b_rho_mpg_drat_Intercept"]], "lkj(1), beta(1.5, 1.5)")
  expect_identical(text[["b_rho_qsec_drat_Intercept"]], "lkj(1), beta(1, 1)")
  expect_match(text[["b_rho_qsec_drat_wt"]], ", joint$")
  user <- quick(cbind(mpg, qsec, drat) ~ 1,
    data = mtcars, prior = set_prior(lkj(4), class = "Intercept")
  )
  p <- prior_summary(user)
  expect_identical(
    vapply(p$prior, `[[`, "", "text")[p$source == "user"],
    paste0("lkj(4), beta(", c("4.5, 4.5", "4.5, 4.5", "4, 4"), ")")
  )
  expect_true(all(p$dpar[p$source == "user"] == "rho"))
  expect_error(set_prior(lkj(2)), class = "covary_error_prior")
  expect_error(set_prior(lkj(2), class = "Intercept", resp = "a:b"), class = "covary_error_prior")
  expect_error(
    quick(mpg ~ 1, data = mtcars, prior = set_prior(lkj(2), class = "Intercept")),
    class = "covary_error_prior"
  )
})

test_that("prior draws of correlations do not depend on the order of responses", {
  set.seed(4)
  # With an intercept, or the constant hidden in columns: then that of the mean of the columns
  for (rho in list(rho ~ 1, rho ~ 0 + z + I(1 - z))) {
    d <- transform(mtcars, z = 0.5 + (am - mean(am)))
    fit <- covary(cbind(mpg, qsec, drat) ~ 1, rho,
      data = d, algorithm = "prior", draws = 4000
    )
    r <- correlation(fit, data.frame(z = 0.5), draws = TRUE)[, 1, , ]
    # The marginals of LKJ(1) with K responses: (1 + rho) / 2 is beta(K / 2, K / 2).
    for (pair in list(1:2, c(1, 3), 2:3)) {
      p <- stats::ks.test((1 + r[, pair[1], pair[2]]) / 2, stats::pbeta, 1.5, 1.5)$p.value
      expect_gt(p, 0.001)
    }
    # Of the whole matrix: E det R is the product of E(1 - rho^2) of the partial correlations.
    det <- apply(r, 1, det)
    expect_lt(abs(mean(det) - 0.75^2 * 2 / 3), 4 * stats::sd(det) / sqrt(4000))
  }
})
