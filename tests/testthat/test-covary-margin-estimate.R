estimated_fit <- local({
  fit <- NULL
  function() {
    if (is.null(fit)) {
      fit <<- covary(y ~ x, data = power_data(), margin = power(), seed = 1, draws = 2000)
    }
    fit
  }
})

# (y^0.4 - 1) / 0.4 is normal about a line
power_data <- function(n = 150) {
  set.seed(11)
  x <- runif(n)
  d <- data.frame(x = x, y = (1 + 0.4 * (3 + x + rnorm(n, sd = 0.6)))^(1 / 0.4))
  d
}

test_that("the posterior of a power is that of a regression with flat priors", {
  fit <- estimated_fit()
  d <- power_data()
  n <- nrow(d)
  # Integrated over coefficients and variance: Jacobian times RSS^(-(n - 2) / 2) (Box and Cox)
  margin <- fit$margins$y
  grid <- seq(-1, 2, length.out = 301)
  log_density <- vapply(grid, function(l) {
    p <- list(lambda = l)
    rss <- sum(residuals(lm(to_latent(margin, d$y, p) ~ d$x))^2)
    sum(latent_log_slope(margin, d$y, p)) - (n - 2) / 2 * log(rss)
  }, 0)
  w <- exp(log_density - max(log_density))
  w <- w / sum(w)
  mean <- sum(w * grid)
  sd <- sqrt(sum(w * (grid - mean)^2))
  drawn <- as.vector(as.matrix(fit)[, "lambda"])
  expect_lt(abs(mean(drawn) - mean), 0.1 * sd)
  expect_lt(abs(sd(drawn) / sd - 1), 0.05)
  quantiles <- approx(cumsum(w), grid, c(0.05, 0.95))$y
  expect_lt(max(abs(quantile(drawn, c(0.05, 0.95)) - quantiles)), 0.15 * sd)
})

test_that("nodes and interpolation give what a fine grid of given powers gives", {
  fit <- estimated_fit()
  drawn <- as.vector(as.matrix(fit)[, "lambda"])
  grid <- mean(drawn) + sd(drawn) * seq(-4, 4, by = 0.5)
  evidence <- vapply(grid, function(l) {
    at <- suppressWarnings(
      covary(y ~ x, data = power_data(), margin = power(l), seed = 5, draws = 500)
    )
    at$info$log_evidence
  }, 0)
  w <- exp(evidence - max(evidence))
  mean <- sum(w * grid) / sum(w)
  expect_lt(abs(mean(drawn) - mean), 0.05 * sd(drawn))
  expect_lt(abs(sd(drawn) / sqrt(sum(w * (grid - mean)^2) / sum(w)) - 1), 0.03)
  step <- diff(grid[1:2])
  total <- log(sum(w) * step / 8) + max(evidence)
  expect_lt(abs(fit$info$log_evidence - total), 0.03)
})

test_that("coefficients belong to the power in their row", {
  fit <- estimated_fit()
  d <- power_data()
  draws <- as.matrix(fit)
  ols <- vapply(draws[, "lambda"], function(l) {
    coef(lm(to_latent(fit$margins$y, d$y, list(lambda = l)) ~ d$x))
  }, numeric(2))
  left <- draws[, c("b_Intercept", "b_x")] - t(ols)
  sds <- apply(left, 2, sd)
  expect_lt(max(abs(colMeans(left)) / sds), 0.1)
  expect_lt(max(abs(cor(left, draws[, "lambda"]))), 0.08)
  # and so do densities: those of the draw itself
  naive <- rowSums(log_lik(fit))
  gap <- draws[, "lp__"] - draws[, "lprior"] - naive
  expect_lt(sd(gap), 0.25)
  expect_lt(abs(mean(gap)), 0.1)
})

test_that("two powers are estimated together, and by update()", {
  set.seed(3)
  n <- 200
  d <- data.frame(x = runif(n))
  e <- matrix(rnorm(2 * n), n) %*% chol(matrix(c(1, 0.6, 0.6, 1), 2))
  d$a <- (2 + d$x + 0.3 * e[, 1])^2
  d$b <- exp(1 + 0.5 * d$x + 0.3 * e[, 2])
  d$a[1:5] <- NA
  both <- list(a = power(), b = power())
  fit <- quiet(covary(cbind(a, b) ~ x, data = d, margin = both, draws = 4000, seed = 1))
  drawn <- as.matrix(fit)[, c("lambda_a", "lambda_b")]
  z <- (colMeans(drawn) - c(0.5, 0)) / apply(drawn, 2, sd)
  expect_lt(max(abs(z)), 3)
  # That of the curvature at the mode is .113; four standard errors.
  expect_lt(abs(cor(drawn)[1, 2] - 0.113), 4 / sqrt(4000))
  expect_lt(abs(attr(diagnostics(fit)$margin, "interaction")), 0.2)
  expect_output(print(fit), "lambda = .*estimated, 95 % from")
  expect_output(print(summary(fit)), "Parameters of margins")
  given <- quiet(update(fit, margin = list(a = power(0.5)), data = d))
  expect_null(diagnostics(given)$margin)
  expect_equal(names(given$margins), "a")
  expect_null(quiet(update(fit, margin = NULL, data = d))$margins)
})

test_that("the same seed gives the same bits, and draws keep their generator", {
  one <- function() covary(mpg ~ wt, data = mtcars, margin = power(), draws = 200, seed = 4)
  expect_identical(as.matrix(quiet(one())), as.matrix(quiet(one())))
})

test_that("what cannot be estimated is said", {
  d <- data.frame(x = 1:40, y = sqrt(1:40))
  expect_error(
    covary(mpg ~ wt, data = mtcars, margin = power(), algorithm = "nuts", draws = 100),
    class = "covary_error_margin"
  )
  d$y[3] <- -1
  expect_error(covary(y ~ x, data = d, margin = power()), class = "covary_error_margin")
  set.seed(1)
  few <- data.frame(y = exp(rnorm(5, sd = 0.02)))
  said <- tryCatch(
    covary(y ~ 1, data = few, margin = power(), draws = 200),
    covary_error = identity, covary_warning = identity
  )
  expect_s3_class(said, "condition")
})

test_that("mass beyond the limit of a power is warned of", {
  set.seed(2)
  d <- data.frame(y = rgamma(200, 1))
  expect_warning(
    covary(y ~ 1, data = d, margin = power(0.8), draws = 200),
    class = "covary_warning_margin_limit"
  )
  expect_warning(covary(y ~ 1, data = d, margin = power(0), draws = 200), NA)
})

test_that("nodes are added where the posterior between them is not what its neighbours say", {
  axis <- function(bend) {
    u <- c(-3, -1.5, 0, 1.5, 3)
    node_axis(seq_along(u), u, -u^2 / 2 + bend * u^3, c(-Inf, Inf))
  }
  posterior <- function(bend) list(axes = list(axis(0), axis(bend)))
  expect_equal(nodes_between(posterior(0)), list())
  expect_equal(nodes_between(posterior(0.005)), list())
  between <- lapply(c(-2.25, -0.75, 0.75, 2.25), function(u) c(0, u))
  expect_equal(nodes_between(posterior(0.1)), between)
  # Its estimate bounds the error of the density.
  for (bend in c(0.01, 0.03, 0.06)) {
    u <- seq(-3, 3, by = 0.1)
    truth <- exp(-u^2 / 2 + bend * u^3)
    error <- max(abs(exp(axis(bend)$value(u)) - truth)) / max(exp(axis(bend)$log_density))
    expect_lt(error, density_error(axis(bend)))
  }
})
