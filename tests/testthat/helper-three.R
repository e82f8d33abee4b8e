# Three responses with everything linear in x, and their posterior under default priors by NUTS:
# 40,000 draws, least effective number 55,000, covary_control(nuts = list(warmup = 1000)), seed 1.

data_three <- function() {
  set.seed(20)
  n <- 200
  x <- stats::runif(n, -1, 1)
  e <- matrix(stats::rnorm(3 * n), n)
  r <- tanh(atanh(0.6) + 0.5 * x)
  b <- r * e[, 1] + sqrt(1 - r^2) * e[, 2]
  data.frame(x,
    a = 0.5 + x + exp(-0.2 + 0.4 * x) * e[, 1], b = -x + exp(0.1 - 0.3 * x) * b,
    c = 2 - 0.4 * e[, 1] + 0.3 * e[, 2] + sqrt(0.75) * e[, 3]
  )
}

formulas_three <- list(cbind(a, b, c) ~ x, sigma ~ x, rho ~ x)

# Intercept and slope of mu, sigma (of a, b, c each) and rho (a b, a c, b c)
posterior_three <- list(
  mean = c(
    0.54391, 0.98873, 0.0039358, -1.1284, 1.8766, -0.063991, -0.17584, 0.537, 0.11151,
    -0.24868, 0.069242, -0.0066249, 1.364, 1.5725, -0.87149, -0.093719, 0.61673, 0.033605
  ),
  sd = c(
    0.063715, 0.098374, 0.081472, 0.10753, 0.07514, 0.12202, 0.050165, 0.072665, 0.050443,
    0.073209, 0.050747, 0.077573, 0.14187, 0.2042, 0.14218, 0.20563, 0.14358, 0.21325
  )
)

# Of a fit: distances of posterior means from those of NUTS in its sds, and ratios of sds.
against_nuts <- function(fit) {
  draws <- unclass(fit$draws)
  draws <- draws[, grepl("^b_", colnames(draws))]
  list(
    shift = (colMeans(draws) - posterior_three$mean) / posterior_three$sd,
    sd_ratio = column_sds(draws) / posterior_three$sd
  )
}
