# 400 rows: x continuous, three features of which one has gaps
data_features <- function(n = 400) {
  set.seed(21)
  x <- round(runif(n), 3)
  g <- factor(sample(c("p", "q", "r"), n, TRUE))
  y <- vapply(1:3, function(j) {
    sin(5 * x + j) + (g == "q") / 2 + exp(0.5 * x - 1) * rnorm(n)
  }, numeric(n))
  colnames(y) <- c("a", "b", "c")
  y[seq(1, n, 7), "c"] <- NA
  data.frame(x = x, g = g, y)
}

features_fit <- local({
  fit <- NULL
  function() {
    if (is.null(fit)) {
      d <- data_features()
      set.seed(1)
      fit <<- fit_margins(d, c("a", "b", "c"), mu = ~ s(x) + g, sigma = ~x)
    }
    fit
  }
})

test_that("a margin is the fit of covary() to the feature's own rows", {
  m <- features_fit()
  d <- data_features()
  at <- data.frame(x = c(0.1, 0.5, 0.9), g = c("p", "q", "r"))
  for (resp in c("a", "c")) {
    formula <- stats::reformulate("s(x) + g", resp)
    set.seed(2)
    full <- suppressMessages(covary(formula, sigma ~ x, data = d))
    one <- predict(m, at, resp = resp)
    ours <- predict(full, at)
    # The same model on knots that differ: within Monte Carlo error of 1,000 and 4,000 draws and a
    # few hundredths of a posterior sd.
    expect_lt(max(abs(one$estimate - ours$estimate) / ours$sd), 0.15)
    expect_lt(max(abs(log(one$sd / ours$sd))), 0.1)
  }
})

test_that("a feature uses the rows where it is there", {
  found <- diagnostics(features_fit())
  expect_identical(found$n, c(400, 400, 342))
  expect_identical(found$missing, c(0, 0, 58))
  expect_true(all(found$status == "ok"))
})

test_that("matrices, chunks and cells give the same margins as columns", {
  d <- data_features()
  m <- features_fit()
  fit <- function(...) {
    set.seed(1)
    fit_margins(..., mu = ~ s(x) + g, sigma = ~x)
  }
  wide <- data.frame(x = d$x, g = d$g)
  wide$y <- as.matrix(d[c("a", "b", "c")])
  expect_identical(fit(wide, "y")$mean, m$mean)
  # Sums of rows in another order
  parts <- fit(chunks(d[1:150, ], d[151:400, ]), c("a", "b", "c"))
  expect_equal(parts$mean, m$mean, tolerance = 1e-8)
  cells <- compress(d, c("a", "b"), by = ~ x + g)
  expect_equal(fit(cells)$mean, m$mean[, 1:2], tolerance = 1e-8)
})

test_that("margins do not depend on the workers that fit them", {
  skip_on_cran()
  cluster <- parallel::makePSOCKcluster(2)
  on.exit(parallel::stopCluster(cluster))
  d <- data_features()
  set.seed(1)
  m <- fit_margins(
    d, c("a", "b", "c"),
    mu = ~ s(x) + g, sigma = ~x, cluster = cluster
  )
  expect_identical(m$mean, features_fit()$mean)
  expect_identical(m$cov, features_fit()$cov)
})

test_that("a feature that cannot be fitted does not stop the others and is said once", {
  d <- data_features()
  d$constant <- 1
  d$absent <- NA_real_
  expect_warning(
    m <- fit_margins(d, c("a", "constant", "absent"), mu = ~g),
    "2 of 3 margins",
    class = "covary_warning_margins"
  )
  found <- diagnostics(m)
  expect_identical(startsWith(found$status, "failed"), c(FALSE, TRUE, TRUE))
  expect_match(found$status[2], "'constant' is constant")
  expect_true(all(is.na(m$mean[, 2:3])))
  expect_error(fit_margins(d, "constant", mu = ~g), class = "covary_error_margins")
})

test_that("draws are kept on request and agree with mean and covariance", {
  d <- data_features()
  set.seed(3)
  m <- fit_margins(d, c("a", "b"), mu = ~g, draws = 2000)
  expect_identical(dim(m$draws), c(2000L, 4L, 2L))
  # all draws are kept, from which both are made
  expect_equal(colMeans(m$draws[, , "b"]), m$mean[, "b"])
  expect_equal(cov(m$draws[, , "b"]), vcov(m, "b"))
})

test_that("margins hold no rows and what they say has the right shape", {
  m <- features_fit()
  at <- data.frame(x = c(0.2, NA, 2), g = "p")
  p <- predict(m, at, resp = c("b", "c"))
  expect_identical(nrow(p), 12L)
  expect_identical(is.na(p$estimate), rep(c(FALSE, TRUE, FALSE), 4))
  expect_identical(p$extrapolated[p$dpar == "mu" & p$resp == "b"], c(FALSE, NA, TRUE))
  expect_identical(dim(fitted(m, at)), c(3L, 3L))
  expect_identical(unname(sigma(m, at, resp = "c")[1, 1]), p$estimate[10])
  expect_lt(as.numeric(object.size(m)), 3e5)
  expect_output(print(m), "Margins of 3 features")
  expect_error(predict(m, data.frame(x = 1)), class = "covary_error_newdata")
  expect_error(predict(m, data.frame(x = 1, g = "z")), class = "covary_error_new_level")
  expect_error(coef(m, "zz"), class = "covary_error_argument")
  broken <- m
  broken$mean[1] <- 0
  expect_error(coef(broken), class = "covary_error_object")
})

test_that("levels of random effects that the data did not have are an error", {
  set.seed(4)
  d <- data_features()
  m <- fit_margins(d, c("a", "b"), mu = ~ s(g, bs = "re"))
  expect_error(predict(m, data.frame(g = "new")), class = "covary_error_new_level")
})

test_that("what margins cannot do is refused", {
  d <- data_features()
  expect_error(fit_margins(d, "a", mu = a ~ x), class = "covary_error_formula")
  expect_error(fit_margins(d), class = "covary_error_argument")
  expect_error(fit_margins(d, "zz"), class = "covary_error_variable")
  expect_error(fit_margins(d, "a", mu = ~ rank(x)), class = "covary_error_cells")
})

test_that("a margin is refused, with the transformation of responses as the way out", {
  expect_error(
    fit_margins(iris, names(iris)[1:2], mu = ~Species, margin = list(Sepal.Length = power())),
    "log(a)",
    class = "covary_error_margin", fixed = TRUE
  )
})
