# Two responses at eight sites, with their true curves.
data_sites <- function() {
  set.seed(21)
  n <- 1600
  d <- data.frame(
    age = round(runif(n, 2, 18), 2), sex = sample(c("F", "M"), n, TRUE),
    site = sprintf("s%d", sample(8, n, TRUE)), stringsAsFactors = FALSE
  )
  shift <- rnorm(8, 0, 0.3)[match(d$site, sprintf("s%d", 1:8))]
  rho <- tanh(0.3 + 0.02 * d$age)
  u <- rnorm(n)
  d$height <- 60 + 7 * d$age - 0.15 * d$age^2 + 3 * (d$sex == "M") +
    exp(1 + 0.04 * d$age) * (u + shift)
  d$weight <- 8 + 2 * d$age + exp(0.3 + 0.05 * d$age) * (rho * u + sqrt(1 - rho^2) * rnorm(n))
  d
}

fit_sites <- function() {
  if (is.null(fits$sites)) {
    set.seed(22)
    fits$sites <- quiet(covary(
      cbind(height, weight) ~ sex + s(age, k = 6) + s(site, bs = "re"),
      sigma ~ age + s(site, bs = "re"), rho ~ age,
      data = data_sites(), draws = 600
    ))
  }
  fits$sites
}

# z of both responses, their correlation: by the formulas of the help, from the exact basis.
exact_scores <- function(fit, d, random = TRUE) {
  at <- function(key) getFromNamespace("central_at", "covary")(fit, fit$design$predictors[[key]], d)
  list(
    height = (d$height - at("mu:height")) / exp(at("sigma:height")),
    weight = (d$weight - at("mu:weight")) / exp(at("sigma:weight")),
    rho = tanh(at("rho:height:weight") / 2)
  )
}
