# Every method of a fit, with a fit that has a margin: it agrees with a naive computation on the
# scale of the response, or is refused, or is of the transformed response and says so in ?margins,
# or has no scale. A method that is in none of the lists fails.

walked_fit <- local({
  fit <- NULL
  function() {
    if (is.null(fit)) {
      fit <<- covary(cbind(mpg, qsec) ~ wt, sigma ~ wt,
        data = mtcars, margin = list(mpg = power(0)), draws = 200, seed = 1
      )
    }
    fit
  }
})

# Draws of the mean, sd and correlation of log(mpg) and qsec from the coefficients alone: the power
# 0 is centre + centre log(y / centre), and with a normal log the response is log-normal.
naive_draws <- function(fit, d) {
  draws <- as.matrix(fit)
  line <- function(name) {
    outer(draws[, paste0(name, "Intercept")], rep(1, nrow(d))) +
      outer(draws[, paste0(name, "wt")], d$wt)
  }
  centre <- signif(exp(mean(log(mtcars$mpg))), 3)
  m <- log(centre) + (line("b_mpg_") - centre) / centre
  s <- exp(line("b_sigma_mpg_")) / centre
  list(
    log_mean = m, log_sd = s, median = exp(m), mean = exp(m + s^2 / 2),
    sd = sqrt(expm1(s^2)) * exp(m + s^2 / 2), other = line("b_qsec_"),
    other_sd = exp(line("b_sigma_qsec_")), rho = tanh(draws[, "b_rho_mpg_qsec_Intercept"] / 2)
  )
}

new_people <- data.frame(wt = c(2.2, 3.4), mpg = c(24, 17), qsec = c(18, 17.5))

near <- function(found, naive, tolerance = 1e-6) {
  expect_equal(as.vector(found), as.vector(naive), tolerance = tolerance)
}

agrees <- list(
  posterior_epred = function(fit, n) near(posterior_epred(fit, new_people)[, , 1], n$mean, 1e-5),
  predict = function(fit, n) {
    near(predict(fit, new_people, "mu", "mpg")$estimate, colMeans(n$mean), 1e-5)
    near(predict(fit, new_people, "sigma", "mpg")$estimate, colMeans(n$sd), 1e-3)
    near(predict(fit, new_people, "mu", "mpg", "median")$estimate, colMeans(n$median))
  },
  fitted = function(fit, n) {
    near(fitted(fit)[, "mpg"], colMeans(naive_draws(fit, mtcars)$mean), 1e-5)
  },
  sigma = function(fit, n) near(sigma(fit)[, "mpg"], colMeans(naive_draws(fit, mtcars)$sd), 1e-3),
  residuals = function(fit, n) {
    near(residuals(fit)[, "mpg"], mtcars$mpg - colMeans(naive_draws(fit, mtcars)$mean), 1e-4)
  },
  augment = function(fit, n) {
    near(augment(fit, newdata = new_people)$.fitted_mpg, colMeans(n$mean), 1e-5)
  },
  log_lik = function(fit, n) {
    y <- rep(new_people$mpg, each = 200)
    near(log_lik(fit, new_people, "mpg"), dlnorm(y, n$log_mean, n$log_sd, log = TRUE))
  },
  posterior_predict = function(fit, n) {
    set.seed(1)
    y <- posterior_predict(fit, new_people[rep(1, 500), ], "mpg", draw_ids = 3L)
    expect_gt(ks.test(as.vector(y), "plnorm", n$log_mean[3, 1], n$log_sd[3, 1])$p.value, 1e-3)
  },
  predictive_interval = function(fit, n) {
    set.seed(1)
    limits <- predictive_interval(fit, newdata = new_people[rep(1, 20), ], resp = "mpg")
    mixed <- function(q) mean(plnorm(q, n$log_mean[, 1], n$log_sd[, 1]))
    expect_lt(abs(mixed(mean(limits[, 1])) - 0.05), 0.01)
    expect_lt(abs(mixed(mean(limits[, 2])) - 0.95), 0.01)
  },
  predictive_error = function(fit, n) {
    set.seed(1)
    error <- predictive_error(fit, new_people, "mpg")
    set.seed(1)
    y <- posterior_predict(fit, new_people, "mpg")
    near(error, rep(new_people$mpg, each = 200) - y)
  },
  simulate = function(fit, n) {
    set.seed(1)
    y <- unlist(simulate(fit, 40, newdata = new_people[c(1, 1), ], resp = "mpg"))
    mixed <- function(q) vapply(q, function(q) mean(plnorm(q, n$log_mean[, 1], n$log_sd[, 1])), 0)
    expect_gt(ks.test(y, mixed)$p.value, 1e-3)
  },
  logLik = function(fit, n) {
    near(logLik(fit) - attr(logLik(fit), "df") / 2, mean(rowSums(log_lik(fit))))
  },
  bayes_R2 = function(fit, n) {
    of <- naive_draws(fit, mtcars)
    spread <- apply(of$mean, 1, function(v) mean((v - mean(v))^2))
    near(bayes_R2(fit, "mpg")[1, 1], mean(spread / (spread + rowMeans(of$sd^2))), 1e-3)
  },
  correlation = function(fit, n) near(correlation(fit, new_people)$estimate, rep(mean(n$rho), 2)),
  covariance = function(fit, n) {
    # Of a log-normal and a normal response
    found <- covariance(fit, new_people)$estimate
    both <- colMeans(n$rho * n$log_sd * n$other_sd * n$mean)
    near(found, c(colMeans(n$sd^2), colMeans(n$other_sd^2), both), 1e-4)
  },
  get_predict = function(fit, n) {
    method <- getFromNamespace("get_predict.covary", "covary")
    near(method(fit, new_people, resp = "mpg")$estimate, apply(n$mean, 2, median), 1e-5)
  },
  refine = function(fit, n) expect_equal(quiet(refine(fit))$margins, fit$margins),
  plot_data = function(fit, n) {
    path <- plot_data(fit, "ellipses", covariate = "wt", at = 3, resp = c("mpg", "qsec"))
    of <- lapply(naive_draws(fit, data.frame(wt = 3)), function(v) median(as.matrix(v)))
    z <- cbind(log(path$x) - of$log_mean, path$y - of$other)
    z <- z / rep(c(of$log_sd, of$other_sd), each = nrow(z))
    squares <- (z[, 1]^2 + z[, 2]^2 - 2 * of$rho * z[, 1] * z[, 2]) / (1 - of$rho^2)
    near(pchisq(squares, 2), path$content, 1e-4)
    near(path$mean_x[1], of$mean, 1e-4)
  },
  posterior_linpred = function(fit, n) {
    near(posterior_linpred(fit, TRUE, new_people, resp = "mpg"), n$median)
  },
  conditional_effects = function(fit, n) {
    found <- conditional_effects(fit, dpar = "mu", resp = "mpg", points = 5, extend = 0)
    near(found$estimate, apply(naive_draws(fit, data.frame(wt = found$x))$mean, 2, median), 1e-4)
  },
  deviations = function(fit, n) {
    z <- (log(new_people$mpg) - colMeans(n$log_mean)) / exp(colMeans(log(n$log_sd)))
    near(deviations(fit, new_people, resp = "mpg")$z, z, 1e-5)
  },
  centiles = function(fit, n) {
    value <- exp(colMeans(n$log_mean) + exp(colMeans(log(n$log_sd))) * qnorm(0.9))
    near(centiles(fit, new_people, p = 0.9, resp = "mpg")$value, value, 1e-5)
  },
  reference_region = function(fit, n) {
    path <- reference_region(fit, new_people[1, ], 0.9, type = "rectangle", predictive = FALSE)
    z <- qnorm(0.95) * c(-1, 1)
    near(range(path$mpg), exp(colMeans(n$log_mean)[1] + exp(colMeans(log(n$log_sd)))[1] * z), 1e-5)
  },
  evaluate = function(fit, n) {
    found <- evaluate(fit, new_people, measures = "log_score")$estimate[1]
    sd <- exp(colMeans(log(n$log_sd)))
    near(found, mean(dlnorm(new_people$mpg, colMeans(n$log_mean), sd, log = TRUE)), 1e-5)
  },
  reference = function(fit, n) {
    near(deviations(reference(fit), new_people)$z, deviations(fit, new_people)$z, 1e-12)
  },
  model.frame = function(fit, n) near(model.frame(fit)$mpg, mtcars$mpg),
  get_response = function(fit, n) {
    near(getFromNamespace("get_response.covary", "covary")(fit)$mpg, mtcars$mpg)
  },
  get_data = function(fit, n) {
    near(getFromNamespace("get_data.covary", "covary")(fit)$mpg, mtcars$mpg)
  },
  pp_check = function(fit, n) {
    dens <- pp_check(fit, plot = FALSE)
    expect_lt(abs(mean(dens$x[dens$resp == "mpg"]) - mean(range(mtcars$mpg))), 5)
    distance <- pp_check(fit, "qq", plot = FALSE)
    w <- residuals(fit, "whitened")
    expect_gt(cor(distance$observed, sort(rowSums(w^2))), 0.99)
  },
  update = function(fit, n) {
    expect_equal(update(fit, draws = 100, data = mtcars)$margins, fit$margins)
  },
  loo = function(fit, n) {
    skip_if_not_installed("loo")
    found <- suppressWarnings(loo(fit))$estimates["elpd_loo", 1]
    expect_lt(abs(found - sum(colMeans(log_lik(fit)))), 8)
  },
  waic = function(fit, n) {
    skip_if_not_installed("loo")
    found <- suppressWarnings(waic(fit))$estimates["elpd_waic", 1]
    expect_lt(abs(found - sum(colMeans(log_lik(fit)))), 8)
  },
  kfold = function(fit, n) {
    skip_if_not_installed("loo")
    set.seed(1)
    found <- suppressWarnings(kfold(fit, 2))$estimates[1, 1]
    expect_lt(abs(found - sum(colMeans(log_lik(fit)))), 20)
  },
  print = function(fit, n) expect_output(print(fit), "Margin: +mpg: power\\(lambda = 0\\)"),
  summary = function(fit, n) expect_output(print(summary(fit)), "Margin: +mpg: power")
)

# Further ways to the same: harmonise(), adapt() and sites() are walked in test-chart-margins.R.
agrees_elsewhere <- c(
  "harmonise", "adapt", "sites", "reloo", "epred_draws", "autoplot", "plot", "emm_basis",
  "recover_data"
)

# Of the coefficients, whose scale ?margins gives, what has no scale, and what no fit answers
scale_free <- c(
  "anova", "extractAIC",
  "as_draws", "as_draws_array", "as_draws_df", "as_draws_list", "as_draws_matrix",
  "as_draws_rvars", "as.array", "as.data.frame", "as.matrix", "ci", "coef", "confint",
  "describe_posterior", "df.residual", "diagnostics", "elbo", "eti", "family", "find_formula",
  "find_parameters", "find_response", "fixef", "formula", "get_coef", "get_parameters", "get_vcov",
  "glance", "hdi", "hypothesis",
  "model_parameters", "model.matrix", "nchains", "ndraws", "niterations", "nobs", "nsamples",
  "nvariables", "p_direction", "point_estimate", "posterior_interval", "prior_summary", "ranef",
  "rope", "sanitize_model_specific", "terms", "tidy", "VarCorr", "variables", "vcov", "weights"
)

refused <- list(
  as_target = function(f, fit) f(fit), link_function = function(f, fit) f(fit),
  link_inverse = function(f, fit) f(fit),
  loo_moment_match = function(f, fit) f(fit, loo = NULL), loo_subsample = function(f, fit) f(fit),
  model_info = function(f, fit) f(fit)
)

test_that("answers for a fit with a margin are those of a log-normal response", {
  fit <- walked_fit()
  naive <- naive_draws(fit, new_people)
  for (name in names(agrees)) agrees[[name]](fit, naive)
})

test_that("what knows no margins is refused, never answered on another scale", {
  fit <- walked_fit()
  needs_loo <- !requireNamespace("loo", quietly = TRUE) & startsWith(names(refused), "loo_")
  for (name in names(refused)[!needs_loo]) {
    method <- getFromNamespace(paste0(name, ".covary"), "covary")
    expect_error(refused[[name]](method, fit), class = "covary_error_margin", label = name)
  }
})

test_that("means by emmeans are of the transformed response, and medians of it back", {
  skip_if_not_installed("emmeans")
  skip_if_not_installed("coda")
  d <- transform(mtcars, gear = factor(gear))
  fit <- covary(mpg ~ gear, sigma ~ gear, data = d, margin = power(0), draws = 500, seed = 1)
  means <- emmeans::emmeans(fit, "gear")
  at <- data.frame(gear = levels(d$gear))
  near(summary(means)$emmean, apply(posterior_linpred(fit, newdata = at, dpar = "mu"), 2, median))
  back <- as.data.frame(summary(means, type = "response"))[["median"]]
  median_at <- apply(posterior_linpred(fit, TRUE, at, dpar = "mu"), 2, median)
  near(back, median_at, 1e-3)
  expect_error(emmeans::emmeans(fit, "gear", dpar = "sigma"), "margin")
  expect_error(
    getFromNamespace("emm_basis.covary", "covary")(fit, NULL, NULL, at, dpar = "sigma"),
    class = "covary_error_margin"
  )
})

test_that("no method is forgotten", {
  known <- c(names(agrees), agrees_elsewhere, scale_free, names(refused))
  all <- parseNamespaceFile("covary", dirname(system.file(package = "covary")))$S3methods
  found <- unique(sub(".*::", "", all[all[, 2] == "covary", 1]))
  expect_equal(setdiff(found, known), character())
})

test_that("pictures of effects, and effects by other packages, are drawn", {
  fit <- walked_fit()
  pdf(NULL)
  on.exit(dev.off())
  effects <- plot(fit)
  expect_equal(plot(fit, "ellipses", at = 3)$x, plot_data(fit, "ellipses", "wt", at = 3)$x)
  expect_equal(
    effects[effects$dpar == "mu" & effects$resp == "mpg", "estimate"],
    conditional_effects(fit, dpar = "mu", resp = "mpg")$estimate
  )
  expect_s3_class(plot_data(fit, "bins"), "data.frame")
  skip_if_not_installed("ggplot2")
  expect_s3_class(ggplot2::autoplot(fit), "ggplot")
})
