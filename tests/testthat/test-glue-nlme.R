grouped_rows <- function() {
  set.seed(2)
  d <- data.frame(g = gl(8, 20), h = gl(2, 10, 160, labels = c("u", "v")), x = stats::rnorm(160))
  d$y <- stats::rnorm(8)[d$g] + stats::rnorm(8)[d$g] * d$x + stats::rnorm(160)
  d
}

test_that("random effects are what they add to the predictor", {
  d <- grouped_rows()
  fit <- quiet(covary(y ~ x + s(g, bs = "re") + s(g, x, bs = "re") + s(x, k = 5),
    sigma ~ s(h, bs = "re"), d,
    draws = 200, seed = 1
  ))
  draws <- ranef(fit, summary = FALSE)
  expect_identical(names(draws), c("g", "h"))
  expect_identical(dim(draws$g), c(200L, 8L, 2L))
  expect_identical(dimnames(draws$g)[2:3], list(levels(d$g), c("Intercept", "x")))
  at <- function(g, x) posterior_linpred(fit, newdata = data.frame(g = g, x = x, h = "u"))
  for (x in c(0, 1.5)) {
    gap <- draws$g[, "3", ] - draws$g[, "5", ]
    expect_equal(
      drop(at("3", x) - at("5", x)), gap[, "Intercept"] + x * gap[, "x"],
      ignore_attr = TRUE
    )
  }
  sigma <- function(h) {
    posterior_linpred(fit, newdata = data.frame(g = "1", x = 0, h = h), dpar = "sigma")
  }
  gap <- draws[["h"]][, "u", 1] - draws[["h"]][, "v", 1]
  expect_equal(drop(sigma("u") - sigma("v")), gap, ignore_attr = TRUE)
  means <- ranef(fit)$g
  expect_equal(means[, "Estimate", ], apply(draws$g, 2:3, mean))
  expect_identical(dimnames(means)[[2]], c("Estimate", "Est.Error", "Q2.5", "Q97.5"))
})

test_that("standard deviations and fixed effects are those of the draws", {
  fit <- quiet(covary(y ~ x + s(x, k = 4) + s(g, bs = "re"), data = grouped_rows(), draws = 200))
  sd <- VarCorr(fit, prob = .5)$g$sd
  expect_equal(sd["Intercept", "Estimate"], mean(as.matrix(fit, "sds_sg_1")))
  expect_identical(colnames(sd), c("Estimate", "Est.Error", "Q25", "Q75"))
  expect_equal(fixef(fit)[, "Estimate"], coef(fit))
  expect_identical(dim(fixef(fit, summary = FALSE)), c(200L, length(coef(fit))))
  expect_length(ranef(fixture("one")), 0)
  expect_error(VarCorr(fit, sigma = 2), class = "covary_error_argument")
  expect_error(fixef(fit, prob = 2), class = "covary_error_argument")
})
