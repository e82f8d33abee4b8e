# Random effects of many sites: CPU seconds of a fit by libraries that are given, one after the
# other in turn, each in a process of its own after a small fit; beside each time its accuracy.
# 78,000 rows, s(age) everywhere, s(site, bs = "re") in means and log sds; `rho` has the correlation
# alone, with sites, of responses whose means and sds are known; `three` has three responses, whose
# expectations are by cubature.
#
#   Rscript bench/sites.R "margin 30, pair 30, rho 30, pair 100" /lib/before /lib/after
#   Rscript bench/sites.R one pair 100             one fit in this process, as the lines of above
#   Rscript bench/sites.R peers 30 /lib/after      a margin, or what of it others can do, each in a
#                                                  process of its own with ten minutes
#   Rscript bench/sites.R peer lmer 30             one of them in this process
arguments <- commandArgs(TRUE)

# Effects of sites have sds .3 in means and .1 in log sds; `rho`: .15 in Fisher's z.
simulate_sites <- function(sites, n = 78000, seed = 1) {
  set.seed(seed)
  age <- stats::runif(n, 5, 90)
  site <- factor(sample(sites, n, TRUE), seq_len(sites))
  sds <- rep(c(0.3, 0.3, 0.1, 0.1, 0.15), each = sites)
  effect <- (matrix(stats::rnorm(5 * sites), sites) * sds)[as.integer(site), ]
  x <- (age - 5) / 85
  d <- data.frame(age, site, mean = sin(3 * x) + effect[, 1], z = 0.3 + 0.8 * x)
  d$log_sd <- 0.3 * x - 0.2 + effect[, 3]
  noise <- function(rho) {
    e <- stats::rnorm(n)
    cbind(e, rho * e + sqrt(1 - rho^2) * stats::rnorm(n))
  }
  e <- noise(tanh(d$z))
  d$y1 <- d$mean + exp(d$log_sd) * e[, 1]
  d$y2 <- x^2 + effect[, 2] + exp(-0.3 * x + effect[, 4]) * e[, 2]
  e <- noise(tanh(d$z + effect[, 5]))
  d$rhobit <- 2 * (d$z + effect[, 5])
  d$e1 <- e[, 1]
  d$e2 <- e[, 2]
  third <- stats::rnorm(sites, 0, 0.3)[as.integer(site)]
  d$y3 <- x + third + 0.4 * e[, 1] + stats::rnorm(n)
  d
}

formulas <- list(
  margin = list(y1 ~ s(age) + s(site, bs = "re"), sigma ~ s(age) + s(site, bs = "re")),
  pair = list(
    cbind(y1, y2) ~ s(age) + s(site, bs = "re"), sigma ~ s(age) + s(site, bs = "re"),
    rho ~ s(age)
  ),
  three = list(
    cbind(y1, y2, y3) ~ s(age) + s(site, bs = "re"), sigma ~ s(age) + s(site, bs = "re"),
    rho ~ s(age)
  ),
  rho = list(cbind(e1, e2) ~ 0, sigma ~ 0, rho ~ s(age) + s(site, bs = "re"))
)

fit_one <- function(what, sites) {
  quiet <- function(...) {
    suppressMessages(covary::covary(formulas[[what]], ..., refresh = FALSE, seed = 1))
  }
  quiet(data = simulate_sites(5, 12000))
  d <- simulate_sites(sites)
  time <- system.time(fit <- quiet(data = d))
  # Draws of the mean of y1, or of the rhobit, at some people: error in units and in posterior sds
  some <- d[seq(1, nrow(d), length.out = 500), ]
  draws <- if (what == "rho") {
    covary::posterior_linpred(fit, newdata = some, dpar = "rho")
  } else {
    covary::posterior_linpred(fit, newdata = some, resp = "y1", dpar = "mu")
  }
  miss <- colMeans(draws) - if (what == "rho") some$rhobit else some$mean
  error <- sqrt(c(mean(miss^2), mean((miss / apply(draws, 2, stats::sd))^2)))
  info <- fit$info
  number <- function(x) if (is.null(x)) NA else signif(x, 3)
  cat(sprintf(
    "%-7s %5d sites  cpu %7.2f  elapsed %7.1f  error %6.4f (%4.2f sd)  nodes %s  %s\n",
    what, sites, sum(time[1:2]), time[[3]], error[1], error[2],
    number(info$compression$nodes),
    paste0(
      "certificate ", number(info$certificate), ", fresh shift ", number(info$fresh$shift),
      ", log evidence ", format(info$log_evidence, nsmall = 1)
    )
  ))
}

# Each takes the data and returns list(mean, log_sd) of y1 as functions of new data; fixed curves of
# age have as many coefficients as s(age). glmmTMB 1.1.5 has no random effects in dispformula, so
# sites are fixed there.
peers <- list(
  covary = function(d) {
    fit <- suppressMessages(covary::covary(formulas$margin, data = d, refresh = FALSE, seed = 1))
    predictor <- function(dpar) {
      function(new) colMeans(covary::posterior_linpred(fit, newdata = new, dpar = dpar))
    }
    list(mean = predictor("mu"), log_sd = predictor("sigma"))
  },
  gaulss = function(d) {
    fit <- mgcv::gam(
      list(y1 ~ s(age) + s(site, bs = "re"), ~ s(age) + s(site, bs = "re")),
      family = mgcv::gaulss(), data = d, method = "REML"
    )
    at <- function(new) stats::predict(fit, new, type = "response")
    list(mean = function(new) at(new)[, 1], log_sd = function(new) -log(at(new)[, 2]))
  },
  bam = function(d) {
    fit <- mgcv::bam(y1 ~ s(age) + s(site, bs = "re"), data = d, discrete = TRUE)
    list(
      mean = function(new) as.vector(stats::predict(fit, new)),
      log_sd = function(new) rep(0.5 * log(fit$sig2), nrow(new))
    )
  },
  lmer = function(d) {
    fit <- lme4::lmer(y1 ~ splines::ns(age, 9) + (1 | site), data = d)
    list(
      mean = function(new) stats::predict(fit, new),
      log_sd = function(new) rep(log(stats::sigma(fit)), nrow(new))
    )
  },
  glmmTMB = function(d) {
    fit <- glmmTMB::glmmTMB(y1 ~ splines::ns(age, 9) + (1 | site),
      dispformula = ~ splines::ns(age, 9) + site, data = d
    )
    # The same rows as were fitted: the basis of dispformula is not rebuilt at others.
    rows <- function(new) match(rownames(new), rownames(d))
    list(
      mean = function(new) stats::predict(fit)[rows(new)],
      log_sd = function(new) log(stats::predict(fit, type = "disp"))[rows(new)]
    )
  }
)

fit_peer <- function(what, sites) {
  fit <- peers[[what]]
  if (what == "covary") fit(simulate_sites(5, 12000))
  d <- simulate_sites(sites)
  time <- system.time(found <- fit(d))
  some <- d[seq(1, nrow(d), length.out = 500), ]
  rms <- function(x) sqrt(mean(x^2))
  error <- c(rms(found$mean(some) - some$mean), rms(found$log_sd(some) - some$log_sd))
  cat(sprintf(
    "%-8s %4d sites  cpu %7.2f  elapsed %7.1f  error of mean %.4f, of log sd %.4f\n",
    what, sites, sum(time[1:2]), time[[3]], error[1], error[2]
  ))
}

run <- function(words, ...) {
  script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[1])
  system2("Rscript", c(script, words), stderr = FALSE, ...)
}

if (arguments[1] == "one") {
  fit_one(arguments[2], as.integer(arguments[3]))
} else if (arguments[1] == "peer") {
  fit_peer(arguments[2], as.integer(arguments[3]))
} else if (arguments[1] == "peers") {
  Sys.setenv(R_LIBS = arguments[3])
  cat("Rscript bench/sites.R peers", arguments[2], "...\n", R.version.string, "\n")
  for (package in c("mgcv", "lme4", "glmmTMB")) {
    cat(package, format(utils::packageVersion(package)), "")
  }
  cat("\n")
  for (what in names(peers)) {
    status <- run(c("peer", what, arguments[2]), timeout = 600)
    if (status != 0) cat(sprintf("%-8s not done in ten minutes\n", what))
  }
} else {
  cat("Rscript bench/sites.R", dQuote(arguments[1], FALSE), "...\n", R.version.string, "\n")
  for (case in strsplit(arguments[1], ", *")[[1]]) {
    for (library in arguments[-1]) {
      cat(sprintf("%-17s ", basename(library)))
      Sys.setenv(R_LIBS = library)
      run(c("one", strsplit(case, " ")[[1]]))
    }
  }
}
