outlying <- function() {
  set.seed(31)
  d <- data.frame(x = rnorm(300))
  u <- rnorm(300)
  d$a <- 1 + d$x + u
  d$b <- 0.95 * u + sqrt(1 - 0.95^2) * rnorm(300)
  d$a[10] <- NA # the numbers of rows are those in the data
  d$a[40] <- d$x[40] + 8
  d$b[40] <- 6.65
  d$b[70] <- d$b[70] - 1.7 * sign(d$b[70]) # against the correlation, not far by itself
  d
}

test_that("extreme rows are named, whichever response or both make them so", {
  d <- outlying()
  fit <- quiet(covary(cbind(a, b) ~ x, data = d, missing = "drop", draws = 400))
  found <- diagnostics(fit)$extreme
  expect_identical(found$row, c("40", "70"))
  expect_identical(found$resp, c("a", "together"))
  expect_equal(found$residual[1], central_residuals(fit)[39, "a"], ignore_attr = TRUE)
  eta <- central_predictors(fit)[39, ]
  sigma <- exp(eta[3:4])
  rho <- tanh(eta[[5]] / 2)
  s <- outer(sigma, sigma) * matrix(c(1, rho, rho, 1), 2)
  expect_equal(found$distance[1], sqrt(mahalanobis(fit$frame$y[39, ], eta[1:2], s)))
  expect_output(print(diagnostics(fit)), "Extreme rows: +40 \\(a [0-9.]+ sds\\), 70 \\(responses")
  rownames(d) <- sprintf("person %d", seq_len(300))
  named <- quiet(covary(cbind(a, b) ~ x, data = d, draws = 400))
  expect_identical(diagnostics(named)$extreme$row, c("person 40", "person 70"))
  qq <- pp_check(fit, "qq", plot = FALSE)
  expect_identical(rev(qq$row)[1:2], c("40", "70"))
})

test_that("rows with some responses count by those, and a right model has no extreme rows", {
  d <- outlying()
  d$b[40] <- NA
  fit <- quiet(covary(cbind(a, b) ~ x, data = d, missing = "use", draws = 400))
  expect_true("40" %in% diagnostics(fit)$extreme$row)
  set.seed(32)
  share <- mean(replicate(20, {
    d <- data.frame(y = rnorm(100), x = rnorm(100))
    nrow(diagnostics(covary(y ~ x, data = d, draws = 100))$extreme) > 0
  }))
  expect_lte(share, 0.25) # 1 of 20 expected; 6 or more has a probability of .0003
  cells <- compress(d, "a", by = ~x)
  expect_null(diagnostics(covary(a ~ x, data = cells, draws = 200))$extreme)
})
