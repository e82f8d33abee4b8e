test_that("refine() of a fit that warns finds one that does not, and says how", {
  set.seed(1)
  rough <- suppressWarnings(covary(mpg ~ s(wt, k = 5), sigma ~ wt,
    data = mtcars, algorithm = "meanfield", draws = 400
  ))
  before <- fit_concerns(rough)
  expect_gt(length(before), 0)
  words <- character()
  fit <- withCallingHandlers(refine(rough, seconds = 60), covary_message_refine = function(m) {
    words <<- c(words, conditionMessage(m))
    tryInvokeRestart("muffleMessage")
  })
  expect_identical(fit_concern(fit), 0)
  expect_match(words[1], "algorithm = \"nested\"")
  log <- diagnostics(fit)$refined
  expect_identical(log$algorithm[1:2], c("meanfield", "nested"))
  expect_identical(log$verdict[nrow(log)], "good")
  expect_equal(log$draws[nrow(log)], nrow(fit$draws))
  expect_true(all(log$seconds[-1] > 0) && sum(log$seconds, na.rm = TRUE) < 60)
  # One that does not warn comes back as it is.
  same <- suppressMessages(refine(fit, seconds = 5))
  expect_identical(same$draws, fit$draws)
  expect_identical(nrow(same$info$refined), 1L)
})

test_that("steps that fail or run out of time leave the fit as it was", {
  fit <- suppressWarnings(covary(mpg ~ s(wt, k = 5), sigma ~ wt,
    data = mtcars, algorithm = "meanfield", draws = 400
  ))
  expect_gt(fit_concern(fit), 0)
  # R looks at the time every twentieth of a second: less may be enough for a fit.
  late <- suppressMessages(
    refine_once(fit, list(algorithm = "nuts", draws = 50000), 0.1, FALSE, environment())
  )
  expect_null(late$fit)
  expect_match(late$line$verdict, "out of time")
  expect_lte(fit_concern(suppressMessages(refine(fit, seconds = 0.01))), fit_concern(fit))
  expect_error(refine(fit, seconds = -1), class = "covary_error_argument")
  expect_error(refine(fit, iterations = 5), class = "covary_error_argument")
  prior <- covary(mpg ~ wt, data = mtcars, algorithm = "prior")
  expect_error(refine(prior), class = "covary_error_algorithm")
})

test_that("of two fits the one with the lesser concern is better, then the smaller khat", {
  a <- quiet(covary(mpg ~ wt, data = mtcars, draws = 300))
  b <- a
  b$info$converged <- FALSE
  expect_true(is_better_fit(a, b))
  expect_false(is_better_fit(b, a))
  expect_false(is_better_fit(a, a))
  expect_identical(names(fit_concerns(b))[1], "not_converged")
  worse <- b
  worse$info$khat <- c(coefficients = 2)
  expect_true(is_better_fit(b, worse))
})

test_that("no step repeats the fit that is refined", {
  fit <- list(algorithm = "nuts", draws = matrix(0, 4000, 1))
  steps <- refinement_steps(fit)
  expect_identical(vapply(steps, `[[`, "", "algorithm"), c("nested", "nested", "nuts"))
  expect_identical(steps[[3]]$draws, 16000)
  fit <- list(algorithm = "nested", draws = matrix(0, 20000, 1))
  expect_identical(vapply(refinement_steps(fit), `[[`, 0, "draws"), c(4000, 16000))
  fit <- list(algorithm = "meanfield", draws = matrix(0, 20000, 1))
  expect_identical(
    vapply(refinement_steps(fit), `[[`, "", "algorithm"), c("nested", "nuts", "nuts")
  )
})
