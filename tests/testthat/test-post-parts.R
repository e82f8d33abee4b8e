test_that("coef, vcov and confint are those of the draws", {
  fit <- fixture("two")
  d <- as.matrix(fit)[, names(coef(fit))]
  expect_true(all(grepl("^bs?_", names(coef(fit)))))
  expect_equal(coef(fit), colMeans(d))
  expect_equal(vcov(fit), var(d))
  expect_equal(
    unname(confint(fit, "b_b_fq", level = 0.8)[1, ]),
    quantile(d[, "b_b_fq"], c(0.1, 0.9), names = FALSE)
  )
  expect_identical(colnames(confint(fit)), c("2.5 %", "97.5 %"))
  expect_error(confint(fit, "nope"), class = "covary_error_argument")
})

test_that("formula, terms, nobs, family", {
  fit <- fixture("two")
  expect_length(formula(fit), 3)
  expect_equal(formula(fit, dpar = "sigma", resp = "a"), ~x, ignore_attr = TRUE)
  expect_equal(formula(fit, dpar = "sigma", resp = "b"), ~1, ignore_attr = TRUE)
  expect_error(formula(fit, dpar = "mu"), class = "covary_error_argument")
  expect_identical(attr(terms(fit, "mu", "a"), "term.labels"), "f")
  expect_identical(nobs(fit), 120L)
  f <- family(fit)
  expect_s3_class(f, "covary_family")
  expect_identical(f$links, c(mu = "identity", sigma = "log", rho = "rhobit"))
  for (d in names(f$links)) expect_equal(f$linkinv[[d]](f$linkfun[[d]](0.3)), 0.3)
  expect_output(print(f), "rhobit")
  expect_identical(names(family(fixture("one"))$links), c("mu", "sigma"))
  expect_identical(prior_summary(fit)$name, fit$priors$name)
})

test_that("model.matrix times coefficients is the predictor", {
  fit <- fixture("two")
  x <- model.matrix(fit, "mu", "b")
  expect_identical(rownames(x), as.character(1:120))
  expect_equal(as.matrix(fit)[, colnames(x)] %*% t(x), posterior_linpred(fit, resp = "b"),
    ignore_attr = TRUE
  )
  expect_equal(x[, "b_b_fq"], as.numeric(data_two()$f == "q"), ignore_attr = TRUE)
  known <- model.matrix(fixture("known"), "sigma", "qsec")
  expect_identical(dim(known), c(32L, 0L))
  expect_equal(attr(known, "offset"), log(mtcars$hp / 60))
  expect_error(model.matrix(fit, "rho", "a"), class = "covary_error_argument")
})

test_that("model.frame has the responses and covariates of the rows used", {
  mf <- model.frame(fixture("one"))
  expect_equal(mf, mtcars[c("mpg", "wt")])
})

test_that("names of responses, covariates and coefficients must be names", {
  fit <- fixture("two")
  refused <- function(code) expect_error(code, class = "covary_error_argument")
  for (bad in list(mean, globalenv(), 1i, list(), character(), NA_character_, y ~ x)) {
    refused(fitted(fit, resp = bad))
    refused(posterior_predict(fit, resp = bad))
    refused(log_lik(fit, resp = bad))
    refused(conditional_effects(fit, bad))
    refused(conditional_effects(fit, "x", by = bad))
    if (length(bad)) refused(confint(fit, bad))
  }
  refused(plot(fit, ask = "a"))
  refused(print(fit, digits = -1))
})
