# Arguments that have one meaning everywhere, by the functions that use them; the others refuse them
# by name.
test_that("arguments of one name are used or refused, by every function of a fit", {
  fit <- quiet(covary(cbind(mpg, qsec) ~ wt, sigma ~ wt, rho ~ wt,
    data = mtcars, algorithm = "laplace", draws = 100
  ))
  given <- list(
    ndraws = 20, draw_ids = 1:20, newdata = mtcars[1:6, ], resp = "mpg", dpar = "sigma", prob = 0.5
  )
  some_draws <- c("ndraws", "draw_ids")
  at_rows <- c(some_draws, "newdata", "resp")
  uses <- list(
    fitted = c("newdata", "resp", "dpar"), sigma = c("newdata", "resp"), residuals = "resp",
    bayes_R2 = c(some_draws, "resp"), pp_check = c(some_draws, "newdata", "resp"),
    correlation = c(some_draws, "newdata", "prob"), covariance = c(at_rows, "prob"),
    conditional_effects = c(some_draws, "resp", "dpar", "prob"),
    plot = c(some_draws, "resp", "dpar", "prob"),
    posterior_linpred = c(at_rows, "dpar"), posterior_epred = c(at_rows, "dpar"),
    posterior_predict = at_rows, log_lik = at_rows, predictive_error = at_rows,
    predict = c(at_rows, "dpar", "prob"), predictive_interval = c(at_rows, "prob"),
    posterior_interval = "prob", simulate = c("newdata", "resp"), augment = "newdata",
    summary = "prob", loo = "resp", waic = "resp", confint = character(), tidy = character(),
    as_draws_df = character()
  )
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  for (name in names(uses)) {
    for (arg in names(given)) {
      out <- suppressWarnings(tryCatch(do.call(name, c(list(fit), given[arg])), error = identity))
      label <- paste0(name, "(", arg, " = )")
      if (arg %in% uses[[name]]) {
        expect_false(inherits(out, "error"), label = label)
      } else {
        expect_s3_class(out, "covary_error_argument")
        expect_true(arg %in% c(out$arg, "resp"), label = label)
      }
    }
  }
})

test_that("draws asked for are those used in pictures", {
  fit <- quiet(covary(cbind(mpg, qsec) ~ wt, data = mtcars, algorithm = "laplace", draws = 100))
  e <- conditional_effects(fit, dpar = "mu", resp = "mpg", draw_ids = 1:7, prob = 0.6, points = 5)
  draws <- posterior_epred(fit, data.frame(wt = e$x), resp = "mpg", draw_ids = 1:7)
  draws <- matrix(draws, 7)
  expect_equal(e$estimate, apply(draws, 2, stats::median))
  expect_equal(e$lower, apply(draws, 2, stats::quantile, 0.2, names = FALSE))
  d <- pp_check(fit, draw_ids = 3:5, resp = "qsec", plot = FALSE)
  expect_identical(unique(d$draw), 0:3)
  expect_identical(unique(d$resp), "qsec")
})
