# The log evidence of fits of large data, and what it is for; known answers are in
# test-covary-engines.R.

curves <- list(
  smooth = list(
    mu = function(x) sin(6 * x), log_sigma = function(x) 0.5 * cos(4 * x) - 1,
    rho = function(x) tanh(sin(5 * x))
  ),
  steep = list(mu = function(x) tanh((x - 0.5) / 0.02), log_sigma = function(x) {
    0.3 * tanh((x - 0.3) / 0.02) - 1
  }, rho = function(x) 0.5 * tanh((x - 0.6) / 0.02))
)

simulate_curves <- function(n, f) {
  x <- runif(n)
  z <- rnorm(n)
  r <- f$rho(x)
  s <- exp(f$log_sigma(x))
  data.frame(x = x, a = f$mu(x) + s * z, b = f$mu(1 - x) + s * (r * z + sqrt(1 - r^2) * rnorm(n)))
}

test_that("it is there where a probe shows that no weights are needed: that of all weights", {
  set.seed(811)
  d <- simulate_curves(1e5, curves$smooth)
  fit <- function(importance) {
    suppressMessages(covary(cbind(a, b) ~ s(x), sigma ~ s(x), rho ~ s(x),
      data = d,
      control = covary_control(importance = importance)
    ))
  }
  probe <- diagnostics(fit("auto"))
  all <- diagnostics(fit("always"))
  expect_match(probe$note, "log weights of 200 draws")
  expect_lt(abs(probe$log_evidence - all$log_evidence), 4 * (probe$elbo_mcse + all$elbo_mcse))
  expect_gt(probe$log_evidence, probe$elbo)
  expect_length(diagnostics(fit("never"))$log_evidence, 0)
})

test_that("it chooses the order of the penalty, and the order it chooses is nearer to the truth", {
  grid <- data.frame(x = seq(0.01, 0.99, length.out = 99))
  for (who in names(curves)) {
    f <- curves[[who]]
    set.seed(812)
    d <- simulate_curves(1e4, f)
    fits <- lapply(1:3, function(m) {
      suppressMessages(covary(cbind(a, b) ~ s(x, k = 16, m = m), sigma ~ s(x, k = 16, m = m),
        rho ~ s(x, k = 16, m = m),
        data = d
      ))
    })
    evidence <- vapply(fits, function(fit) glance(fit)$log_evidence, 0)
    error <- vapply(fits, function(fit) {
      at <- function(dpar, resp) predict(fit, grid, dpar = dpar, resp = resp)$estimate
      mean(((at("mu", "a") - f$mu(grid$x)) / 0.02)^2 +
        ((log(at("sigma", "a")) - f$log_sigma(grid$x)) / 0.02)^2 +
        ((at("rho", "a:b") - f$rho(grid$x)) / 0.02)^2)
    }, 0)
    expect_identical(which.max(evidence), c(smooth = 3L, steep = 1L)[[who]])
    expect_identical(which.min(error), which.max(evidence))
  }
})
