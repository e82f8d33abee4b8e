# Our column of a comparison with spectranorm 0.1.4 and PCNtoolkit 1.3.0, and the correlation from
# the sum of two scores, which is spectranorm's likelihood of a pair.
#
#   Rscript bench/spectranorm.R > bench/results/spectranorm.txt
#
# Two features of people of age 5 to 90 at 30 sites whose ages differ; curves of mean, log sd and
# Fisher's z of the correlation; effects of a site with sd .3 on the mean and .1 on the log sd. What
# the peers need for data like these, and their errors, are in the results. Seconds are of CPU.
library(covary)
say <- function(what, ...) cat(what, format(c(...), digits = 3), "\n")
cpu <- function(expr) sum(system.time(expr)[1:2])
rms <- function(v) sqrt(mean(v^2))

truth <- list(
  mu = list(function(a) sin(a / 20), function(a) cos(a / 25) - a / 60),
  sd = list(function(a) 0.45 * sin(a / 27), function(a) 0.45 * cos(a / 27)),
  rho = function(a) tanh(0.475 - 0.225 * cos((a - 5) / 18))
)

people <- function(n, shift, scale) {
  site <- sample(nrow(shift), n, TRUE)
  age <- pmin(pmax(rnorm(n, seq(20, 70, length.out = nrow(shift))[site], 22), 5), 90)
  z <- matrix(rnorm(2 * n), n)
  z[, 2] <- truth$rho(age) * z[, 1] + sqrt(1 - truth$rho(age)^2) * z[, 2]
  y <- vapply(1:2, function(k) {
    truth$mu[[k]](age) + shift[site, k] + exp(truth$sd[[k]](age) + scale[site, k]) * z[, k]
  }, numeric(n))
  data.frame(
    age = age, sex = sample(c("F", "M"), n, TRUE), site = sprintf("s%02d", site),
    a = y[, 1], b = y[, 2], z1 = z[, 1], z2 = z[, 2]
  )
}

errors_of_rho <- function(rho) {
  at <- function(ages) rms(rho(ages) - truth$rho(ages))
  c(at(8:85), at(15:75))
}

for (n in c(5000, 78000)) {
  set.seed(11)
  shift <- matrix(rnorm(60, 0, 0.3), 30)
  scale <- matrix(rnorm(60, 0, 0.1), 30)
  d <- people(n, shift, scale)
  test <- people(10000, shift, scale)
  one <- function() {
    covary(a ~ sex + s(age) + s(site, bs = "re"), sigma ~ s(age) + s(site, bs = "re"),
      data = d, draws = 500, refresh = FALSE
    )
  }
  seconds <- min(cpu(margin <- one()), cpu(one()))
  z <- deviations(margin, test)$z
  sds <- tapply(z, cut(test$age, quantile(test$age, 0:10 / 10), include.lowest = TRUE), stats::sd)
  say(paste(n, "people: seconds a margin, rms error of z:"), seconds, rms(z - test$z1))
  say("    sd of z by tenth of age, least and most:", range(sds))
  seconds <- cpu(pair <- covary(cbind(a, b) ~ sex + s(age) + s(site, bs = "re"),
    sigma ~ s(age) + s(site, bs = "re"), rho ~ s(age),
    data = d, draws = 500, refresh = FALSE
  ))
  joint <- function(ages) correlation(pair, data.frame(age = ages))$estimate
  say(
    "    seconds a pair, rms error of rho at ages 8-85, 15-75:", seconds, errors_of_rho(joint)
  )
  # Known scores, so that the likelihood alone differs: var(z1 + z2) = 2 (1 + rho).
  both <- covary(cbind(z1, z2) ~ 0, sigma ~ 0, rho ~ s(age),
    data = d, draws = 500, refresh = FALSE
  )
  alone <- covary(sum ~ 0, sigma ~ s(age),
    data = transform(d, sum = z1 + z2), draws = 500,
    refresh = FALSE
  )
  known <- function(ages) correlation(both, data.frame(age = ages))$estimate
  of_sum <- function(ages) {
    predict(alone, data.frame(age = ages), "sigma")$estimate^2 / 2 - 1
  }
  say("    of known scores, rms error of rho by both:", errors_of_rho(known))
  say("        by their sum alone:", errors_of_rho(of_sum))
}
