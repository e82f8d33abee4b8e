# Predictors as a fit has them, with pairs pinned; names of responses are letters.
pair_predictors <- function(labels, pinned = list(), likelihood = "normal") {
  pairs <- response_pairs(labels)
  lapply(stats::setNames(pairs, vapply(pairs, predictor_key, "", dpar = "rho")), function(resp) {
    p <- new_predictor(likelihood, "rho", resp, ~1, TRUE)
    p$known <- any(vapply(pinned, setequal, TRUE, resp))
    p
  })
}

said <- function(...) paste(order_lines(pair_predictors(...), list(...)[[1]]), collapse = " ")

test_that("the order is stated, with what a formula of a pair means", {
  expect_identical(order_lines(pair_predictors(c("a", "b")), c("a", "b")), character())
  text <- said(c("a", "b", "c"))
  expect_match(text, "Order: +a, b, c")
  expect_match(gsub(" +", " ", text), "rho(b, c) given a", fixed = TRUE)
})

test_that("a pinned pair says whether it is uncorrelated", {
  expect_no_match(said(letters[1:3], list(c("a", "c"))), "~ 0")
  expect_match(said(letters[1:3], list(c("c", "b"))), "rho(b, c) ~ 0", fixed = TRUE)
  expect_match(
    gsub(" +", " ", said(letters[1:3], list(c("b", "c")))),
    "update(fit, order = c(\"b\", \"c\", \"a\"))",
    fixed = TRUE
  )
  # All pairs between two groups, of which one comes first: the groups are independent.
  between <- list(c("a", "c"), c("a", "d"), c("b", "c"), c("b", "d"))
  expect_no_match(said(letters[1:4], between), "~ 0")
  expect_match(said(letters[1:4], between[-1]), "rho(b, c)", fixed = TRUE)
})

test_that("what is said of pinned pairs is so", {
  d <- mtcars[c("mpg", "qsec", "drat")]
  fit <- function(...) {
    quiet(covary(cbind(mpg, qsec, drat) ~ 1, ...,
      data = d, algorithm = "laplace", draws = 100
    ))
  }
  rho <- function(fit) correlation(fit, d[1, ], draws = TRUE)[, 1, "qsec", "drat"]
  one <- fit(rho(drat, qsec) ~ 0)
  expect_output(print(one), "rho(qsec, drat) ~ 0 means", fixed = TRUE)
  expect_gt(min(abs(rho(one))), 0)
  both <- fit(rho(drat, qsec) ~ 0, rho(mpg, qsec) ~ 0)
  expect_no_match(paste(capture.output(print(both)), collapse = " "), "~ 0 means")
  expect_equal(max(abs(rho(both))), 0)
  d$r <- 1.2
  given <- fit(rho(mpg, drat) ~ 0 + offset(r), rho(qsec, drat) ~ 0)
  expect_equal(correlation(given, d[1, ], "drat:mpg")$estimate, tanh(0.6))
})
