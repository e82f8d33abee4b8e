# What the checks see of the same target: khat its tails, R-hat its modes (help page
# when-a-fit-warns); and whether intervals hold the truth, over seeds.

suppressed <- function(expr) suppressWarnings(suppressMessages(expr))

test_that("of a normal target, no check complains", {
  set.seed(1)
  target <- gaussian_target(1:2, diag(2))
  expect_lt(suppressed(advi(target))$info$khat, 0.5)
  expect_lt(max(summary(suppressed(nuts(target, iterations = 1000)))$rhat), 1.05)
})

test_that("heavy tails are seen by khat, and not by R-hat", {
  target <- target_density(function(theta) -log1p(theta[["u"]]^2),
    function(theta) -2 * theta / (1 + theta^2),
    names = "u"
  )
  set.seed(1)
  expect_gt(suppressed(advi(target))$info$khat, 0.7)
  expect_lt(max(summary(suppressed(nuts(target, iterations = 2000)))$rhat), 1.1)
})

test_that("a second mode far away is seen by R-hat, and not by khat", {
  modes <- c(-20, 20)
  target <- target_density(
    function(theta) {
      l <- -0.5 * (theta[["u"]] - modes)^2
      max(l) + log(sum(exp(l - max(l))))
    },
    function(theta) {
      l <- -0.5 * (theta[["u"]] - modes)^2
      w <- exp(l - max(l))
      sum(w * (modes - theta)) / sum(w)
    },
    names = "u"
  )
  set.seed(1)
  expect_lt(suppressed(advi(target, start = c(u = 19)))$info$khat, 0.5)
  chains <- suppressed(nuts(target, iterations = 500, start = c(u = 0), chains = 4))
  expect_gt(summary(chains)$rhat, 1.3) # ranks: at most about 1.7
})

test_that("over forty seeds, 90 % intervals hold the truth as often as they say", {
  names <- c("a_Intercept", "a_x", "sigma_a_Intercept", "rho_a_b_Intercept")
  truth <- c(mu = 1, slope = -0.5, log_sd = 0.2, rhobit = 0.8)
  held <- vapply(1:40, function(seed) {
    set.seed(seed)
    x <- stats::rnorm(80)
    z <- matrix(stats::rnorm(160), 80)
    rho <- tanh(truth[["rhobit"]] / 2)
    a <- truth[["mu"]] + truth[["slope"]] * x + exp(truth[["log_sd"]]) * z[, 1]
    b <- rho * z[, 1] + sqrt(1 - rho^2) * z[, 2]
    fit <- covary(cbind(a, b) ~ x, data = data.frame(x, a, b), draws = 400, refresh = 0)
    bounds <- apply(coefficients_of(fit), 2, stats::quantile, c(0.05, 0.95))
    bounds <- bounds[, paste0("b_", names)]
    truth > bounds[1, ] & truth < bounds[2, ]
  }, logical(4))
  # 160 events, of which 144 are expected; 4 standard errors of 3.8
  expect_gt(sum(held), 144 - 15)
  expect_lt(sum(held), 144 + 15)
})
