test_that("generics of brms answer for fits, and ours for its fits", {
  skip_if_not_installed("brms")
  fit <- fixture("one")
  expect_identical(brms::conditional_effects(fit), conditional_effects(fit))
  draws <- as.matrix(fit)
  name <- grep("^b_[^I]*$", colnames(draws), value = TRUE)[1]
  short <- sub("^b_", "", name)
  for (asked in c(name, short)) {
    h <- brms::hypothesis(fit, paste(asked, "< 0"))$hypothesis
    expect_equal(h$Estimate, mean(draws[, name]))
    expect_equal(h$Evid.Ratio, mean(draws[, name] < 0) / mean(draws[, name] >= 0))
  }
  empty <- quiet(brms::brm(mpg ~ wt, data = mtcars, empty = TRUE))
  expect_error(conditional_effects(empty), "sim|posterior") # its method, which wants draws
  expect_error(conditional_effects(3), class = "covary_error_argument")
})

test_that("brms, rstanarm and covary are attached together, covary first or last", {
  skip_on_cran()
  skip_if_not_installed("brms")
  skip_if_not_installed("rstanarm")
  skip_if(!file.exists(system.file("Meta", package = "covary")), "needs an installed covary")
  body <- c(
    "quiet <- function(e) suppressWarnings(suppressMessages(e)); set.seed(1)",
    "cars <- transform(mtcars, cyl = factor(cyl))",
    "priors <- c(set_prior('normal(0, 10)', class = 'b', dpar = 'mu'))",
    "fit <- quiet(covary(mpg ~ wt + s(cyl, bs = 're'), data = cars, prior = priors, draws = 300))",
    "stopifnot(grepl('normal(0, 10)', format(prior_summary(fit)$prior[[2]]), fixed = TRUE))",
    "stopifnot(inherits(conditional_effects(fit), 'covary_effects'))",
    "stopifnot(dim(posterior_predict(fit)) == c(300, 32), is.matrix(fixef(fit)))",
    "stopifnot('cyl' %in% names(ranef(fit)), 'cyl' %in% names(VarCorr(fit)))",
    "stopifnot(inherits(quiet(loo(fit)), 'loo'))",
    "stopifnot(inherits(hypothesis(fit, 'wt < 0'), 'brmshypothesis'))",
    "stopifnot(nrow(posterior_interval(fit)) > 1, nrow(bayes_R2(fit)) > 0, nsamples(fit) == 300)",
    "stopifnot(is.data.frame(pp_check(fit)), inherits(as_draws_df(fit), 'draws_df'))",
    "other <- quiet(stan_glm(mpg ~ wt, data = mtcars, prior = normal(0, 2), refresh = 0,",
    "  chains = 1, iter = 400, seed = 1))",
    "stopifnot(dim(posterior_predict(other)) == c(200, 32), nrow(log_lik(other)) == 200)",
    "stopifnot(inherits(quiet(loo(other)), 'loo'), prior_summary(other)$prior$scale == 2)",
    "stopifnot(length(fixef(fit)) > 0, is.matrix(posterior_interval(other)))",
    "third <- quiet(brm(mpg ~ wt, data = mtcars, empty = TRUE))",
    "e <- tryCatch(conditional_effects(third), error = conditionMessage)",
    "stopifnot(grepl('sim|posterior', e), inherits(bf(mpg ~ wt), 'brmsformula'))",
    "cat('fine')"
  )
  packages <- c("covary", "brms", "rstanarm")
  for (order in list(packages, rev(packages))) {
    attach <- sprintf("suppressMessages(library(%s))", order)
    out <- quiet(run_fresh(c(attach, body)))
    expect_identical(tail(out, 1), "fine", label = paste(c(order, tail(out, 3)), collapse = "\n"))
  }
})
