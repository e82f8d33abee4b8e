test_that("draws, groups and rows are those marginaleffects reads", {
  fit <- fixture("two")
  new <- data.frame(model.frame(fit)[1:4, ], rowid = 11:14)
  out <- get_predict.covary(fit, new, "response", smurf = 1)
  draws <- posterior_epred(fit, new)
  names <- dimnames(draws)[[3]]
  expect_identical(out$group, rep(names, each = 4))
  expect_identical(out$rowid, rep(11:14, 2))
  expect_equal(attr(out, "posterior_draws")[7, ], draws[, 3, 2])
  expect_equal(out$estimate[7], median(draws[, 3, 2]))
  one <- get_predict.covary(fit, new, "link", resp = names[2], dpar = "sigma")
  expect_identical(unique(one$group), "main_marginaleffect")
  link <- posterior_linpred(fit, newdata = new, resp = names[2], dpar = "sigma")
  expect_equal(attr(one, "posterior_draws"), t(link), ignore_attr = TRUE)
  expect_error(get_vcov.covary(fit, "HC0"), class = "covary_error_argument")
  expect_true("covary" %in% getOption("marginaleffects_model_classes"))
})

test_that("predictions, slopes and comparisons have the values of the draws", {
  skip_if_not_installed("marginaleffects", "0.20")
  # marginaleffects 1.0 uses what base R has from 4.4 on
  if (!exists("%||%", baseenv())) {
    assign("%||%", function(a, b) if (is.null(a)) b else a, globalenv())
    on.exit(rm("%||%", envir = globalenv()))
  }
  fit <- quiet(covary(mpg ~ wt + hp, sigma ~ wt, data = mtcars, draws = 500))
  draws <- as.matrix(fit)
  p <- marginaleffects::predictions(fit, newdata = mtcars[1:3, ])
  expect_equal(p$estimate, unname(apply(posterior_epred(fit, mtcars[1:3, ]), 2, median)))
  s <- marginaleffects::slopes(fit, variables = "wt", newdata = mtcars[1:2, ])
  expect_equal(s$estimate, rep(median(draws[, "b_wt"]), 2), tolerance = 1e-4)
  limits <- quantile(draws[, "b_wt"], c(0.025, 0.975), names = FALSE)
  expect_equal(c(s$conf.low[1], s$conf.high[1]), limits, tolerance = 1e-3)
  at <- function(x) posterior_epred(fit, transform(mtcars[1, ], wt = x), dpar = "sigma")
  # It warns that it does not know `dpar`, and hands it on.
  change <- suppressWarnings(marginaleffects::comparisons(fit,
    variables = list(wt = c(2, 4)), newdata = mtcars[1, ], dpar = "sigma"
  ))
  expect_equal(change$estimate, median(at(4) - at(2)))
})

test_that("hypotheses() of coefficients is refused, and those of predictions have their draws", {
  skip_if_not_installed("marginaleffects", "1.0")
  if (!exists("%||%", baseenv())) {
    assign("%||%", function(a, b) if (is.null(a)) b else a, globalenv())
    on.exit(rm("%||%", envir = globalenv()))
  }
  fit <- fixture("one")
  ways <- list(list(), list(joint = TRUE), list(hypothesis = "b1 = 0"), list(vcov = diag(4)))
  for (more in ways) {
    expect_error(do.call(marginaleffects::hypotheses, c(list(fit), more)), "as.matrix\\(fit\\)",
      class = "covary_error_argument"
    )
  }
  p <- marginaleffects::predictions(fit, newdata = mtcars[1:2, ], hypothesis = ~pairwise)
  draws <- posterior_epred(fit, mtcars[1:2, ])
  expect_equal(p$estimate, median(draws[, 2] - draws[, 1]))
})
