# Reference charts against simulated truth: calibration, adaptation to new sites against a grid,
# joint regions, harmonisation, size of the file.
#
#   Rscript validation/charts.R > validation/charts.txt
library(covary)
say <- function(...) cat(format(c(...), digits = 3), sep = "  ", fill = TRUE)

curves <- function(age) {
  list(
    mu1 = 60 + 7 * age - 0.15 * age^2, s1 = exp(1 + 0.04 * age),
    mu2 = 8 + 2 * age + sin(age / 2), s2 = exp(0.3 + 0.05 * age), rho = tanh(0.3 + 0.03 * age)
  )
}

# People of sites with effects b (shifts in sds, and log sd) of both responses.
people <- function(n, site, effects) {
  age <- runif(n, 2, 18)
  at <- curves(age)
  e <- effects[site, , drop = FALSE]
  u <- rnorm(n)
  v <- at$rho * u + sqrt(1 - at$rho^2) * rnorm(n)
  data.frame(
    age = age, site = sprintf("s%03d", site),
    y1 = at$mu1 + 4 * e[, 1] + at$s1 * exp(e[, 2]) * u,
    y2 = at$mu2 + 2 * e[, 3] + at$s2 * exp(e[, 4]) * v
  )
}

draw_effects <- function(sites) {
  cbind(
    rnorm(sites, 0, 0.3), rnorm(sites, 0, 0.1), rnorm(sites, 0, 0.3), rnorm(sites, 0, 0.1)
  )
}

set.seed(2026)
effects <- draw_effects(40)
train <- people(20000, sample(40, 20000, TRUE), effects)
fit <- covary(cbind(y1, y2) ~ s(age) + s(site, bs = "re"), sigma ~ s(age) + s(site, bs = "re"),
  rho ~ s(age),
  data = train, draws = 1000, refresh = FALSE
)
ref <- reference(fit)

cat("Calibration on 10,000 new people of the 40 sites\n")
test <- people(10000, sample(40, 10000, TRUE), effects)
all <- evaluate(ref, test)
print(all[grepl("coverage|_z|cor_w", all$measure), ], digits = 3, row.names = FALSE)
cover <- all[grepl("^coverage_0", all$measure), ]
p <- as.double(sub("coverage_", "", cover$measure))
say("coverages outside 3 se + .002:", sum(abs(cover$estimate - p) > 3 * cover$se + 0.002), "of", 18)
for (by in c("age", "site")) {
  one <- evaluate(ref, test, by = by, measures = c("mean_z", "var_z"))
  one <- one[one$n >= 100 & one$resp != "y1:y2", ]
  mean_z <- one$measure == "mean_z"
  say(
    "by", by, ": largest |mean z| sqrt(n):",
    max(abs(one$estimate) * sqrt(one$n) * mean_z), "largest |sd z - 1| sqrt(2 n):",
    max(abs(sqrt(abs(one$estimate)) - 1) * sqrt(2 * one$n) * !mean_z)
  )
}
given <- deviations(ref, test, given = ~y1)
say("correlation of conditional z with z1:", cor(
  given$z[given$resp == "y2 | y1"], given$z[given$resp == "y1"]
))

cat("\nNew sites: 200 of 25 controls, one response, tau .3 (in units of 4), tau_s .1\n")
new_effects <- draw_effects(200)
rms <- list()
seconds <- numeric()
inside <- plain <- numeric()
ratio <- NULL
tau <- vapply(c("mu:y1", "sigma:y1"), function(key) {
  tables <- ref$predictors[[key]]$tables
  Find(function(table) table$random, tables)$sd
}, 0)
z0 <- c(0, -1.645, -2.326)
for (i in seq_len(200)) {
  set.seed(5000 + i)
  d <- people(25, rep(i, 25), new_effects)
  d$site <- "new"
  seconds[i] <- system.time(one <- adapt(ref, d))[["elapsed"]]
  # A grid of 81 x 81 for the first response alone, and the adaptation to it alone.
  d1 <- d
  d1$y2 <- NA
  alone <- adapt(ref, d1)
  found <- sites(alone)[41, ]
  line <- centiles(ref, d, z = c(0, 1), resp = "y1", new_levels = "population")
  mu <- line$value[line$z == 0]
  sigma <- line$value[line$z == 1] - mu
  grid <- expand.grid(b = seq(-5, 5, length.out = 161) * tau[1], a = seq(-5, 5,
    length.out = 161
  ) * tau[2])
  log_p <- dnorm(grid$b, 0, tau[1], TRUE) + dnorm(grid$a, 0, tau[2], TRUE)
  for (j in seq_len(25)) {
    log_p <- log_p + dnorm(d$y1[j], mu[j] + grid$b, sigma[j] * exp(grid$a), TRUE)
  }
  w <- exp(log_p - max(log_p))
  w <- w / sum(w)
  mean_grid <- c(sum(w * grid$b), sum(w * grid$a))
  sd_grid <- sqrt(c(sum(w * grid$b^2), sum(w * grid$a^2)) - mean_grid^2)
  ratio <- rbind(ratio, c(found$mu_y1_sd, found$sigma_y1_sd) / sd_grid)
  # Errors of plug-in z at age 10, of people with true z0.
  at <- curves(10)
  y <- at$mu1 + 4 * new_effects[i, 1] + at$s1 * exp(new_effects[i, 2]) * z0
  base <- centiles(ref, data.frame(age = 10, site = "new"),
    z = c(0, 1), resp = "y1",
    new_levels = "population"
  )$value
  z_of <- function(b) (y - base[1] - b[1]) / (diff(base) * exp(b[2])) - z0
  rms$adapt <- rbind(rms$adapt, z_of(c(found$mu_y1, found$sigma_y1)))
  rms$grid <- rbind(rms$grid, z_of(mean_grid))
  rms$none <- rbind(rms$none, z_of(c(0, 0)))
  # Joint 95 % regions at this site, for 400 more people of one age.
  more <- people(400, rep(i, 400), new_effects)
  more$site <- "new"
  scores <- suppressWarnings(deviations(one, more, wide = TRUE))
  region <- reference_region(one, data.frame(age = 10, site = "new"), level = 0.95)
  inside[i] <- mean(scores$distance <= region$radius[1])
  plain[i] <- mean(scores$centile_joint <= 0.95)
}
root <- function(v) sqrt(colMeans(v^2))
say("rms error of z at 0, -1.645, -2.326, adapted:", root(rms$adapt))
say("                                     grid:", root(rms$grid))
say("                               unadapted:", root(rms$none))
say("ratio adapted / grid:", root(rms$adapt) / root(rms$grid))
say("sds of effects over those of the grid, least and most:", range(ratio))
say("seconds a site (pair), median and most:", median(seconds), max(seconds))
say("joint 95 % region, 25 controls: predictive, plug-in coverage:", mean(inside), mean(plain))

cat("\nUnseen sites, predictive: 200 sites of 20 people\n")
unseen <- people(4000, rep(1:200, each = 20), new_effects)
unseen$site <- paste0("n", unseen$site)
z <- deviations(ref, unseen, new_levels = "predictive")
say("variance of z:", var(z$z[z$resp == "y1"]), var(z$z[z$resp == "y2"]))

cat("\nHarmonised: share of variance that sites explain of z, log |z|, less chance\n")
moved <- harmonise(ref, train)
z <- deviations(ref, moved, exclude = "s(site)", resp = "y1")$z
explained <- function(v) summary(lm(v ~ train$site))$r.squared - 39 / 20000
say(explained(z), explained(log(abs(z))))
slope <- function(d) coef(lm(y1 ~ poly(age, 2), d))[2]
say("age effect before and after:", slope(train), slope(moved))

cat("\nFile of one pair with 40 sites\n")
file <- tempfile(fileext = ".json")
write_reference(ref, file)
say("kB:", file.size(file) / 1000)
back <- read_reference(file)
say("largest difference of z:", max(abs(deviations(back, test)$z - deviations(fit, test)$z),
  na.rm = TRUE
))
say("read and score 1,000 people, seconds:", system.time(
  deviations(read_reference(file), test[1:1000, ])
)[["elapsed"]])
say("table error of z:", ref$table_error)
