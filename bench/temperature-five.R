# Temperature at Innsbruck airport at five lead times (TempIbk of 'bamlss', GPL-2 | GPL-3, from
# CRAN): fits of 2015 to 2018 score the days of 2019. Mean negative log score of the joint density
# of the five temperatures, and paired differences day by day with their standard errors.
#
#   R_LIBS=... Rscript bench/temperature-five.R > bench/results/temperature-five.txt
#
# Published, on the same split: additive modified Cholesky models (SCM) 11.40, 'bamlss' with
# 'mvnchol' (not on CRAN) 11.46, constant covariance 11.62.

library(covary)
utils::data("TempIbk", package = "bamlss")
lead <- seq(192, 216, by = 6)
y <- paste0("obs_", lead)
set.seed(1)
train <- TempIbk[format(TempIbk$init, "%Y") < "2019", ]
test <- TempIbk[format(TempIbk$init, "%Y") == "2019", ]
cat(nrow(train), "days to learn from,", nrow(test), "days to score\n")

formulas <- function(responses, lead) {
  text <- c(
    sprintf("cbind(%s) ~ 1", paste(responses, collapse = ", ")),
    sprintf("%s ~ s(yday, bs = 'cc') + s(yday, bs = 'cc', by = mean_ens_%s)", responses, lead),
    sprintf(
      "sigma(%s) ~ s(yday, bs = 'cc') + s(yday, bs = 'cc', by = logsd_ens_%s)", responses, lead
    ),
    "rho ~ s(yday, bs = 'cc')"
  )
  lapply(text, as.formula)
}

# Minus log of the mean over draws of the density of each day.
scores <- function(fit, newdata) {
  density <- log_lik(fit, newdata)
  largest <- apply(density, 2, max)
  -(largest + log(colMeans(exp(density - rep(largest, each = nrow(density))))))
}

report <- function(label, score, seconds, against = NULL) {
  difference <- if (!is.null(against)) score - against
  cat(sprintf("%-34s %8.3f %8.1f s", label, mean(score), seconds))
  if (!is.null(against)) {
    cat(sprintf("  %+.3f (%.3f)", mean(difference), sd(difference) / sqrt(length(difference))))
  }
  cat("\n")
}

cat("\nmodel                              score     time    minus ours (standard error)\n")
fit_time <- function(expr) system.time(expr)[["elapsed"]]

ours_time <- fit_time(fit <- covary(formulas(y, lead), data = train))
ours <- scores(fit, test)
report("covary, partial correlations", ours, ours_time)
cat("  converged:", fit$info$converged, " note:", fit$info$note, "\n")

static_time <- fit_time({
  gams <- Map(function(response, lead) {
    mgcv::gam(as.formula(sprintf(
      "%s ~ s(yday, bs = 'cc') + s(yday, bs = 'cc', by = mean_ens_%s)", response, lead
    )), data = train, method = "REML")
  }, y, lead)
  covariance <- cov(vapply(gams, residuals, numeric(nrow(train))))
})
residual <- as.matrix(test[y]) - vapply(gams, predict, numeric(nrow(test)), test)
static <- -mvtnorm::dmvnorm(residual, sigma = covariance, log = TRUE)
report("same means, constant covariance", static, static_time, ours)

constant_time <- fit_time(constant <- covary(formulas(y, lead)[-12], data = train))
report("covary, constant rho", scores(constant, test), constant_time, ours)

reversed_time <- fit_time(reversed <- covary(formulas(rev(y), rev(lead)), data = train))
report("covary, order reversed", scores(reversed, test), reversed_time, ours)

regression_time <- fit_time(regression <- tryCatch(
  covary(formulas(y, lead),
    data = train, control = covary_control(correlation = "regression")
  ),
  covary_error_argument = function(e) NULL
))
if (!is.null(regression)) {
  report("covary, regressions", scores(regression, test), regression_time, ours)
}

if (nzchar(Sys.getenv("COVARY_BENCH_BAMLSS"))) {
  suppressMessages(library(bamlss))
  f <- c(
    sprintf("%s ~ s(yday, bs = 'cc') + s(yday, bs = 'cc', by = mean_ens_%s)", y, lead),
    sprintf("sigma%s ~ s(yday, bs = 'cc') + s(yday, bs = 'cc', by = logsd_ens_%s)", 1:5, lead),
    sprintf("rho%s ~ s(yday, bs = 'cc')", apply(combn(1:5, 2), 2, paste, collapse = ""))
  )
  bamlss_time <- fit_time(b <- bamlss::bamlss(lapply(f, as.formula),
    family = bamlss::mvnorm_bamlss(k = 5), data = train, sampler = FALSE, verbose = FALSE
  ))
  par <- predict(b, newdata = test, type = "parameter")
  density <- family(b)$d(as.matrix(test[y]), par, log = TRUE)
  report("bamlss mvnorm, posterior mode", -density, bamlss_time, ours)
}
