# Reference charts against simulated truth: calibration, adaptation to new sites against a grid,
# joint regions, harmonisation, time and size.
#
#   Rscript bench/charts.R [part ...] > bench/results/charts.txt
#
# Parts: calibration, sites, joint, harmonise, size; all by default.
#
# Seconds are of CPU: other work may share the machine.
library(covary)
say <- function(what, ...) cat(what, format(c(...), digits = 3), "\n")
cpu <- function(expr) sum(system.time(expr)[1:2])
parts <- commandArgs(TRUE)
asked <- function(part) length(parts) == 0 || part %in% parts
root <- function(v) sqrt(colMeans(v^2))

# Two responses, y1 and y2, of ages 2 to 18; effects of a site: shifts and log sds of both.
curves <- function(age) {
  list(
    mu1 = 60 + 7 * age - 0.15 * age^2, s1 = exp(1 + 0.04 * age),
    mu2 = 8 + 2 * age + sin(age / 2), s2 = exp(0.3 + 0.05 * age), rho = tanh(0.3 + 0.03 * age)
  )
}

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
  cbind(rnorm(sites, 0, 0.3), rnorm(sites, 0, 0.1), rnorm(sites, 0, 0.3), rnorm(sites, 0, 0.1))
}

fit_pair <- function(train, draws = 500) {
  covary(cbind(y1, y2) ~ s(age) + s(site, bs = "re"), sigma ~ s(age) + s(site, bs = "re"),
    rho ~ s(age),
    data = train, draws = draws, refresh = FALSE
  )
}

calibration <- function() {
  cat("Calibration: 20 seeds, 20,000 people of 40 sites, 10,000 new people of the same sites\n")
  # mean z of a site has two errors: of the people scored, and of its effect, which the chart knows
  # from its own people: |mean z| is measured by sqrt(1 / n + 1 / n of the site in the chart) too.
  found <- lapply(1:20, function(seed) {
    set.seed(seed)
    effects <- draw_effects(40)
    train <- people(20000, sample(40, 20000, TRUE), effects)
    test <- people(10000, sample(40, 10000, TRUE), effects)
    ref <- reference(fit_pair(train))
    all <- evaluate(ref, test)
    cover <- all[grepl("^coverage_0", all$measure), ]
    p <- as.double(sub("coverage_", "", cover$measure))
    overall <- function(measure) all$estimate[all$measure == measure]
    given <- deviations(ref, test, given = ~y1)
    by <- function(name) {
      out <- evaluate(ref, test, by = name, measures = c("mean_z", "var_z"))
      out <- out[out$resp != "y1:y2" & out$n >= 100, ]
      chart <- if (name == "site") table(train$site)[out$site] else nrow(train) / 10
      out$error <- ifelse(out$measure == "mean_z", 1, 0.5) * (1 / out$n + 1 / as.vector(chart))
      off <- ifelse(out$measure == "mean_z", out$estimate, sqrt(abs(out$estimate)) - 1)
      alone <- ifelse(out$measure == "mean_z", 1, 0.5) / out$n
      data.frame(measure = out$measure, alone = off / sqrt(alone), both = off / sqrt(out$error))
    }
    list(
      cover = sum(abs(cover$estimate - p) > 3 * cover$se + 0.002),
      mean = overall("mean_z"), sd = sqrt(overall("var_z")) - 1, joint = overall("coverage_joint"),
      cor = cor(given$z[given$resp == "y2 | y1"], given$z[given$resp == "y1"]),
      age = by("age"), site = by("site")
    )
  })
  pick <- function(name) unlist(lapply(found, `[[`, name))
  spread <- function(name) c(sqrt(mean(pick(name)^2)), max(abs(pick(name))))
  say("coverages outside 3 se + .002, of 360:", sum(pick("cover")))
  chance <- sqrt(1 / 10000 + 1 / 20000)
  say("overall mean z, rms and largest of 40; sd by chance:", spread("mean"), chance)
  say("overall sd z - 1, the same:", spread("sd"), chance / sqrt(2))
  say("joint 95 % region holds:", range(pick("joint")))
  say("correlation of conditional z with z1, the same of 20:", spread("cor"), chance)
  for (name in c("age", "site")) {
    d <- do.call(rbind, lapply(found, `[[`, name))
    for (measure in unique(d$measure)) {
      one <- d[d$measure == measure, ]
      say(
        paste0(name, ", ", measure, ": sd, largest, share above 3.5 by test people alone:"),
        stats::sd(one$alone), max(abs(one$alone)), mean(abs(one$alone) > 3.5)
      )
      both <- abs(one$both)
      say("    with the chart's own people:", stats::sd(one$both), max(both), mean(both > 3.5))
    }
  }
}

# The chart of all other parts, and effects of 200 new sites
set.seed(2026)
effects <- draw_effects(40)
train <- people(20000, sample(40, 20000, TRUE), effects)
fit <- fit_pair(train, 1000)
ref <- reference(fit)
new_effects <- draw_effects(200)

sites_against_grid <- function() {
  cat("\nNew sites: 200 of y1 alone, effects of sd .3 (by 4), .1; rms error of plug-in z\n")
  tau <- vapply(c("mu:y1", "sigma:y1"), function(key) {
    Find(function(table) table$random, ref$predictors[[key]]$tables)$sd
  }, 0)
  z0 <- c(0, -1.645, -2.326)
  line_at <- function(d) {
    at <- centiles(ref, d, z = c(0, 1), resp = "y1", new_levels = "population")$value
    n <- nrow(d)
    list(mu = at[seq_len(n)], sd = at[n + seq_len(n)] - at[seq_len(n)])
  }
  grid <- expand.grid(
    b = seq(-5, 5, length.out = 81) * tau[1], a = seq(-5, 5, length.out = 81) * tau[2]
  )
  grid_posterior <- function(d) {
    at <- line_at(d)
    log_p <- dnorm(grid$b, 0, tau[1], TRUE) + dnorm(grid$a, 0, tau[2], TRUE)
    for (j in seq_len(nrow(d))) {
      log_p <- log_p + dnorm(d$y1[j], at$mu[j] + grid$b, at$sd[j] * exp(grid$a), TRUE)
    }
    w <- exp(log_p - max(log_p))
    w <- w / sum(w)
    mean <- c(sum(w * grid$b), sum(w * grid$a))
    list(mean = mean, sd = sqrt(c(sum(w * grid$b^2), sum(w * grid$a^2)) - mean^2))
  }
  base <- line_at(data.frame(age = 10, site = "new"))
  for (controls in c(10, 25, 50, 100)) {
    rms <- list()
    ratio <- seconds <- NULL
    for (i in seq_len(200)) {
      set.seed(5000 + i)
      d <- people(controls, rep(i, controls), new_effects)
      d$site <- "new"
      d$y2 <- NA
      seconds[i] <- cpu(adapted <- adapt(ref, d))
      site <- sites(adapted)[41, ]
      by_grid <- grid_posterior(d)
      ratio <- rbind(ratio, c(site$mu_y1_sd, site$sigma_y1_sd) / by_grid$sd)
      at <- curves(10)
      y <- at$mu1 + 4 * new_effects[i, 1] + at$s1 * exp(new_effects[i, 2]) * z0
      error <- function(b) (y - base$mu - b[1]) / (base$sd * exp(b[2])) - z0
      rms$adapted <- rbind(rms$adapted, error(c(site$mu_y1, site$sigma_y1)))
      rms$grid <- rbind(rms$grid, error(by_grid$mean))
      rms$none <- rbind(rms$none, error(c(0, 0)))
    }
    say(paste(controls, "controls, z 0, -1.645, -2.326, adapted:"), root(rms$adapted))
    say("    grid:", root(rms$grid))
    say("    not adapted:", root(rms$none))
    say("    ratio; sds over those of the grid:", root(rms$adapted) / root(rms$grid), range(ratio))
    say("    seconds a site, median:", median(seconds))
  }
}

joint <- function() {
  cat("\nBoth responses: 200 sites of 25 controls, 400 more people of each\n")
  held <- vapply(seq_len(200), function(i) {
    set.seed(7000 + i)
    d <- people(25, rep(i, 25), new_effects)
    d$site <- "new"
    seconds <- cpu(one <- adapt(ref, d))
    more <- people(400, rep(i, 400), new_effects)
    more$site <- "new"
    distance <- suppressWarnings(deviations(one, more, wide = TRUE))$distance
    radius <- reference_region(one, data.frame(age = 10, site = "new"), level = 0.95)$radius[1]
    c(seconds, mean(distance <= radius), mean(distance^2 <= qchisq(0.95, 2)))
  }, numeric(3))
  say("joint 95 % region holds, predictive and plug-in:", rowMeans(held)[2:3])
  say("seconds a site, median:", median(held[1, ]))
  unseen <- people(4000, rep(1:200, each = 20), new_effects)
  unseen$site <- paste0("n", unseen$site)
  z <- deviations(ref, unseen, new_levels = "predictive")
  of <- function(resp) var(z$z[z$resp == resp])
  say("variance of predictive z at unseen sites:", of("y1"), of("y2"))
}

harmonised <- function() {
  cat("\nHarmonised to no site, with sex in data and chart: 20,000 people of 40 sites\n")
  # Shares of variance that sites explain, less chance (39 / 20000), on the rows of the chart.
  # Effects of age and sex by regression: before, beside the sites themselves, and without them.
  set.seed(31)
  both <- people(20000, sample(40, 20000, TRUE), effects)
  both$sex <- sample(c("F", "M"), 20000, TRUE)
  both[c("y1", "y2")] <- both[c("y1", "y2")] + outer(both$sex == "M", c(3, -1))
  sexed <- reference(covary(
    cbind(y1, y2) ~ sex + s(age) + s(site, bs = "re"), sigma ~ s(age) + s(site, bs = "re"),
    rho ~ s(age) + s(site, bs = "re"),
    data = both, draws = 500, refresh = FALSE
  ))
  moved <- harmonise(sexed, both)
  explained <- function(v) summary(lm(v ~ both$site))$r.squared - 39 / 20000
  z_moved <- deviations(sexed, moved, exclude = "s(site)")
  for (resp in c("y1", "y2")) {
    z <- z_moved$z[z_moved$resp == resp]
    say(paste0(resp, ": sites explain of z, of log |z|:"), explained(z), explained(log(abs(z))))
    effect <- function(d, terms = c("poly(age, 2)", "sex")) {
      coef(lm(reformulate(terms, resp), d))[c("poly(age, 2)1", "sexM")]
    }
    say(
      "    age and sex effect after, over before beside sites:",
      effect(moved) / effect(both, c("poly(age, 2)", "sex", "site"))
    )
    say("    over before without sites:", effect(moved) / effect(both))
  }
  pairs <- split(z_moved$z[z_moved$resp %in% c("y1", "y2")], rep(both$site, 2))
  by_site <- vapply(pairs, function(z) cor(matrix(z, ncol = 2))[2], 0)
  chance <- sqrt(mean((1 - mean(by_site)^2)^2 / as.vector(table(both$site))))
  say("correlation of z by site: mean, sd, by chance:", mean(by_site), stats::sd(by_site), chance)
  there <- both[both$site == "s001", ]
  say(
    "largest change where people move to their own site:",
    max(abs(as.matrix(harmonise(sexed, there, to = "s001")[c("y1", "y2")] - there[c("y1", "y2")])))
  )
  away <- harmonise(sexed, there, to = "s002")
  back <- harmonise(sexed, replace(away, "site", "s002"), to = "s001")
  say("and to another and back:", max(abs(as.matrix(back[c("y1", "y2")] - there[c("y1", "y2")]))))
}

size <- function() {
  cat("\nTime and size\n")
  many <- people(500000, sample(40, 500000, TRUE), effects)
  least <- function(f) min(vapply(1:3, function(i) cpu(f()), 0))
  say(
    "million person-features a second, whole call with joint rows:",
    1 / least(function() deviations(ref, many))
  )
  inside <- function(name) getFromNamespace(name, "covary")
  at <- inside("read_people")(ref, many)
  say(
    "    kernel (five predictors of two responses):",
    1 / least(function() inside("predictors_at")(ref, at))
  )
  write_reference(ref, file <- tempfile(fileext = ".json"))
  say("file of a pair with 40 sites, kB:", file.size(file) / 1000)
  back <- read_reference(file)
  say("largest difference of z, fit and file:", max(abs(
    deviations(back, train)$z - deviations(fit, train)$z
  ), na.rm = TRUE))
  read_and_score <- function() deviations(read_reference(file), train[1:1000, ])
  say("read and score 1,000 people, seconds:", cpu(read_and_score()))
  say("table error of z:", ref$table_error)
}

every <- list(calibration, sites_against_grid, joint, harmonised, size)
names(every) <- c("calibration", "sites", "joint", "harmonise", "size")
for (part in names(every)) if (asked(part)) every[[part]]()
