# Three features with correlations that move with x, and gaps in one
data_pairs <- function(n = 1500) {
  set.seed(31)
  x <- runif(n)
  common <- rnorm(n)
  y <- vapply(1:3, function(j) {
    loading <- c(1, 0.8, -0.6)[j] * (0.4 + x)
    noise <- (loading * common + rnorm(n)) / sqrt(1 + loading^2)
    sin(4 * x + j) + exp(0.4 * cos(3 * x)) * noise
  }, numeric(n))
  colnames(y) <- c("a", "b", "c")
  y[seq(1, n, 5), "c"] <- NA
  data.frame(x = x, g = factor(rep(c("p", "q"), length.out = n)), y)
}

pairs_fit <- local({
  fit <- NULL
  function() {
    if (is.null(fit)) {
      d <- data_pairs()
      set.seed(1)
      m <- fit_margins(d, c("a", "b", "c"), mu = ~ s(x), sigma = ~ s(x))
      fit <<- fit_pairs(m, d, rho = ~ s(x))
    }
    fit
  }
})

test_that("correlations of pairs are those of joint fits", {
  skip_on_cran()
  d <- data_pairs()
  at <- data.frame(x = c(0.1, 0.3, 0.5, 0.7, 0.9))
  set.seed(2)
  joint <- covary(cbind(a, b) ~ s(x), sigma ~ s(x), rho ~ s(x), data = d)
  theirs <- predict(joint, at, dpar = "rho", type = "link")
  ours <- fitted(pairs_fit(), at, "a:b")
  columns <- curve_columns(pairs_fit()$design, rho_key(pairs_fit()), at)
  eta <- curve_means(columns, pairs_fit()$mean[, "a:b", drop = FALSE])
  sd <- sqrt(curve_variances(columns, pairs_fit()$cov[, 1, drop = FALSE]))
  # Plug-in margins move a curve by about 0.1 posterior sds (validation/features.R)
  expect_lt(max(abs(eta - theirs$estimate) / theirs$sd), 0.3)
  expect_lt(max(abs(log(sd / theirs$sd))), 0.1)
  expect_equal(as.vector(ours), as.vector(tanh(eta / 2)), tolerance = 0.02)
})

test_that("a pair uses the rows with both features", {
  found <- diagnostics(pairs_fit())
  expect_identical(found$pair, c("a:b", "a:c", "b:c"))
  expect_identical(found$n, c(1500, 1200, 1200))
  expect_true(all(found$status == "ok"))
  expect_lt(attr(found, "bin_error"), 0.02)
})

test_that("chosen pairs, in any form, are those of all", {
  p <- pairs_fit()
  d <- data_pairs()
  forms <- list(
    "c:a", cbind("c", "a"), data.frame(one = "a", two = "c"), rbind(c("a", "c"), c("c", "a"))
  )
  for (form in forms) {
    set.seed(3)
    one <- fit_pairs(p$margins, d, form, rho = ~ s(x))
    expect_equal(one$mean[, 1], p$mean[, "a:c"], tolerance = 1e-10)
    expect_equal(one$cov[, 1], p$cov[, "a:c"], tolerance = 1e-10)
  }
  expect_error(fit_pairs(p$margins, d, "a:z", rho = ~x), class = "covary_error_argument")
  expect_error(fit_pairs(p$margins, d, "a:a", rho = ~x), class = "covary_error_argument")
  expect_error(fit_pairs(p$margins, d, rho = rho ~ x), class = "covary_error_formula")
  cells <- compress(d, c("a", "b"), by = ~x)
  expect_error(fit_pairs(p$margins, cells, rho = ~x), class = "covary_error_argument")
})

test_that("pairs do not depend on chunks, passes or workers", {
  skip_on_cran()
  p <- pairs_fit()
  d <- data_pairs()
  parts <- fit_pairs(p$margins, chunks(d[1:700, ], d[701:1500, ]), rho = ~ s(x))
  expect_equal(parts$mean, p$mean, tolerance = 1e-6)
  cluster <- parallel::makePSOCKcluster(2)
  on.exit(parallel::stopCluster(cluster))
  set.seed(4)
  here <- fit_pairs(p$margins, d, rho = ~ s(x))
  set.seed(4)
  there <- fit_pairs(p$margins, d, rho = ~ s(x), cluster = cluster)
  expect_identical(there$mean, here$mean)
  expect_identical(there$cov, here$cov)
})

test_that("discrete covariates are exact, and weights count as rows", {
  d <- data_pairs()
  m <- pairs_fit()$margins
  twice <- fit_pairs(m, rbind(d, d[d$g == "q", ]), "a:b", rho = ~g)
  d$w <- ifelse(d$g == "q", 2, 1)
  weighted <- fit_pairs(m, d, "a:b", rho = ~g, weights = "w")
  expect_equal(weighted$mean, twice$mean, tolerance = 1e-8)
  expect_equal(attr(diagnostics(weighted), "bin_error"), 0)
  # Each group's correlation is the likeliest of its standardised residuals, but for the prior
  z <- (as.matrix(d[c("a", "b")]) - fitted(m, d, resp = c("a", "b"))) /
    sigma(m, d, resp = c("a", "b"))
  q <- z[d$g == "q", ]
  log_density <- function(r) {
    -nrow(q) * log(1 - r^2) / 2 - sum(q^2 %*% c(1, 1) - 2 * r * q[, 1] * q[, 2]) / 2 / (1 - r^2)
  }
  best <- optimize(log_density, c(-0.99, 0.99), maximum = TRUE)$maximum
  expect_equal(fitted(weighted, data.frame(g = "q"))[[1]], best, tolerance = 0.01)
})

test_that("correlation() has the shape of that of fits", {
  p <- pairs_fit()
  at <- data.frame(x = c(0.2, NA, 3))
  out <- correlation(p, at, pairs = c("a:b", "b:c"))
  expect_identical(
    names(out), c("x", "pair", "estimate", "sd", "lower", "upper", "extrapolated")
  )
  expect_identical(out$pair, rep(c("a:b", "b:c"), each = 3))
  expect_identical(is.na(out$estimate), rep(c(FALSE, TRUE, FALSE), 2))
  expect_identical(out$extrapolated, rep(c(FALSE, NA, TRUE), 2))
  expect_true(all(out$lower < out$estimate & out$estimate < out$upper, na.rm = TRUE))
  expect_identical(unname(fitted(p, at, "b:c")[1, 1]), out$estimate[4])
  expect_error(correlation(p, at, pairs = "a:z"), class = "covary_error_argument")
  expect_error(correlation(p, data.frame(z = 1)), class = "covary_error_newdata")
  expect_output(print(p), "3 pairs of 3 features")
  broken <- p
  broken$cov[1] <- 0
  expect_error(correlation(broken, at), class = "covary_error_object")
})

test_that("a margin that failed has no pairs", {
  d <- data_pairs()
  d$constant <- 1
  m <- suppressWarnings(fit_margins(d, c("a", "b", "constant"), mu = ~x))
  expect_identical(colnames(fit_pairs(m, d)$mean), "a:b")
  expect_error(fit_pairs(m, d, "a:constant"), class = "covary_error_argument")
})

test_that("rows count in pairs as in margins", {
  set.seed(4)
  d <- data.frame(x = stats::runif(200), a = stats::rnorm(200), b = stats::rnorm(200), w = 1:2)
  margins <- fit_margins(d, c("a", "b"), mu = ~x, weights = "w")
  expect_error(fit_pairs(margins, d), "with weights", class = "covary_error_argument")
  expect_s3_class(fit_pairs(margins, d, weights = "w"), "covary_pairs")
})

test_that("an argument without a default that is left out is named", {
  margins <- fit_margins(iris, names(iris)[1:3], mu = ~Species)
  pairs <- quiet(fit_pairs(margins, iris, rho = ~Species))
  for (f in list(correlation, check_pairs, correlation_matrix, combine)) {
    expect_error(f(pairs), "must be given", class = "covary_error_argument")
  }
  for (f in list(predict, fitted, sigma, deviations)) {
    expect_error(f(margins), "newdata", class = "covary_error_argument")
  }
})
