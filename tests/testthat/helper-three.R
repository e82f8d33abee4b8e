# Three responses with everything linear in x, and their posterior by NUTS: fit_three("nuts", draws
# = 40000, seed = 1, control = covary_control(nuts = list(warmup = 1000))), effective draws 48,000
# at least.

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

fit_three <- function(algorithm = "nested", ...) {
  wide <- normal(0, 2.5)
  prior <- c(
    set_prior(wide), set_prior(wide, dpar = "sigma"), set_prior(wide, dpar = "rho"),
    set_prior(wide, class = "Intercept"), set_prior(wide, class = "Intercept", dpar = "sigma"),
    set_prior(wide, class = "Intercept", dpar = "rho")
  )
  covary(list(cbind(a, b, c) ~ x, sigma ~ x, rho ~ x),
    data = data_three(), prior = prior, algorithm = algorithm, ...
  )
}

# Intercept and slope of mu, sigma (of a, b, c each) and rho (a b, a c, b c)
posterior_three <- list(
  mean = c(
    0.54395, 0.9879, 0.0023268, -1.1266, 1.8752, -0.063825, -0.17433, 0.5371, 0.11239, -0.24841,
    0.069583, -0.0060337, 1.3697, 1.5712, -0.87675, -0.096451, 0.62009, 0.030419
  ),
  sd = c(
    0.063605, 0.097932, 0.081125, 0.10659, 0.076006, 0.12221, 0.050043, 0.0726, 0.050926, 0.073218,
    0.050083, 0.077091, 0.14309, 0.20462, 0.14092, 0.20406, 0.14242, 0.21182
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
