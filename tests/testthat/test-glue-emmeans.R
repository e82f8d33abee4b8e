test_that("marginal means are those of the predictor", {
  skip_if_not_installed("emmeans")
  skip_if_not_installed("coda") # emmeans summarises draws by it
  fit <- quiet(covary(mpg ~ factor(cyl) + wt + offset(hp / 100), sigma ~ factor(cyl), mtcars,
    draws = 200, seed = 1
  ))
  at <- data.frame(cyl = c(4, 6, 8), wt = mean(mtcars$wt), hp = mean(mtcars$hp))
  means <- as.data.frame(emmeans::emmeans(fit, "cyl"))
  draws <- posterior_linpred(fit, newdata = at)
  expect_equal(means$emmean, apply(draws, 2, stats::median))
  differences <- as.data.frame(pairs(emmeans::emmeans(fit, "cyl")))
  expect_equal(differences$estimate[1], stats::median(draws[, 1] - draws[, 2]))
  sigma <- as.data.frame(emmeans::emmeans(fit, "cyl", dpar = "sigma", type = "response"))
  right <- posterior_epred(fit, newdata = at, dpar = "sigma")
  expect_equal(sigma$response, apply(right, 2, stats::median))
})

test_that("marginal correlations, of a pair, with smooths", {
  skip_if_not_installed("emmeans")
  skip_if_not_installed("coda") # emmeans summarises draws by it
  fit <- fixture("two")
  at <- list(x = c(-1, 1))
  rho <- emmeans::emmeans(fit, "x", dpar = "rho", resp = "a:b", at = at, type = "response")
  new <- data.frame(x = c(-1, 1), f = "p")
  draws <- posterior_epred(fit, newdata = new, dpar = "rho", resp = "a:b")
  expect_equal(as.data.frame(rho)$response, apply(draws, 2, stats::median), tolerance = 1e-6)
  said <- tryCatch(emmeans::emmeans(fit, "x"), error = conditionMessage)
  expect_match(said, "must name one of")
})

test_that("means are those of the population, as nlme's are, unless random effects are asked for", {
  skip_if_not_installed("emmeans")
  skip_if_not_installed("coda")
  d <- as.data.frame(nlme::Orthodont)
  fit <- covary(distance ~ age * Sex + s(Subject, bs = "re"), sigma ~ Sex,
    data = d, draws = 2000, seed = 1
  )
  means <- suppressMessages(as.data.frame(emmeans::emmeans(fit, "Sex")))
  known <- nlme::lme(distance ~ age * Sex, random = ~ 1 | Subject, data = d)
  known <- suppressMessages(as.data.frame(emmeans::emmeans(known, "Sex")))
  expect_equal(means$emmean, known$emmean, tolerance = 0.01)
  expect_equal(means$upper.HPD - means$lower.HPD, known$upper.CL - known$lower.CL,
    tolerance = 0.1
  )
  seen <- suppressMessages(as.data.frame(emmeans::emmeans(fit, "Sex", re_formula = NULL)))
  expect_lt(max(seen$upper.HPD - seen$lower.HPD), 0.6 * min(means$upper.HPD - means$lower.HPD))
  expect_error(emmeans::emmeans(fit, "Sex", exclude = "s(nobody)"), "must name terms")
})
