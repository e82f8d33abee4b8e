# Margins: is the posterior of an estimated power calibrated, does it agree with NUTS on the rows,
# and how do accuracy and time compare with gamlss (BCCGo with constant nu)?
#
#   Rscript bench/margins.R [part ...]      parts: calibration, nuts, dbbmi, fdgs; all by default
#
# Libraries are those of R_LIBS; parts whose packages (gamlss, gamlss.data, mice) are absent are
# left out, which is said.

suppressPackageStartupMessages(library(covary))
asked <- commandArgs(TRUE)
if (length(asked) == 0) asked <- c("calibration", "nuts", "dbbmi", "fdgs")
power <- covary::power

say <- function(...) cat(sprintf(...), "\n", sep = "")

has <- function(...) {
  absent <- Filter(function(p) !requireNamespace(p, quietly = TRUE), c(...))
  if (length(absent)) say("left out: no package %s", paste(absent, collapse = ", "))
  length(absent) == 0
}

# ---- calibration: bias and coverage of the power over simulated data --------------------------

simulate_power <- function(n, lambda) {
  x <- stats::runif(n)
  sd <- exp(-0.8 + 0.5 * x)
  z <- 3 + x + sd * stats::rnorm(n)
  data.frame(x = x, y = if (lambda == 0) exp(z) else (1 + lambda * z)^(1 / lambda))
}

calibration <- function(sets = 100, n = 150) {
  set.seed(20261128)
  for (lambda in c(0, 0.5)) {
    out <- replicate(sets, {
      d <- simulate_power(n, lambda)
      fit <- covary(y ~ x, sigma ~ x, data = d, margin = list(y = power()), draws = 1000)
      drawn <- as.matrix(fit)[, "lambda"]
      c(mean(drawn), stats::sd(drawn), stats::quantile(drawn, c(0.05, 0.95)))
    })
    inside <- mean(out[3, ] <= lambda & lambda <= out[4, ])
    say(
      paste(
        "lambda %5.2f, %d sets of %d rows: bias %6.3f (se %.3f), posterior sd %.3f,",
        "sd of means %.3f, 90 %% interval holds %.3f (se %.3f)"
      ),
      lambda, sets, n, mean(out[1, ]) - lambda, stats::sd(out[1, ]) / sqrt(sets), mean(out[2, ]),
      stats::sd(out[1, ]), inside, sqrt(0.09 / sets)
    )
  }
}

# ---- nuts: the power as a parameter beside the coefficients, on rows ---------------------------

# The density of all rows with flat priors, the transformation as ?margins has it.
row_target <- function(d, centre, start) {
  x <- cbind(1, d$x)
  u <- log(d$y / centre)
  at <- function(theta) {
    l <- theta[5]
    log_sd <- drop(x %*% theta[3:4])
    mean <- drop(x %*% theta[1:2])
    z <- centre + centre * expm1(l * u) / l
    list(l = l, log_sd = log_sd, residual = (z - mean) / exp(log_sd))
  }
  log_density <- function(theta) {
    p <- at(theta)
    sum(stats::dnorm(p$residual, log = TRUE) - p$log_sd + (p$l - 1) * u)
  }
  gradient <- function(theta) {
    p <- at(theta)
    score <- p$residual / exp(p$log_sd)
    slope <- centre * (p$l * u * exp(p$l * u) - expm1(p$l * u)) / p$l^2
    c(drop(crossprod(x, score)), drop(crossprod(x, p$residual^2 - 1)), sum(u - score * slope))
  }
  target_density(log_density, gradient,
    names = c("b_Intercept", "b_x", "b_sigma_Intercept", "b_sigma_x", "lambda"), start = start
  )
}

nuts_comparison <- function(n = 200) {
  set.seed(7)
  d <- simulate_power(n, 0.5)
  fit <- covary(y ~ x, sigma ~ x, data = d, margin = list(y = power()), seed = 1)
  start <- unname(c(coef(fit), mean(as.matrix(fit)[, "lambda"])))
  target <- row_target(d, fit$margins$y$centre, start)
  set.seed(2)
  chains <- nuts(target, chains = 4, warmup = 500, iterations = 2000, refresh = FALSE)
  exact <- as.matrix(posterior::as_draws_matrix(chains))
  ours <- as.matrix(fit)[, colnames(exact)]
  say("NUTS on %d rows, %d draws, against the mixture over nodes of the power:", n, nrow(exact))
  for (name in setdiff(colnames(exact), "lp__")) {
    sd <- stats::sd(exact[, name])
    say(
      "  %-18s mean off by %6.3f posterior sds, sd ratio %.3f, 5 and 95 %% off by %6.3f %6.3f sds",
      name, (mean(ours[, name]) - mean(exact[, name])) / sd, stats::sd(ours[, name]) / sd,
      (stats::quantile(ours[, name], 0.05) - stats::quantile(exact[, name], 0.05)) / sd,
      (stats::quantile(ours[, name], 0.95) - stats::quantile(exact[, name], 0.95)) / sd
    )
  }
  say(
    "  correlation of lambda with b_x: %.3f, NUTS %.3f",
    stats::cor(ours[, "lambda"], ours[, "b_x"]), stats::cor(exact[, "lambda"], exact[, "b_x"])
  )
}

# ---- against gamlss, three folds ---------------------------------------------------------------

centiles_measured <- c(0.004, 0.02, 0.09, 0.25, 0.5, 0.75, 0.91, 0.98, 0.996)

seconds <- function(code) {
  time <- system.time(code)
  c(cpu = sum(time[1:2]), elapsed = time[[3]])
}

# y against root age: covary at a given power and with it estimated, and gamlss. Bases are as large
# as those of pb() in gamlss: with ten columns for sigma the log score of dbbmi is .0007 less.
against_gamlss <- function(d, name, given) {
  # What a session does once, such as loading, is in no time.
  few <- d[seq(1, nrow(d), length.out = 500), ]
  covary(y ~ s(a), sigma ~ s(a), data = few, margin = list(y = power()), draws = 500)
  gamlss_fold(few, few, 0)
  set.seed(1)
  fold <- sample(rep_len(1:3, nrow(d)))
  rows <- held <- list()
  for (k in 1:3) {
    train <- d[fold != k, ]
    test <- d[fold == k, ]
    folds <- list(
      given = covary_fold(train, test, k, power(given)),
      estimated = covary_fold(train, test, k, power()), gamlss = gamlss_fold(train, test, k)
    )
    for (way in names(folds)) {
      rows <- c(rows, list(cbind(way = way, folds[[way]]$row)))
      held[[way]] <- c(held[[way]], folds[[way]]$u)
    }
  }
  out <- do.call(rbind, rows)
  say("%s, %d rows, three folds (log score in nats a row, held out):", name, nrow(d))
  total <- do.call(rbind, lapply(split(out, out$way), function(v) {
    data.frame(
      way = v$way[1], log_score = sum(v$log_score * v$n) / sum(v$n), mace = mean(v$mace),
      mace_pooled = mace(held[[v$way[1]]]), cpu = sum(v$cpu), elapsed = sum(v$elapsed),
      power = mean(v$power)
    )
  }))
  print(out, digits = 5, row.names = FALSE)
  print(total, digits = 6, row.names = FALSE)
  perfect <- function(n) {
    mean(sqrt(2 / pi * centiles_measured * (1 - centiles_measured) / n))
  }
  say(
    "MACE of a perfect model on as many people, by chance: %.4f a fold, %.4f pooled",
    perfect(nrow(d) / 3), perfect(nrow(d))
  )
  ratio <- total["gamlss", "cpu"] / total[c("given", "estimated"), "cpu"]
  say(
    "gamlss took %.0f times the CPU of a given power, %.0f of an estimated one", ratio[1], ratio[2]
  )
}

# u: the centiles that held-out people are at
mace <- function(u) {
  mean(abs(vapply(centiles_measured, function(c) mean(u <= c), 0) - centiles_measured))
}

covary_fold <- function(train, test, k, power) {
  fit <- NULL
  time <- seconds(fit <- covary(
    y ~ s(a, k = 20), sigma ~ s(a, k = 20),
    data = train, margin = list(y = power)
  ))
  u <- deviations(fit, test)$centile
  list(u = u, row = data.frame(
    fold = k, n = nrow(test), log_score = evaluate(fit, test, measures = "log_score")$estimate[1],
    mace = mace(u), cpu = time[["cpu"]], elapsed = time[["elapsed"]],
    power = fit$margins$y$value[["lambda"]]
  ))
}

gamlss_fold <- function(train, test, k) {
  # gamlss looks for its data in the global environment
  assign("train_rows", train, globalenv())
  fit <- NULL
  control <- gamlss::gamlss.control(trace = FALSE, n.cyc = 100)
  time <- seconds(fit <- suppressWarnings(gamlss::gamlss(y ~ pb(a),
    sigma.formula = ~ pb(a), nu.formula = ~1, family = gamlss.dist::BCCGo, data = train_rows,
    control = control
  )))
  p <- NULL
  utils::capture.output(p <- gamlss::predictAll(fit, newdata = test, data = train_rows))
  l <- gamlss.dist::dBCCGo(test$y, p$mu, p$sigma, p$nu, log = TRUE)
  u <- gamlss.dist::pBCCGo(test$y, p$mu, p$sigma, p$nu)
  list(u = u, row = data.frame(
    fold = k, n = nrow(test), log_score = mean(l), mace = mace(u), cpu = time[["cpu"]],
    elapsed = time[["elapsed"]], power = p$nu[1]
  ))
}

dbbmi <- function() {
  d <- gamlss.data::dbbmi
  against_gamlss(data.frame(y = d$bmi, a = sqrt(d$age)), "dbbmi (gamlss.data)", -1.5)
}

fdgs <- function() {
  d <- stats::na.omit(mice::fdgs[mice::fdgs$sex == "boy", c("age", "wgt")])
  against_gamlss(data.frame(y = d$wgt, a = sqrt(d$age)), "weight of boys (mice::fdgs)", -0.5)
}

if ("calibration" %in% asked) calibration()
if ("nuts" %in% asked) nuts_comparison()
peers <- intersect(c("dbbmi", "fdgs"), asked)
if (length(peers) && has("gamlss", "gamlss.data", "mice")) {
  suppressPackageStartupMessages(library(gamlss))
  for (part in peers) get(part)()
}
