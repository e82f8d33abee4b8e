# Facts about PyMC's default optimiser that the parity mode must share. Writes toolkit-parity.csv.
library(covary)
here <- if (dir.exists("validation")) "validation" else "."

normal_target <- function(mean, cov) {
  precision <- solve(cov)
  target_density(function(theta) -0.5 * sum((theta - mean) * (precision %*% (theta - mean))),
    function(theta) -as.vector(precision %*% (theta - mean)),
    names = paste0("x", seq_along(mean))
  )
}
steady <- target_density(function(t) 1000 * t[["x"]], function(t) 1000, names = "x")
travel <- suppressWarnings(advi(steady, "meanfield",
  iterations = 10000,
  control = advi_control(parity = "pymc")
))$mean

# Mean sd over the stationary part of a run, relative to the exact mean-field sd
stationary <- function(target, optimizer, exact, iterations) {
  set.seed(1)
  fit <- suppressWarnings(advi(target, "meanfield",
    iterations = 5000, optimizer = optimizer,
    start_sigma = exact, start = rep(0, target$dim),
    control = advi_control(stl = FALSE), draws = 100,
    callbacks = tracker(s = function(a) a$sd, every = 10)
  ))
  fit <- suppressWarnings(refine(fit, iterations))
  colMeans(tracked(fit)$s[-(1:500), , drop = FALSE]) / exact
}
conjugate <- normal_target(0, matrix(1 / 10))
pair <- normal_target(c(0, 0), matrix(c(1, .8, .8, 1), 2))
facts <- data.frame(
  fact = c(
    "travel in 10,000 steps of a steady gradient",
    "sd ratio, conjugate normal n = 10, adagrad_window", "the same, lagged = TRUE",
    "the same, adam",
    "sd, bivariate normal with correlation .8, adagrad_window"
  ),
  expected = c(3.164, 1.085, 1, 1, 0.65),
  measured = c(
    travel, stationary(conjugate, adagrad_window(), sqrt(0.1), 300000),
    stationary(conjugate, adagrad_window(lagged = TRUE), sqrt(0.1), 300000),
    stationary(conjugate, adam(), sqrt(0.1), 300000),
    mean(stationary(pair, adagrad_window(), c(.6, .6), 300000)) * 0.6
  )
)
facts$measured <- signif(facts$measured, 5)
utils::write.csv(facts, file.path(here, "toolkit-parity.csv"), row.names = FALSE)
print(facts)
